"""Which documents a reserve takes: what a person asked for, spelled out in full."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from ledger.errors import InputError, UnknownNameError, printable
from ledger.log.log import Log
from ledger.provenance.documents import find_dataset
from ledger.provenance.facts import OWN_SYNTHETIC
from ledger.provenance.policy import DEFAULT_CUTOFF, parse_cutoff
from ledger.reserves.selection.state import State
from ledger.reserves.statement import FORMAT, NAME

__all__ = ["AI_SINCE", "Known", "Rule", "known_datasets", "make_rule", "midnight", "parse_level"]

AI_SINCE = "ai-since"
"""Instead of a date: the earliest day from which a chosen dataset's writers had AI tools."""

DEFAULT_LEVEL = 3
_LEVEL = re.compile(r"[Ee]?([0-5])")


@dataclass(frozen=True)
class Rule:
    """A reserve's rule. `before` is None for an anchor, whose documents need no date.

    Datasets are `name@version`, sorted. What may be in `against` may not be like a document here.
    """

    name: str
    datasets: tuple[str, ...]
    before: date | None
    min_level: int = DEFAULT_LEVEL
    allow_asserted: bool = False
    stage: str = "any"
    against: tuple[str, ...] = ()

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Rule":
        """The rule that rule.json spells, or a statement."""
        before = plain.get("before")
        return cls(
            name=plain["name"],
            datasets=tuple(plain["datasets"]),
            before=None if before is None else date.fromisoformat(before),
            min_level=plain["min_level"],
            allow_asserted=plain["allow_asserted"],
            stage=plain["stage"],
            against=tuple(plain["against"]),
        )

    def plain(self) -> dict[str, Any]:
        """The JSON values of rule.json."""
        body: dict[str, Any] = {
            "against": list(self.against),
            "allow_asserted": self.allow_asserted,
            "datasets": list(self.datasets),
            "format": FORMAT,
            "min_level": self.min_level,
            "name": self.name,
            "stage": self.stage,
        }
        if self.before is not None:
            body["before"] = self.before.isoformat()
        return body


@dataclass(frozen=True)
class Known:
    """What a dataset says of itself that a reserve asks."""

    name: str
    own_synthetic: bool
    ai_tools_since: date | None


def midnight(day: date) -> int:
    """The first second of a day, UTC, in Unix seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def parse_level(text: str) -> int:
    """`E3` or `3` as a number. Raises InputError."""
    found = _LEVEL.fullmatch(text)
    if found is None:
        raise InputError(f"evidence level {printable(text)!r}, expected E0 to E5")
    return int(found[1])


def known_datasets(ledger: Log | State) -> dict[str, Known]:
    """Every dataset that the log names, by `name@version`."""
    rows = ledger.connection.execute("SELECT name, version, declared FROM dataset").fetchall()
    found = {}
    for name, version, declared in rows:
        body = {} if declared is None else ledger.entry(declared).body
        since = body.get("ai_tools_since")
        dataset = f"{name}@{version}"
        found[dataset] = Known(
            dataset,
            body.get("channel") == OWN_SYNTHETIC,
            None if since is None else date.fromisoformat(since),
        )
    return dict(sorted(found.items()))


def make_rule(
    log: Log,
    name: str,
    *,
    datasets: Sequence[str] = (),
    before: str | None = None,
    min_level: int = DEFAULT_LEVEL,
    allow_asserted: bool = False,
    against: Sequence[str] = (),
    anchor: bool = False,
) -> Rule:
    """The whole rule that is meant. No dataset named: every one that is not held against.

    Every dataset that its owner's models wrote is held against, named or not. Raises InputError,
    or UnknownNameError for a dataset.
    """
    if NAME.fullmatch(name) is None:
        raise InputError(
            f"{printable(name)!r}: expected letters, digits, . _ and -, 100 of them at most",
            hint="headwater reserve seal before-2023 -o DIR",
        )
    for dataset in (*datasets, *against):
        find_dataset(log.connection, dataset)
    known = known_datasets(log)
    guards = {*against, *(item.name for item in known.values() if item.own_synthetic)}
    chosen = {*datasets} or {*known} - guards
    both = sorted(chosen & guards)
    if both:
        why = (
            "its owner's models wrote it"
            if known[both[0]].own_synthetic
            else "found in --dataset and in --against"
        )
        raise InputError(
            f"{both[0]}: {why}, expected another dataset to seal",
            hint="name the datasets to seal with --dataset",
        )
    if not chosen:
        raise UnknownNameError(
            "dataset", "(none)", hint="headwater ingest PATH --dataset NAME@VERSION"
        )
    return Rule(
        name=name,
        datasets=tuple(sorted(chosen)),
        before=None if anchor else _before(before, [known[item] for item in sorted(chosen)]),
        min_level=0 if anchor else min_level,
        allow_asserted=allow_asserted and not anchor,
        stage="final" if anchor else "any",
        against=tuple(sorted(guards)),
    )


def _before(text: str | None, datasets: Iterable[Known]) -> date:
    if text is None:
        return DEFAULT_CUTOFF
    if text != AI_SINCE:
        try:
            return parse_cutoff(text)
        except InputError as error:
            raise InputError(
                f"--before {printable(text)!r}, expected a day as YYYY-MM-DD, or {AI_SINCE}"
            ) from error
    days = []
    for dataset in datasets:
        if dataset.ai_tools_since is None:
            raise InputError(
                f"{dataset.name}: declares no ai_tools_since, expected the day from which its "
                "writers had AI tools",
                hint=f"headwater ingest … --ai-since DATE, or --before DATE here instead of "
                f"{AI_SINCE}",
            )
        days.append(dataset.ai_tools_since)
    return min(days)
