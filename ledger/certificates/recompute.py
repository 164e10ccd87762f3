"""Level 3: a certificate's numbers computed again from the ledger's first `size` entries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from ledger.certificates.composition import View, compose
from ledger.certificates.recorded import (
    attachments_of,
    certificates_of,
    find_policy,
    policy_shown,
)
from ledger.certificates.sections import (
    SHAPE_ERRORS,
    Reconciling,
    built_in_sections,
    covering,
)
from ledger.certificates.statement import Statement
from ledger.certificates.subjects import view_of
from ledger.errors import (
    ForkError,
    InputError,
    RefusedError,
    RootMismatchError,
    VerificationError,
    printable,
)
from ledger.log.log import Log
from ledger.log.verify import verify_log
from ledger.provenance.asof import tables_as_of

if TYPE_CHECKING:
    from ledger.certificates.selected import Selected

__all__ = ["Recomputed", "first_difference", "recompute"]


@dataclass(frozen=True)
class Recomputed:
    """`superseded_by`: newer certificates of the same dataset or manifest.

    `reached` is False where the vault withholds the policy, or what a manifest selects.
    """

    reached: bool
    superseded_by: tuple[int, ...]
    notes: tuple[str, ...]


def recompute(log: Log, statement: Statement, index: int, entry: bytes, where: str) -> Recomputed:
    """Compare a statement, recorded at `index`, with the ledger. Raises VerificationError.

    The ledger is verified whole before its numbers are believed.
    """
    verify_log(log)
    log.database.begin_read(log.connection)
    try:
        _check_log(log, statement, index, entry, where)
        same = statement.subject if statement.manifest is None else statement.manifest
        newer = tuple(i for i in certificates_of(log, same) if i > index)
        notes = _check_keys(log, statement)
        policy = find_policy(log, statement.policy["digest"])
        if policy is None:
            notes.append("the policy's text is withheld, so the numbers were not computed again")
            return Recomputed(False, newer, tuple(notes))
        cutoff = date.fromisoformat(statement.policy["cutoff"])
        shown = policy_shown(policy, cutoff)
        _compare(statement.policy, shown, "policy", where, "the policy of that digest says")
        if policy.sentence(cutoff) not in (None, *statement.limits):
            raise VerificationError(
                f"{where}: limits lack the sentence that {policy.reference} demands: "
                f"{policy.sentence(cutoff)}"
            )
        with tables_as_of(log, statement.head.size) as tables:
            try:
                view = view_of(
                    log,
                    tables,
                    statement.head.size,
                    statement.subject,
                    policy,
                    cutoff,
                    attachments_of(log),
                    manifest=statement.manifest,
                )
            except RefusedError as error:
                notes.append(f"the numbers were not computed again: {error}")
                return Recomputed(False, newer, tuple(notes))
            except InputError as error:
                raise VerificationError(f"{where}: {error}") from error
            notes.extend(_check_numbers(view, statement, where))
            drawn = view.selected
    finally:
        log.database.rollback(log.connection)
    if drawn is not None:
        notes.append(_drawn_again(log, drawn))
    return Recomputed(True, newer, tuple(notes))


def _drawn_again(log: Log, held: "Selected") -> str:
    """Whether the ledger chooses the manifest's rows again. Raises VerificationError."""
    from ledger.manifests.building.recompute import recompute as choose_again

    if held.strata is None:
        return "the manifest's rows were not chosen again: its list of strata is withheld"
    unasked = choose_again(log, held.statement, held.strata)
    if unasked is not None:
        return f"the manifest's rows were not chosen again: {unasked}"
    return "the ledger chooses the manifest's rows again, and they are the same"


def _check_log(log: Log, statement: Statement, index: int, entry: bytes, where: str) -> None:
    head = statement.head
    if log.size <= index:
        raise VerificationError(
            f"{log.location}: {log.size} entries, the certificate is entry {index}",
            hint="this is an older copy of the ledger",
        )
    if log.store.root_at(log.store.load(), head.size) != head.root:
        raise ForkError(
            f"{where}: the first {head.size} entries of {printable(log.location)} are not those "
            "it was issued over"
        )
    if log.entry_bytes(index) != entry:
        raise ForkError(f"{printable(log.location)}: entry {index} is not the one in entry.json")


def _check_keys(log: Log, statement: Statement) -> list[str]:
    known = set(log.log_vkeys("statement"))
    return [
        f"the ledger names no statement key {printable(vkey)}"
        for vkey in statement.statement_vkeys
        if vkey not in known
    ]


def _check_numbers(view: View, statement: Statement, where: str) -> list[str]:
    sections = covering(built_in_sections(), view.kind)
    ours = {section.name for section in sections}
    if view.dataset != statement.subject:
        raise VerificationError(
            f"{where}: of {printable(statement.shown)}, its manifest's statement is of "
            f"{printable(view.dataset)}"
        )
    asked = [section for section in sections if section.name in statement.composition]
    if view.root != statement.content_root:
        raise RootMismatchError(
            f"{where}: content root {statement.content_root.hex()}, the ledger's first "
            f"{statement.head.size} entries give {view.root.hex()}"
        )
    expected = compose(view, asked)
    told = f"the ledger's first {statement.head.size} entries give"
    notes: list[str] = []
    for section in asked:
        name, path = section.name, f"composition.{section.name}"
        found: Mapping[str, Any] = statement.composition[name]
        computed: Mapping[str, Any] = expected[name]
        if isinstance(section, Reconciling):
            try:
                found, computed, left_out = section.reconcile(found, computed)
            except SHAPE_ERRORS as error:
                raise VerificationError(
                    f"{where}: {path} has not its section's shape: {printable(error)}"
                ) from error
            notes += left_out
        _compare(found, computed, path, where, told)
    foreign = sorted(set(statement.composition) - ours)
    return [
        *notes,
        *(f"section {printable(name)} is not ours and was not computed again" for name in foreign),
    ]


def _compare(found: Any, expected: Any, path: str, where: str, told: str) -> None:
    difference = first_difference(found, expected, path)
    if difference is not None:
        at, one, other = difference
        raise VerificationError(
            f"{where}: {printable(at)} is {_shown(one)}, {told} {_shown(other)}"
        )


def _shown(value: Any) -> str:
    return "absent" if value is _ABSENT else printable(repr(value), 80)


_ABSENT = object()


def first_difference(found: Any, expected: Any, path: str) -> tuple[str, Any, Any] | None:
    """(path, found, expected) of the first place where two JSON values differ, or None."""
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for name in sorted({*found, *expected}):
            pair = found.get(name, _ABSENT), expected.get(name, _ABSENT)
            inner = first_difference(*pair, f"{path}.{name}")
            if inner is not None:
                return inner
        return None
    if isinstance(found, list) and isinstance(expected, list):
        for number in range(max(len(found), len(expected))):
            one = found[number] if number < len(found) else _ABSENT
            other = expected[number] if number < len(expected) else _ABSENT
            inner = first_difference(one, other, f"{path}[{number}]")
            if inner is not None:
                return inner
        return None
    same = type(found) is type(expected) and found == expected
    return None if same else (path, found, expected)
