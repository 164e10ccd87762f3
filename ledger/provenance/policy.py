"""A label policy as a file: a decision table over facts, in TOML. Found and parsed here.

What a rule means is in rules.py, what a condition means in conditions.py.

    [[rule]]
    number = "3"
    label = "human_unverified"
    basis = "predates"
    words = "Checked evidence of level E3 or better shows that it existed before {cutoff}."
    when = { existed_by = { before = "cutoff", level = 3, checked = true } }

`when` lists conditions that must all hold, `any` several such lists of which one must; the last
rule, and only that one, has neither. A condition is a flag of facts.FLAGS with true or false,
`existed_by` as above (`before` may be a date; `checked = false` lets asserted evidence count), or
a measure such as `ai_ppm = { at_least = 500000 }`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeGuard

from ledger.errors import InputError, MalformedError, UnknownNameError, printable
from ledger.provenance.conditions import (
    MEASURES,
    AtLeast,
    Condition,
    ExistedBy,
    FlagIs,
)
from ledger.provenance.facts import FLAGS
from ledger.provenance.guards import lowered_by_review
from ledger.provenance.rules import BASES, LABELS, Policy, Rule, compile_sql

__all__ = [
    "BASES",
    "DEFAULT_CUTOFF",
    "DEFAULT_POLICY",
    "LABELS",
    "Policy",
    "Rule",
    "builtin_policies",
    "compile_sql",
    "load_policy",
    "parse_cutoff",
    "parse_policy",
]

DEFAULT_POLICY = "clean-strict@1"
DEFAULT_CUTOFF = date(2022, 11, 30)  # ChatGPT became public
_MAX_BYTES = 1 << 18
_MAX_RULES = 64  # a SQL CASE of this length is still one pass over a profile
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_REFERENCE = re.compile(r"([a-z0-9][a-z0-9-]{0,63})(?:@([1-9][0-9]{0,8}))?")
_NUMBER = re.compile(r"([1-9][0-9]?)([a-z]?)")
_POLICY_KEYS = ("name", "version", "title", "cutoff", "warning", "rule")
_RULE_KEYS = ("number", "label", "basis", "words", "shown", "when", "any")
_CONDITIONS = (*FLAGS, "existed_by", *MEASURES)


def parse_cutoff(text: str) -> date:
    """A day as YYYY-MM-DD. Raises InputError."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass  # such as 2022-02-30: the message below says it
    raise InputError(
        f"cut-off: found {printable(text, 40)!r}, expected a date", hint="such as 2022-11-30"
    )


# --- finding a policy


def builtin_policies() -> list[Policy]:
    """The policies that ship with the library, by name, then version."""
    found = []
    for item in files("ledger.provenance.policies").iterdir():
        if item.name.endswith(".toml"):
            found.append(parse_policy(item.read_bytes(), item.name))
    return sorted(found, key=lambda policy: (policy.name, policy.version))


def load_policy(reference: str = DEFAULT_POLICY) -> Policy:
    """`clean-strict@1`, `clean-strict` (its newest version), or the path of a TOML file.

    Raises UnknownNameError, or MalformedError naming the file and the rule.
    """
    parts = _REFERENCE.fullmatch(reference)
    if parts is None:
        return _read(Path(reference))
    known = builtin_policies()
    for policy in reversed(known):
        if policy.name == parts[1] and parts[2] in (None, str(policy.version)):
            return policy
    raise UnknownNameError(
        "policy",
        reference,
        [policy.reference for policy in known],
        hint=f"known: {', '.join(p.reference for p in known)}; or a path such as ./my.toml",
    )


def _read(path: Path) -> Policy:
    try:
        with path.open("rb") as file:
            source = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{printable(path)}: no policy can be read there: {reason.lower()}",
            hint="give a name such as clean-strict@1, or the path of a TOML file",
        ) from error
    if len(source) > _MAX_BYTES:
        raise MalformedError(path, None, f"over {_MAX_BYTES:,} bytes, too long for a policy")
    return parse_policy(source, str(path))


# --- parsing


