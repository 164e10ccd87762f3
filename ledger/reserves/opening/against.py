"""Level 3: a reserve compared with the ledger it was sealed from.

The choice is made again as of the entries the statement names: who is in, by which evidence, and
how many were left out for which reason. What a guard matched is taken from the seal, because that
takes the texts of both sides; the rest has to be the same to the byte.
"""

from typing import TYPE_CHECKING

import numpy as np

from ledger.errors import ForkError, UnknownNameError, VerificationError, printable
from ledger.log.canonical import Entry, encode, parse_digest
from ledger.log.record import live
from ledger.log.runs import keys_of
from ledger.log.verify import verify_log
from ledger.provenance.asof import tables_as_of
from ledger.reserves.opening.members import Members
from ledger.reserves.opening.recheck import Content
from ledger.reserves.opening.recorded import Recorded
from ledger.reserves.opening.report import Against
from ledger.reserves.sealed import reserves
from ledger.reserves.sealing.content import contamination_of
from ledger.reserves.selection.digests import positions
from ledger.reserves.selection.rule import Rule
from ledger.reserves.selection.select import Selection, select
from ledger.reserves.selection.state import State
from ledger.reserves.statement import Statement

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["compare"]


def compare(log: "Log", recorded: Recorded, content: Content, where: str) -> Against:
    """Compare a reserve that holds together with its ledger. Raises VerificationError.

    The ledger is verified whole before it is believed.
    """
    verify_log(log)
    log.database.begin_read(log.connection)
    try:
        _check_log(log, recorded, where)
        notes = _check_keys(log, recorded)
        notes += _check_choice(log, recorded.statement, content, where)
        known = reserves(log)
        statement = recorded.statement
        root = f"sha256:{statement.content_root.hex()}"
        newer = sorted(
            int(entry.body["version"])
            for index, entry in known
            if entry.body["name"] == statement.name
            and (entry.body["version"] > statement.version or entry.body.get("parent") == root)
            and index != recorded.index
        )
        return Against(
            newer=tuple(newer),
            withdrawn=recorded.index not in {index for index, _ in known},
            taken_down=_taken_down(log, content.members),
            notes=tuple(notes),
        )
    finally:
        log.database.rollback(log.connection)


def _check_log(log: "Log", recorded: Recorded, where: str) -> None:
    head = recorded.statement.head
    if log.size <= recorded.index:
        raise VerificationError(
            f"{printable(log.location)}: {log.size} entries, the reserve is entry {recorded.index}",
            hint="this is an older copy of the ledger",
        )
    if log.store.root_at(log.store.load(), head.size) != head.root:
        raise ForkError(
            f"{where}: the first {head.size} entries of {printable(log.location)} are not those "
            "it was sealed from"
        )
    if log.entry_bytes(recorded.index) != recorded.entry:
        raise ForkError(
            f"{printable(log.location)}: entry {recorded.index} is not the one in entry.json"
        )


def _check_keys(log: "Log", recorded: Recorded) -> list[str]:
    statement = recorded.statement
    named = {"statement": statement.statement_vkeys, "seal": statement.seal_vkeys}
    return [
        f"the ledger names no {use} key {printable(vkey)}"
        for use, vkeys in named.items()
        for vkey in vkeys
        if vkey not in log.log_vkeys(use)
    ]


def _check_choice(log: "Log", statement: Statement, content: Content, where: str) -> list[str]:
    """Notes, if the ledger's choice by the statement's rule is what was sealed."""
    told = f"the first {statement.head.size} entries of {printable(log.location)}"
    try:
        with tables_as_of(log, statement.head.size) as tables:
            chosen = select(State(tables, statement.head.size), Rule.of(statement.rule))
    except UnknownNameError as error:
        raise VerificationError(f"{where}: {error}, in {told}") from error
    kept = _without_matched(chosen, content.members, where, told)
    done = 0
    for table in content.rows():
        if not table.equals(kept.rows(done, done + table.num_rows)):
            raise VerificationError(
                f"{where}: documents {done} to {done + table.num_rows - 1} are dated or described "
                f"otherwise by {told}"
            )
        done += table.num_rows
    lines = b"".join(sorted(encode(line) + b"\n" for line in kept.evidence()))
    if lines != content.evidence:
        raise VerificationError(f"{where}: evidence.jsonl is not what {told} say")
    expected = contamination_of(kept, statement.contamination["guards"])
    if expected != statement.contamination:
        raise VerificationError(
            f"{where}: left out are {printable(statement.contamination['excluded'])}, {told} give "
            f"{printable(expected['excluded'])}"
        )
    guards = ", ".join(statement.rule["against"])
    if not guards:
        return []
    return [f"what was left out for matching {printable(guards)} was not compared again"]


def _without_matched(chosen: Selection, members: Members, where: str, told: str) -> Selection:
    """The choice less what the seal lacks; the seal may lack only what a guard can have matched."""
    there = positions(chosen.digests, keys_of(chosen.digests), members.digests)
    if (there < 0).any():
        foreign = members.digests[int(np.argmax(there < 0))].tobytes().hex()
        raise VerificationError(f"{where}: document {foreign} is not one that {told} admit")
    matched = np.ones(len(chosen), np.bool_)
    matched[there] = False
    return chosen.without(matched)


def _taken_down(log: "Log", members: Members) -> int:
    """How many of the sealed documents an unwithdrawn takedown names."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'takedown' ORDER BY idx"
    ).fetchall()
    subjects = {log.entry(index).subject for (index,) in rows}
    return sum(
        any(entry.kind == "takedown" for _, entry in _about(log, subject))
        for subject in subjects
        if members.has(parse_digest(subject))
    )


def _about(log: "Log", subject: str) -> list[tuple[int, Entry]]:
    return live([(index, log.entry(index)) for index in log.find(subject)])
