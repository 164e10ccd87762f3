"""Known human text to compare batches with: a calibration of the ledger, or a folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ledger.corpus.neardup.side import Digests, distinct, find_digests
from ledger.errors import InputError, UnknownNameError, printable
from ledger.log.canonical import parse_digest
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.verdicts.batches.bands_file import Bands, SourceBands, make_bands, read_bands
from ledger.verdicts.batches.batch import Scorer
from ledger.verdicts.batches.compare import KnownText
from ledger.verdicts.batches.reading import FileTexts
from ledger.verdicts.batches.tokens import Tokenizer
from ledger.verdicts.batches.windows import WINDOW, ladder
from ledger.verdicts.calibration.find import Profile
from ledger.verdicts.outcomes import MIN_WORDS
from ledger.verdicts.scanning.detectors import OURS

__all__ = ["LEAST_KNOWN", "Known", "known_of_files", "known_of_profile", "nothing_known"]

LEAST_KNOWN = 30
"""Human documents with a score, below which their mean says too little."""


@dataclass(frozen=True, eq=False)
class Known:
    """Known human text. `label` names it, `claim` is its calibration's claim id, if it has one.

    `documents` (sorted digests) may not lie in a batch, unless they are `dated`: those are left
    out there. `notes` say what cannot be compared.
    """

    sources: tuple[KnownText, ...]
    label: str | None
    claim: str | None
    documents: Digests
    dated: Digests
    notes: tuple[str, ...] = ()

    def sizes(self, window: int) -> tuple[int, ...]:
        """Sizes of windows that can be compared, the largest first; all where none can."""
        banded = {
            size
            for source in self.sources
            if source.bands is not None
            for size in source.bands.sizes
            if size <= window
        }
        return tuple(sorted(banded, reverse=True)) or ladder(window)


def nothing_known() -> Known:
    """No calibration: batches are measured and compared with nothing."""
    none = np.zeros((0, 32), np.uint8)
    return Known((), None, None, none, none, ("no calibration: batches are compared with nothing",))


def known_of_files(
    paths: Sequence[Path], score: Scorer, trained: Digests, tokenizer: Tokenizer, window: int
) -> Known:
    """The documents below some paths, as one source; documents that `trained` the detector count
    for the bands alone.

    Raises InputError for fewer than LEAST_KNOWN documents that can be scored, and as reading does.
    """
    texts, digests, scores = FileTexts.of(paths), [_NONE], [np.zeros(0)]

    def plain() -> Iterator[str]:
        for _, tables in texts.tables():
            for table in tables:
                found = score(table)
                usable = found.measurable & (find_digests(found.digests, trained) < 0)
                digests.append(found.digests[usable])
                scores.append(found.scores[usable])
                yield from table.column("text").to_pylist()

    bands = read_bands(make_bands({_HUMAN: plain()}, tokenizer, window=window), _HUMAN)
    every, first = np.unique(np.concatenate(digests), axis=0, return_index=True)
    values = np.concatenate(scores)[first]
    if len(values) < LEAST_KNOWN:
        raise InputError(
            f"found {len(values):,} human documents of {MIN_WORDS} words of English prose or more, "
            f"expected at least {LEAST_KNOWN}",
            hint="--human PATH takes a folder of text that you know people wrote",
        )
    root = content_root(row.tobytes() for row in every)
    return Known(
        (KnownText(_named(paths), values, bands.sources[_HUMAN]),),
        f"sha256:{root.hex()}"[:19],
        None,
        every,
        np.zeros((0, 32), np.uint8),
        _notes(bands.sources),
    )


def _named(paths: Sequence[Path]) -> str:
    return f"{paths[0]}{f' and {len(paths) - 1} more' if len(paths) > 1 else ''}"


def known_of_profile(
    log: Log, profile: Profile, tokenizer: Tokenizer, source: str | None = None
) -> Known:
    """The sources of a calibration, or the one that is named.

    Raises UnknownNameError for a source that it has not, InputError for a calibration of another
    detector or tokenizer, VerificationError for bands that are none.
    """
    body, label = profile.body, printable(profile.label)
    if body.source != OURS:
        raise InputError(
            f"calibration {label} is of {printable(body.source)}, expected one of {OURS}",
            hint="batches are scored by the detector that comes with the package",
        )
    samples = profile.calibration.human
    if source is not None and source not in samples:
        raise UnknownNameError("source", source, samples)
    bands = _bands(log, profile)
    if bands is not None and bands.tokenizer != tokenizer.identity:
        raise InputError(
            f"tokenizer {tokenizer.identity}, expected {printable(bands.tokenizer)}, that of "
            f"calibration {label}",
            hint="measures of one tokenizer say nothing beside another's",
        )
    found = {} if bands is None else bands.sources
    chosen = {
        name: KnownText(name, sample.measurable().scores, found.get(name))
        for name, sample in samples.items()
        if source in (None, name)
    }
    dated = {one.source for one in body.human if one.before or one.reserve_root}
    return Known(
        tuple(chosen.values()),
        label,
        profile.claim_id,
        profile.documents,
        distinct(np.concatenate([_NONE, *(profile.members[name] for name in sorted(dated))])),
        _notes({name: one.bands for name, one in chosen.items()}),
    )


def _bands(log: Log, profile: Profile) -> Bands | None:
    digest = profile.body.bands
    if digest is None:
        return None
    data = None if log.vault is None else log.vault.attachment(parse_digest(digest))
    return None if data is None else read_bands(data, f"entry {profile.index}: bands")


def _notes(bands: Mapping[str, SourceBands | None]) -> tuple[str, ...]:
    without = [name for name, one in bands.items() if one is None or not one.sizes]
    if not without:
        return ()
    return (
        f"no bands of {', '.join(printable(name, 60) for name in sorted(without)[:3])}: too little "
        f"text for windows; {WINDOW:,} words in each of ten are enough",
    )


_HUMAN = "human"
_NONE = np.zeros((0, 32), np.uint8)