def parse_policy(source: bytes, place: str) -> Policy:
    """The policy in a TOML file's bytes. Raises MalformedError naming `place` and the rule."""
    table = _toml(source, place)
    reader = _Reader(place, "")
    reader.known(table, _POLICY_KEYS)
    rules = table.get("rule")
    if not isinstance(rules, list) or not rules or not all(isinstance(r, dict) for r in rules):
        raise reader.error("found no rules, expected [[rule]] tables")
    if len(rules) > _MAX_RULES:
        raise reader.error(f"found {len(rules)} rules, at most {_MAX_RULES}")
    name, version = reader.text(table, "name"), table.get("version")
    if _NAME.fullmatch(name) is None:
        raise reader.error(
            f"name: found {printable(name)!r}, expected lower-case letters, digits and hyphens"
        )
    if not _whole(version, 1, 999_999_999):
        raise reader.error(f"version: found {_shown(version)}, expected a whole number from 1")
    cutoff = table.get("cutoff", DEFAULT_CUTOFF)
    if not _is_day(cutoff):
        raise reader.error(f"cutoff: found {_shown(cutoff)}, expected a date such as 2022-11-30")
    policy = Policy(
        name=name,
        version=version,
        title=reader.text(table, "title"),
        cutoff=cutoff,
        rules=tuple(_rule(item, place, at) for at, item in enumerate(rules, 1)),
        source=source,
        warning=reader.text(table, "warning") if "warning" in table else None,
    )
    _check_order(policy, reader)
    try:
        lowered = lowered_by_review(policy)
    except InputError as error:
        raise reader.error(str(error), hint=error.hint) from error
    if lowered is not None:
        without, reviewed = lowered
        raise reader.error(
            f"rule {reviewed.number}: found {reviewed.label} for a review alone, expected "
            f"{without.label} by rule {without.number} to stand",
            hint="a review lowers no declaration and no mark: put the rule below, or ask for "
            "declared_ai = false and marked = false too",
        )
    return policy


def _toml(source: bytes, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source.decode())
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise MalformedError(place, line, "bytes that are not UTF-8") from error
    except RecursionError as error:
        raise MalformedError(place, None, "tables nested too deep for a policy") from error
    except ValueError as error:  # TOMLDecodeError, and integers too long to convert
        reason = str(error)
        at = re.search(r" \(at line (\d+), column \d+\)$", reason)
        line_or_none = int(at[1]) if at else None
        reason = reason[: at.start()] if at else reason
        raise MalformedError(place, line_or_none, f"not TOML: {printable(reason)}") from error


def _check_order(policy: Policy, reader: "_Reader") -> None:
    previous = (0, "")
    shown: dict[tuple[str, str], str | None] = {}
    for rule in policy.rules:
        parts = _NUMBER.fullmatch(rule.number)
        assert parts is not None  # _rule has checked it
        number = int(parts[1]), parts[2]
        if number <= previous:
            raise reader.error(f"rule {rule.number}: found after rule {previous[0]}{previous[1]}")
        previous = number
        if not rule.alternatives and rule is not policy.rules[-1]:
            raise reader.error(f"rule {rule.number}: no conditions, but rules follow it")
        if shown.setdefault((rule.label, rule.basis), rule.shown) != rule.shown:
            raise reader.error(
                f"rule {rule.number}: shown: differs from an earlier rule of that label and basis"
            )
        if (rule.label, rule.basis) == ("human_verified", "predates") and policy.warning is None:
            raise reader.error(
                f"rule {rule.number}: human_verified by date, but the policy has no `warning`",
                hint="say on every page what 'verified' means here",
            )
    last = policy.rules[-1]
    if last.alternatives:
        raise reader.error(f"rule {last.number}: the last rule has conditions, expected none")
    if (last.label, last.basis) != ("human_unverified", "none"):
        raise reader.error(
            f"rule {last.number}: found {last.label} by {last.basis}, "
            "expected human_unverified by none",
            hint="absence of a signal is unknown, never human",
        )


