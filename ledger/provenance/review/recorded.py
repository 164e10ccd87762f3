"""What the log says that people decided, document by document, and what follows from it.

Reads claims through two functions, so that a ledger at its head and a certificate's view of an
earlier size ask alike.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.authors import author_keys
from ledger.provenance.named import Authors
from ledger.provenance.review.drawing import Draw, parse_draw
from ledger.provenance.review.tasks import Progress, progress_of, side_of
from ledger.provenance.reviewed import authors_of, counted, reviewer_of

__all__ = [
    "Decided",
    "Reviewed",
    "blind_ratings",
    "decided_of",
    "draws_of",
    "reviewed_documents",
    "reviews_in",
    "said_about",
    "tool_ratings",
]

Numbered = tuple[int, Entry]


@dataclass(frozen=True)
class Reviewed:
    """The decisions about one document.

    `counted` are those that count, by person, ascending; `tools` those that came from other
    programs, by reviewer; `own` and `unknown` count decisions on one's own text and those that no
    key vouches for.
    """

    document: str
    counted: Mapping[str, Sequence[Numbered]]
    tools: Mapping[str, Sequence[Numbered]]
    own: int
    unknown: int

    @property
    def standing(self) -> list[Numbered]:
        """The decision that stands for each reviewer, in the order of the log."""
        return sorted((given[-1] for given in self.counted.values()), key=lambda item: item[0])

    @property
    def progress(self) -> Progress:
        return progress_of(entry for _, entry in self.standing)


def reviewed_documents(
    subjects: Iterable[str],
    about: Callable[[str], Sequence[Numbered]],
    authors: Authors,
) -> Iterator[Reviewed]:
    """The decisions about each subject; `about` gives its live claims, ascending."""
    for subject in subjects:
        said = about(subject)
        given = counted(said, authors)
        own = authors_of(said, authors)
        tools: dict[str, list[Numbered]] = {}
        mine = unknown = 0
        known = {index for items in given.values() for index, _ in items}
        written = {reviewer_of(key) for _, key in authors.values() if key.name in own}
        counts = {entry.body["reviewer"] for items in given.values() for _, entry in items}
        for index, entry in said:
            if entry.kind != "review" or index in known:
                continue
            reviewer = str(entry.body["reviewer"])
            if "tool" in entry.body:
                tools.setdefault(reviewer, []).append((index, entry))
            elif reviewer in written:
                mine += 1
            elif reviewer not in counts:
                unknown += 1
        yield Reviewed(subject, given, tools, mine, unknown)


def blind_ratings(found: Iterable[Reviewed]) -> list[list[str]]:
    """Per document what each reviewer decided last before they saw the evidence."""
    return [
        [
            blind[-1]
            for given in one.counted.values()
            if (blind := [str(e.body["decision"]) for _, e in given if e.body["stage"] == "blind"])
        ]
        for one in found
    ]


def tool_ratings(found: Iterable[Reviewed]) -> list[list[str]]:
    """Per document what each reviewer of another program decided last."""
    return [
        [str(given[-1][1].body["decision"]) for given in one.tools.values()]
        for one in found
        if one.tools
    ]


# --- of a ledger at its head


def said_about(log: Log, subject: str) -> list[Numbered]:
    """The live claims about exactly this subject, ascending."""
    entries = [(index, log.entry(index)) for index in log.find(subject)]
    return live([item for item in entries if item[1].subject == subject])


def reviews_in(
    log: Log, chosen: Callable[[Sequence[bytes]], set[bytes]] | None = None
) -> list[Reviewed]:
    """The decisions about every reviewed document, in the order of the first.

    `chosen` says of which digests.
    """
    rows = log.connection.execute(
        "SELECT subject, min(idx) FROM entry WHERE kind <> 'origin' AND kind = 'review' "
        "GROUP BY subject ORDER BY min(idx)"
    ).fetchall()
    every = [bytes(subject) for subject, _ in rows]
    wanted = set(every) if chosen is None else chosen(every)
    subjects = [log.entry(int(first)).subject for subject, first in rows if subject in wanted]
    return list(
        reviewed_documents(subjects, lambda subject: said_about(log, subject), author_keys(log))
    )


def draws_of(
    found: Iterable[Reviewed], dataset: str, attachment: Callable[[bytes], bytes | None]
) -> list[Draw]:
    """The draws from a dataset by which documents were decided, the newest decision's first.

    Those whose file is withheld are left out. Raises VerificationError for a file that is none.
    """
    newest: dict[str, int] = {}
    for one in found:
        for given in (*one.counted.values(), *one.tools.values()):
            for index, entry in given:
                if entry.body["mode"] == "audit" and "draw" in entry.body:
                    name = str(entry.body["draw"])
                    newest[name] = max(newest.get(name, 0), index)
    draws = []
    for name in sorted(newest, key=lambda name: -newest[name]):
        data = attachment(parse_digest(name))
        if data is not None:
            draws.append(parse_draw(data, f"draw {name}"))
    return [one for one in draws if one.dataset == dataset]


@dataclass(frozen=True, eq=False)
class Decided:
    """The documents of a draw that somebody decided and nobody disputes: by digest whether AI wrote
    any of it, the chance with which it came to be decided, and its stratum.

    People are asked in the order of the keys, so that those decided are themselves drawn from their
    stratum. `alone` of them one person decided.
    """

    draw: Draw
    documents: tuple[str, ...]
    ai: np.ndarray[tuple[int], np.dtype[np.bool_]]
    chance: np.ndarray[tuple[int], np.dtype[np.float64]]
    stratum: np.ndarray[tuple[int], np.dtype[np.int64]]
    alone: int

    @property
    def complete(self) -> bool:
        """Whether every stratum has a decision: what nobody looked at has no estimate."""
        return len(set(self.stratum.tolist())) == len(self.draw.strata)


def decided_of(drawn: Draw, found: Iterable[Reviewed]) -> Decided:
    """The decisions about documents of a draw."""
    sides: dict[str, str] = {}
    alone = 0
    for one in found:
        side = one.progress.side
        if side is not None and one.document in drawn.tasks and _asked_by(one, drawn.digest):
            sides[one.document] = side
            alone += one.progress.decided == 1
    documents = sorted(sides)
    strata = [drawn.tasks[document].stratum for document in documents]
    per = Counter(strata)
    sizes = [one.documents for one in drawn.strata]
    return Decided(
        drawn,
        tuple(documents),
        np.array([sides[document] == "ai" for document in documents], np.bool_),
        np.array([per[place] / sizes[place] for place in strata], np.float64),
        np.array(strata, np.int64),
        alone,
    )


def _asked_by(one: Reviewed, draw: str) -> bool:
    return any(
        entry.body.get("draw") == draw and side_of(str(entry.body["decision"])) is not None
        for given in one.counted.values()
        for _, entry in given
    )
