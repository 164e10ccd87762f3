"""A mix as a file: TOML, read once, refused if anything in it is unclear or contradicts itself.

    name = "continued"
    version = 1
    stage = "mid"                      # pretrain, mid, anneal or calibration
    unit = "tokens"                    # or documents
    budget = 1000000                   # absent: as much as the bounds allow
    seed = 7                           # 0 to 2^64 - 1
    policy = "clean-strict@1"
    datasets = ["diary@2026", "reserve:books@1"]
    strata = ["label", "basis", "dataset", "language"]
    target = { temperature = { alpha = 0.3, over = ["language"] } }
    max_synthetic = { estimate = 0.1, upper = 0.25 }

    [[bound]]
    name = "english"
    where = { language = "en", label = ["human_verified", "human_unverified"] }
    at_least = 0.4
    at_most = "2/3"

    [replay]
    reserve = "books@1"
    at_least = 0.05

`target` is "natural", "unimax", "shares", or { temperature = { alpha, over } } or
{ unimax = { epochs, over } }; [[share]] tables have `where` and `share`. An axis that `where` does
not name, or gives "*", may have any value. What a contradiction is, contradictions.py says.
"""

import re
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from ledger.errors import MalformedError, printable
from ledger.manifests.mix.axes import (
    ANCHOR,
    AXES,
    MANIFEST,
    RESERVE,
    STAGES,
    TABLE_SUFFIX,
    UNITS,
    expected,
)
from ledger.manifests.mix.contradictions import check_mix
from ledger.manifests.mix.fields import Fields, load_toml, shown
from ledger.manifests.mix.mix import (
    DEFAULT_GATE,
    EPOCHS,
    Bound,
    Gate,
    Mix,
    Natural,
    Replay,
    Share,
    Shares,
    Tail,
    Target,
    Temperature,
    Unimax,
)
from ledger.manifests.mix.where import Where
from ledger.provenance.policy import DEFAULT_POLICY

__all__ = ["MOST_REPEAT", "parse_mix"]

MOST_REPEAT: Final = 100
"""How often a document may come at most, whatever is asked for."""

_MAX_BYTES = 1 << 18
_MOST_BOUNDS = 256
_MOST_SHARES = 256
_MOST_CLASSES = 16
_MOST_BUDGET = 2**53 - 1
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_DATASET = re.compile(rf"{_PART}@{_PART}")
_SEALED = re.compile(rf"{_PART}@[1-9][0-9]{{0,8}}")
_POLICY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}(@[1-9][0-9]{0,8})?")
_KEYS = (
    "name",
    "version",
    "stage",
    "unit",
    "budget",
    "seed",
    "policy",
    "cutoff",
    "datasets",
    "strata",
    "target",
    "share",
    "bound",
    "max_synthetic",
    "require_audit",
    "max_generation",
    "novel_tail",
    "replay",
    "repeat",
    "tail",
)


def parse_mix(source: bytes, place: str) -> Mix:
    """The mix in a TOML file's bytes. Raises MalformedError naming `place` and the table."""
    if len(source) > _MAX_BYTES:
        raise MalformedError(place, None, f"over {_MAX_BYTES:,} bytes, too long for a mix")
    fields = Fields(load_toml(source, place), place)
    fields.known(_KEYS)
    name = fields.text("name")
    if _NAME.fullmatch(name) is None:
        raise fields.error(
            f"name: found {printable(name)!r}, expected lower-case letters, digits and hyphens"
        )
    tail = _tail(fields) if "tail" in fields else None
    datasets, strata = _datasets(fields), _axes(fields, "strata", AXES)
    if "tail" in strata and tail is None:
        raise fields.error(
            "strata: found the axis tail without [tail]", "[tail] says its table and quantiles"
        )
    known = {"dataset": datasets, "tail": tail.values if tail else ()}
    target = _target(fields, strata, known)
    mix = Mix(
        name=name,
        version=fields.whole("version", 1, 999_999_999),
        stage=fields.choice("stage", STAGES),
        unit=fields.choice("unit", UNITS) if "unit" in fields else UNITS[0],
        seed=fields.whole("seed", 0, 2**64 - 1, hint="any number will do; it is recorded"),
        datasets=datasets,
        strata=strata,
        target=target,
        budget=fields.whole("budget", 1, _MOST_BUDGET) if "budget" in fields else None,
        policy=_policy(fields),
        cutoff=_cutoff(fields),
        bounds=_bounds(fields, strata, known),
        gate=_gate(fields),
        require_audit=fields.flag("require_audit"),
        max_generation=(
            fields.whole("max_generation", 0, 1_000) if "max_generation" in fields else None
        ),
        novel_tail=fields.rational("novel_tail", 0, 1) if "novel_tail" in fields else None,
        replay=_replay(fields),
        repeat=_repeat(fields, target),
        tail=tail,
        source=source,
    )
    check_mix(mix, fields)
    return mix