def _rule(item: Mapping[str, Any], place: str, at: int) -> Rule:
    number = item.get("number")
    reader = _Reader(place, f"rule {number if isinstance(number, str) else f'table {at}'}: ")
    reader.known(item, _RULE_KEYS)
    if not isinstance(number, str) or _NUMBER.fullmatch(number) is None:
        raise reader.error(f'number: found {_shown(number)}, expected such as "1" or "2a"')
    label = reader.choice(item, "label", LABELS)
    if "when" in item and "any" in item:
        raise reader.error("found both when and any, expected one of them")
    lists: Any = [item["when"]] if "when" in item else item.get("any", [])
    if not isinstance(lists, list) or ("any" in item and not lists):
        raise reader.error("any: expected a list of condition tables")
    alternatives = tuple(tuple(_conditions(table, reader)) for table in lists)
    for conditions in alternatives:
        _check_classified(label, conditions, reader)
    return Rule(
        number=number,
        label=label,
        basis=reader.choice(item, "basis", BASES[label]),
        words=reader.text(item, "words"),
        alternatives=alternatives,
        shown=reader.text(item, "shown") if "shown" in item else None,
    )


def _check_classified(label: str, conditions: tuple[Condition, ...], reader: "_Reader") -> None:
    asked = {item.flag: item.value for item in conditions if isinstance(item, FlagIs)}
    if label == "synthetic_suspected" or len(asked) < len(conditions):
        return
    if asked and all(flag.startswith("classified") for flag in asked):
        raise reader.error(
            f"found {label} by {', '.join(asked)} alone, expected synthetic_suspected",
            hint="a classifier alone makes a suspicion; that it found nothing makes nobody human",
        )


def _conditions(table: Any, reader: "_Reader") -> Iterator[Condition]:
    if not isinstance(table, dict) or not table:
        raise reader.error(f"found {_shown(table)}, expected a table of conditions")
    reader.known(table, _CONDITIONS, "condition")
    for name, value in table.items():
        if name in FLAGS:
            if not isinstance(value, bool):
                raise reader.error(f"{name}: found {_shown(value)}, expected true or false")
            yield FlagIs(name, value)
        elif name == "existed_by":
            yield _existed_by(value, reader)
        else:
            most = MEASURES[name][1]
            if not isinstance(value, dict) or set(value) != {"at_least"}:
                raise reader.error(f"{name}: found {_shown(value)}, expected {{ at_least = N }}")
            if not _whole(value["at_least"], 0, most):
                found = _shown(value["at_least"])
                raise reader.error(f"{name}: at_least: found {found}, expected 0 to {most}")
            yield AtLeast(name, value["at_least"])


def _existed_by(value: Any, reader: "_Reader") -> ExistedBy:
    if not isinstance(value, dict) or set(value) != {"before", "level", "checked"}:
        raise reader.error(
            f"existed_by: found {_shown(value)}, expected before, level and checked",
            hint='such as { before = "cutoff", level = 3, checked = true }',
        )
    before, level, checked = value["before"], value["level"], value["checked"]
    if before != "cutoff" and not _is_day(before):
        raise reader.error(
            f'existed_by: before: found {_shown(before)}, expected "cutoff" or a date'
        )
    if not _whole(level, 0, 5):
        raise reader.error(f"existed_by: level: found {_shown(level)}, expected 0 to 5")
    if not isinstance(checked, bool):
        raise reader.error(f"existed_by: checked: found {_shown(checked)}, expected true or false")
    return ExistedBy(level, checked, None if before == "cutoff" else before)


def _whole(value: Any, least: int, most: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _shown(value: Any) -> str:
    return "nothing" if value is None else printable(repr(value), 60)


class _Reader:
    """Takes values out of a table; what is wrong is named with the file and the rule."""

    def __init__(self, place: str, prefix: str) -> None:
        self._place, self._prefix = place, prefix

    def error(self, reason: str, hint: str | None = None) -> MalformedError:
        return MalformedError(self._place, None, printable(self._prefix, 40) + reason, hint=hint)

    def known(self, table: Iterable[str], keys: tuple[str, ...], what: str = "key") -> None:
        for key in table:
            if key not in keys:
                near = get_close_matches(key, keys, n=1) or keys
                raise self.error(
                    f"unknown {what} {printable(key, 60)}", hint=f"known: {', '.join(near)}"
                )

    def text(self, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= 500:
            raise self.error(f"{key}: found {_shown(value)}, expected up to 500 characters of text")
        if printable(value, 500) != value:
            raise self.error(f"{key}: found characters that cannot be seen: {_shown(value)}")
        return value

    def choice(self, table: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
        value = table.get(key)
        if value not in choices:
            raise self.error(f"{key}: found {_shown(value)}, expected {', '.join(choices)}")
        return str(value)
