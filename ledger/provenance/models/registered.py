"""Registered models, from the claims alone: how each stands, and the generation of what it wrote.

A model's generation is a lower bound: one more than the greatest known among the documents it was
trained on, and no less than its base's. Of a model of which nothing is known it is 1, because
whatever a model learned from, its texts come after that. All of this is a function of the log, so
that every reader of it labels alike.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ledger.log.canonical import Entry, parse_digest, subject_of
from ledger.log.record import live
from ledger.log.runs import Digests, Indices

__all__ = [
    "FIRST",
    "ModelStanding",
    "Models",
    "model_subject",
    "names_of",
    "said_to_write",
    "writers",
]

FIRST = 1
"""The least generation of what any model writes."""


class _Source(Protocol):
    def entry(self, index: int) -> Entry: ...
    def find(self, digests: Digests) -> tuple[Indices, Indices]: ...


@dataclass(frozen=True)
class ModelStanding:
    """A registered model: the newest live claim about it, at entry `index`."""

    index: int
    entry: Entry

    @property
    def subject(self) -> str:
        return self.entry.subject

    @property
    def body(self) -> Mapping[str, Any]:
        return self.entry.body

    @property
    def reference(self) -> str:
        """`name@version`"""
        return f"{self.body['name']}@{self.body['version']}"

    @property
    def own_bound(self) -> int:
        """What its training alone says of its generation."""
        known = [row["generation"] for row in self._rows if row["documents"]]
        return FIRST + max(known, default=0)

    @property
    def _rows(self) -> list[Mapping[str, int]]:
        return [row for row in self.body.get("trained_on", ()) if "generation" in row]


def model_subject(reference: str) -> str:
    """The subject of the model `name@version`; the version is what follows the last `@`."""
    return subject_of("model", *reference.rsplit("@", 1))


def names_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """What claims of authorship may call the model of a `model` claim, `name@version` first."""
    return (f"{body['name']}@{body['version']}", *body.get("aliases", ()))


def said_to_write(entry: Entry) -> str | None:
    """The model by which an authorship claim says that text was written; None for another claim.

    A form that tools write unasked names none, nor do surface edits.
    """
    body = entry.body
    if entry.kind != "authorship" or body["assistance"] not in ("A2", "A3", "A4"):
        return None
    return None if "weight" in body else body.get("model")


def writers(claims: Iterable[Entry]) -> set[str]:
    """By which models a document was written, as its claims that stand (`standing`) say."""
    return {name for entry in claims if (name := said_to_write(entry)) is not None}


class Models:
    """The registered models as of a log, each looked up once."""

    def __init__(
        self,
        source: _Source,
        entries: Iterable[tuple[int, Entry]],
        extra: Mapping[bytes, Sequence[int]],
    ) -> None:
        """`entries` are all of kind `model`, withdrawn ones too; `extra` names entries about a
        subject that `source.find` does not answer for yet.
        """
        self._source, self._extra = source, extra
        self._entries = tuple(entries)
        self._known: dict[str, ModelStanding] | None = None
        self._called: dict[str, list[str]] = {}

    def __iter__(self) -> Iterator[ModelStanding]:
        """Every registered model, by the entry that it stands by."""
        return iter(sorted(self._standings().values(), key=lambda standing: standing.index))

    def get(self, subject: str) -> ModelStanding | None:
        """The model with this subject."""
        return self._standings().get(subject)

    def called(self, name: str) -> list[ModelStanding]:
        """The model `name@version`, else all that have this alias."""
        known = self._standings()
        exact = known.get(model_subject(name)) if "@" in name else None
        if exact is not None:
            return [exact]
        return [known[subject] for subject in self._called.get(name, ())]

    def generation(self, subject: str) -> int:
        """The least generation of what a model writes: its own bound, and every base's before it.

        A chain that leads back to itself says no more than its members do.
        """
        seen: set[str] = set()
        bound, at = FIRST, self.get(subject)
        while at is not None and at.subject not in seen:
            seen.add(at.subject)
            bound = max(bound, at.own_bound)
            at = self.get(str(at.body["base"])) if "base" in at.body else None
        return bound

    def generation_of(self, claims: Iterable[Entry]) -> int | None:
        """The least generation of a document, from its claims that stand; None if no registered
        model is said to have written any of it. Of models with one alias the least counts.
        """
        bounds = []
        for name in writers(claims):
            called = [self.generation(model.subject) for model in self.called(name)]
            bounds += [min(called)] if called else []
        return max(bounds, default=None)

    def _standings(self) -> dict[str, ModelStanding]:
        if self._known is None:
            self._known = {}
            for subject in dict.fromkeys(entry.subject for _, entry in self._entries):
                standing = self._standing(subject)
                if standing is not None:
                    self._known[subject] = standing
            for subject, standing in self._known.items():
                for name in names_of(standing.body)[1:]:
                    self._called.setdefault(name, []).append(subject)
        return self._known

    def _standing(self, subject: str) -> ModelStanding | None:
        digest = parse_digest(subject)
        _, found = self._source.find(np.frombuffer(digest, np.uint8).reshape(1, 32))
        indices = sorted({*found.tolist(), *self._extra.get(digest, ())})
        entries = [(index, self._source.entry(index)) for index in indices]
        named = [
            (index, entry)
            for index, entry in live(entries)
            if entry.kind == "model" and entry.subject == _own_subject(entry)
        ]
        return ModelStanding(*named[-1]) if named else None


def _own_subject(entry: Entry) -> str:
    return subject_of("model", str(entry.body["name"]), str(entry.body["version"]))