def _axes(fields: Fields, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The axes a list names, in the order of AXES."""
    found = fields.texts(key)
    for axis in found:
        if axis not in AXES:
            raise fields.error(
                f"{key}: found {printable(axis, 60)}, expected {', '.join(known)}",
            )
        if axis not in known:
            raise fields.error(
                f"{key}: found {axis}, which is not one of the strata's axes",
                hint=f"the strata are divided by {', '.join(known)}",
            )
    return tuple(axis for axis in AXES if axis in found)


def _datasets(fields: Fields) -> tuple[str, ...]:
    found = fields.texts("datasets")
    for name in found:
        kind = next((kind for kind in (RESERVE, ANCHOR) if name.startswith(kind)), "")
        if (_SEALED if kind else _DATASET).fullmatch(name.removeprefix(kind)) is None:
            raise fields.error(
                f"datasets: found {printable(name, 60)}, expected NAME@VERSION, "
                f"{RESERVE}NAME@VERSION or {ANCHOR}NAME@VERSION",
                hint="a reserve's version is a whole number from 1" if kind else None,
            )
    return found


def _policy(fields: Fields) -> str:
    if "policy" not in fields:
        return DEFAULT_POLICY
    found = fields.text("policy")
    if _POLICY.fullmatch(found) is None and "/" not in found and not found.endswith(".toml"):
        raise fields.error(
            f"policy: found {printable(found, 60)!r}, expected a name such as {DEFAULT_POLICY}, "
            "or a path such as ./mine.toml"
        )
    return found


def _cutoff(fields: Fields) -> date | None:
    found = fields.raw("cutoff")
    if found is None:
        return None
    if not isinstance(found, date) or isinstance(found, datetime):
        raise fields.error(f"cutoff: found {shown(found)}, expected a date such as 2022-11-30")
    return found


def _target(fields: Fields, strata: tuple[str, ...], known: dict[str, tuple[str, ...]]) -> Target:
    shares = tuple(_share(table, strata, known) for table in fields.tables("share", _MOST_SHARES))
    found = fields.raw("target")
    if found is None:
        return Shares(shares) if shares else Natural()
    if isinstance(found, dict):
        tables = fields.below("target")
        tables.known(("temperature", "unimax"), "target")
        if len(found) != 1:
            raise tables.error(f"found {len(found)} targets, expected one")
        kind = next(iter(found))
        table = tables.below(kind)
    else:
        kind = fields.choice("target", ("natural", "unimax", "shares", "temperature"))
        table = Fields({}, "", "")  # only targets that need no more are written so
        if kind == "temperature":
            raise fields.error(
                "target: found a temperature without its alpha",
                hint="target = { temperature = { alpha = 0.3 } }",
            )
    if shares and kind != "shares":
        raise fields.error(
            f"target: found {kind} beside [[share]] tables, expected one of the two",
            hint='leave the shares out, or write target = "shares"',
        )
    if kind == "natural":
        return Natural()
    if kind == "shares":
        if not shares:
            raise fields.error("target: found shares, but no [[share]] tables")
        return Shares(shares)
    over = _axes(table, "over", strata) if "over" in table else strata
    if kind == "temperature":
        table.known(("alpha", "over"))
        return Temperature(table.rational("alpha", 0, 1), over)
    table.known(("epochs", "over"))
    if "epochs" in table and "repeat" in fields:
        raise table.error("found epochs beside repeat, expected one of the two")
    return Unimax(over)


def _repeat(fields: Fields, target: Target) -> Fraction:
    """How often a document may come: `repeat`, or UniMax's epochs."""
    if "repeat" in fields:
        return fields.rational("repeat", 1, MOST_REPEAT)
    if not isinstance(target, Unimax):
        return Fraction(1)
    table = fields.below("target") if isinstance(fields.raw("target"), dict) else None
    table = table.below("unimax") if table else None
    if table is None or "epochs" not in table:
        return Fraction(EPOCHS)
    return table.rational("epochs", 1, MOST_REPEAT)


def _share(table: Fields, strata: tuple[str, ...], known: dict[str, tuple[str, ...]]) -> Share:
    table.known(("where", "share"))
    return Share(_where(table, strata, known), table.rational("share", 0, 1))


def _bounds(
    fields: Fields, strata: tuple[str, ...], known: dict[str, tuple[str, ...]]
) -> tuple[Bound, ...]:
    found = []
    for number, table in enumerate(fields.tables("bound", _MOST_BOUNDS), 1):
        table.known(("name", "where", "at_least", "at_most"))
        if "name" in table and _NAME.fullmatch(table.text("name")) is None:
            raise table.error(
                f"name: found {shown(table.raw('name'))}, "
                "expected lower-case letters, digits and hyphens"
            )
        found.append(
            Bound(
                name=table.text("name") if "name" in table else f"bound {number}",
                where=_where(table, strata, known),
                at_least=table.rational("at_least", 0, 1) if "at_least" in table else None,
                at_most=table.rational("at_most", 0, 1) if "at_most" in table else None,
            )
        )
    return tuple(found)


def _where(table: Fields, strata: tuple[str, ...], known: dict[str, tuple[str, ...]]) -> Where:
    if "where" not in table:
        raise table.error("where: found nothing, expected a table", hint="where = {} is everything")
    clause = table.below("where")
    values: dict[str, tuple[str, ...]] = {}
    for axis in clause.names:
        if axis not in AXES:
            clause.known(AXES, "axis")
        if axis not in strata:
            raise clause.error(
                f"found {axis}, which is not one of the strata's axes",
                hint=f"add {axis} to strata, or use {', '.join(strata)}",
            )
        found = clause.raw(axis)
        if found == "*":
            continue
        many = clause.texts(axis) if isinstance(found, list) else (clause.text(axis),)
        for value in many:
            wanted = expected(axis, value, known)
            if wanted is not None:
                raise clause.error(f"{axis}: found {printable(value, 60)}, expected {wanted}")
        values[axis] = many
    return Where.of(values)


def _gate(fields: Fields) -> Gate:
    if "max_synthetic" not in fields:
        return DEFAULT_GATE
    if not isinstance(fields.raw("max_synthetic"), dict):
        estimate = fields.rational("max_synthetic", 0, 1)
        if estimate > DEFAULT_GATE.upper:
            raise fields.error(
                f"max_synthetic: found {fields.raw('max_synthetic')}, "
                f"which is above the upper bound's {float(DEFAULT_GATE.upper):g}",
                hint="write both: max_synthetic = { estimate = …, upper = … }",
            )
        return Gate(estimate, DEFAULT_GATE.upper)
    table = fields.below("max_synthetic")
    table.known(("estimate", "upper"))
    return Gate(
        estimate=(
            table.rational("estimate", 0, 1) if "estimate" in table else DEFAULT_GATE.estimate
        ),
        upper=table.rational("upper", 0, 1) if "upper" in table else DEFAULT_GATE.upper,
    )


def _replay(fields: Fields) -> Replay | None:
    if "replay" not in fields:
        return None
    table = fields.below("replay")
    table.known(("reserve", "at_least"))
    return Replay(table.text("reserve").removeprefix(RESERVE), table.rational("at_least", 0, 1))


def _tail(fields: Fields) -> Tail:
    table = fields.below("tail")
    table.known(("table", "quantiles", "weights", "earlier"))
    quantiles = table.rationals("quantiles", 0, 1, _MOST_CLASSES - 1)
    weights: tuple[int, ...] = ()
    if "weights" in table:
        found = table.rationals("weights", 1, 1_000, _MOST_CLASSES)
        weights = tuple(int(value) for value in found)
        if any(value.denominator != 1 for value in found):
            raise table.error("weights: found a fraction, expected whole numbers from 1 to 1000")
        if len(weights) != len(quantiles) + 1:
            raise table.error(
                f"weights: found {len(weights)}, expected {len(quantiles) + 1}: "
                "one for each class that the quantiles divide",
            )
    if any(not 0 < value < 1 for value in quantiles) or sorted(set(quantiles)) != [*quantiles]:
        raise table.error("quantiles: expected numbers between 0 and 1, each above the last")
    counts = table.text("table")
    if not counts.endswith(TABLE_SUFFIX):
        raise table.error(
            f"table: found {printable(counts, 60)!r}, expected word counts, a {TABLE_SUFFIX} file",
            hint=f"headwater audit tail NAME@VERSION --write words{TABLE_SUFFIX}",
        )
    return Tail(counts, quantiles, weights, _earlier(table) if "earlier" in table else None)


def _earlier(table: Fields) -> str:
    found = table.text("earlier")
    kind = next((kind for kind in (RESERVE, MANIFEST) if found.startswith(kind)), "")
    if (_SEALED if kind else _DATASET).fullmatch(found.removeprefix(kind)) is None:
        raise table.error(
            f"earlier: found {printable(found, 60)}, expected NAME@VERSION, "
            f"{RESERVE}NAME@VERSION or {MANIFEST}NAME@VERSION",
        )
    return found
