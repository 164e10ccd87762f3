"""A dataset × registered marks: tokenized once a tokenizer, scanned, decided, recorded.

map → combine → decide. What was looked for and not found is one entry; what was found in a document
is a claim about it. The texts are read where the ledger found them; sidecars of token ids and of
results lie beside it, in a folder that only its owner may enter: the results say how strongly each
mark was found. No key is in them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger.claims import Scan as ScanBody
from ledger.claims import ScannedMark
from ledger.corpus.neardup.side import Digests, distinct, find_digests
from ledger.engines import Scan, Sidecar, Workers, content_root, run, split
from ledger.errors import DocumentMismatchError, InputError
from ledger.log.canonical import encode, subject_of
from ledger.log.log import MAX_BATCH, Log
from ledger.log.record import Claim, Recorded, record
from ledger.provenance.marks import BUCKETS, bucket_milli
from ledger.provenance.overlap import Reference, dataset_reference, sidecar_folder
from ledger.watermarks.scanning.claims import Hit, claims_of, unicode_claim
from ledger.watermarks.scanning.decide import MAX_MARKS, Decisions, decide, least_units
from ledger.watermarks.scanning.hits import Read, read_hits
from ledger.watermarks.scanning.many import hot_count
from ledger.watermarks.scanning.mapping import VERSION, TokenSource, detecting
from ledger.watermarks.scanning.sample import (
    BUDGET,
    Corpus,
    hot_tokens,
    pooled,
    survey,
    take_sample,
)
from ledger.watermarks.scanning.targets import ScanTarget, by_tokenizer
from ledger.watermarks.tokenization import Tokenizer, read_digests, token_scan, tokenize
from ledger.watermarks.unicode_marks import UnicodeMark, kinds_version

__all__ = ["ALPHA_MILLI", "FDR_MILLI", "FoundMark", "Scanned", "scan_dataset"]

Progress = Callable[[str, int, int, int], None]
"""Hears (what is being done, jobs done, jobs in all, documents so far)."""

ALPHA_MILLI = 9_000
"""-log10 of α per document, in thousandths: shared by the marks that are looked for."""

FDR_MILLI = 2_000
"""-log10 of the level at which e-BH controls false discoveries in a corpus, in thousandths."""

_ALPHAS = (BUCKETS[0], 300_000)  # above, a detection would not be one to any policy
_RATES = (1_000, 300_000)  # e-values of pairs that are not listed stay below 10
_STRIPE = 64 << 20


@dataclass(frozen=True)
class FoundMark:
    """What a scan says of one mark. `pooled` is ln p of the sample as one text."""

    target: ScanTarget
    detected: int
    undecidable: int
    least: int
    fdr: int
    pooled_units: int
    pooled: float


@dataclass(frozen=True)
class Scanned:
    """A scan, and the entry that says so; `new` is False if it already stood.

    `outcomes` and `unicode` count distinct documents; `claims` were made about documents, `fresh`
    of them for the first time.
    """

    dataset: str
    root: bytes
    results: bytes
    documents: int
    tokens: int
    alpha_milli: int
    marks: tuple[FoundMark, ...]
    outcomes: Mapping[str, int]
    unicode: Mapping[str, int]
    hits: tuple[tuple[ScanTarget, Hit], ...]
    claims: int
    fresh: int
    entry: int
    new: bool


def scan_dataset(
    log: Log,
    dataset: str,
    targets: Sequence[ScanTarget],
    tokenizers: Sequence[Tokenizer],
    *,
    alpha_milli: int = ALPHA_MILLI,
    fdr_milli: int = FDR_MILLI,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Scanned:
    """Look for marks in every document of `name@version`, and record what came of it.

    `tokenizers` must hold the one that each mark names. The same scan again records nothing new.
    Raises InputError for no or too many marks and for a tokenizer that is not there,
    UnknownNameError and DocumentMismatchError as reading the texts does; what recording raises.
    """
    if not 1 <= len(targets) <= MAX_MARKS:
        raise InputError(
            f"{len(targets)} marks, expected 1 to {MAX_MARKS} a scan",
            hint="name some of them and scan for the rest afterwards",
        )
    for what, milli, (low, high) in (
        ("alpha", alpha_milli, _ALPHAS), ("false discovery rate", fdr_milli, _RATES)
    ):  # fmt: skip
        if not low <= milli <= high:
            bounds = f"1e-{low // 1000} to 1e-{high // 1000}"
            raise InputError(
                f"{what}: found 1e-{milli / 1000:g}, expected {bounds}",
                hint="a level is a risk of being wrong: the smaller, the surer what is found",
            )
    groups = by_tokenizer(targets)
    known = {tokenizer.definition: tokenizer for tokenizer in tokenizers}
    for group in groups:
        _check_tokenizer(group[0], known)
    run_ = _Run(log, dataset, roots, workers, progress, alpha_milli, fdr_milli, len(targets))
    return run_.scan(groups, known)


def _check_tokenizer(target: ScanTarget, known: Mapping[str, Tokenizer]) -> None:
    if target.tokenizer not in known:
        found = ", ".join(sorted(known)) or "none"
        raise InputError(
            f"mark {target.name}: tokenizers given: {found}, expected {target.tokenizer}",
            hint="the fingerprint is of the tokenizer's definition; ids of another one say nothing",
        )


@dataclass(frozen=True)
class _Group:
    """The marks of one tokenizer, with what was scanned for them."""

    targets: Sequence[ScanTarget]
    least: Sequence[int]
    pooled: Sequence[tuple[int, float]]
    scan: Scan
    results: Sequence[Sidecar]
    corpus: Corpus


@dataclass(frozen=True)
class _Run:
    """One scan's settings."""

    log: Log
    dataset: str
    roots: Sequence[Path]
    workers: Workers
    progress: Progress | None
    alpha_milli: int
    fdr_milli: int
    keys: int

    def scan(
        self, groups: Sequence[Sequence[ScanTarget]], known: Mapping[str, Tokenizer]
    ) -> Scanned:
        ours = dataset_reference(self.log, self.dataset, self.roots)
        done, flagged = [], np.zeros((0, 32), np.uint8)
        for targets in groups:
            tokens = self._tokenize(ours, known[targets[0].tokenizer])
            corpus = survey([sidecar for sidecar, _ in tokens], ours.members)
            if len(corpus.digests) != ours.documents:
                raise DocumentMismatchError(
                    f"{self.dataset}: {len(corpus.digests):,} documents found in its inputs, "
                    f"expected {ours.documents:,}",
                    hint="an input was changed, or is read in another way than it was",
                )
            flagged = _flagged([sidecar for sidecar, _ in tokens], corpus)
            done.append(self._scan_group(targets, tokens, corpus))
        decisions = decide(
            done[0].corpus,
            [(group.results, group.least) for group in done],
            alpha_milli=self.alpha_milli,
            fdr_milli=self.fdr_milli,
        )
        ordered = [target for targets in groups for target in targets]
        read = read_hits(decisions, ordered, known, ours.sources, flagged)
        return self._record(ours, done, decisions, read)

    def _tokenize(self, ours: Reference, tokenizer: Tokenizer) -> list[tuple[Sidecar, str]]:
        """Token ids of every source, with the digest of the scan that made them."""
        folder = sidecar_folder(self.log.location)
        sources = [part for source in ours.sources for part in split(source, _STRIPE)]
        sidecars = tokenize(
            tokenizer,
            sources,
            folder,
            workers=self.workers,
            progress=self._phase("tokenizing"),
        )
        digest = token_scan(tokenizer, folder).digest
        return [(sidecar, digest) for sidecar in sidecars]

    def _scan_group(
        self, targets: Sequence[ScanTarget], tokens: Sequence[tuple[Sidecar, str]], corpus: Corpus
    ) -> _Group:
        marks = [target.open() for target in targets]
        least = [least_units(mark, self.alpha_milli, self.keys) for mark in marks]
        sample = take_sample([sidecar for sidecar, _ in tokens], corpus)
        scan = detecting(targets, least, hot_tokens(sample, hot_count(marks)))
        results = run(
            scan,
            [TokenSource(sidecar, digest) for sidecar, digest in tokens],
            sidecar_folder(self.log.location),
            workers=self.workers,
            progress=self._phase("looking for marks"),
        )
        whole = [pooled(sample, mark) for mark in marks]
        return _Group(targets, least, whole, scan, results, corpus)

    def _record(
        self, ours: Reference, groups: Sequence[_Group], decisions: Decisions, read: Read
    ) -> Scanned:
        found = _found(groups, decisions)
        unicode = Counter(
            kind for marks in read.unicode.values() for kind in {mark.kind for mark in marks}
        )
        results = content_root(sidecar for group in groups for sidecar in group.results)
        body = ScanBody(
            dataset=self.dataset,
            content_root=f"sha256:{ours.root.hex()}",
            scan="watermark",
            version=VERSION,
            parameters=self._parameters(groups),
            results=f"sha256:{results.hex()}",
            documents=ours.documents,
            tokens=sum(group.corpus.tokens for group in groups),
            alpha_milli=self.alpha_milli,
            fdr_milli=self.fdr_milli,
            outcomes=decisions.outcomes,
            marks=[_scanned(mark) for mark in found],
            unicode=dict(sorted(unicode.items())),
        )
        claims = claims_of(read.hits, self.log.vault, keys=self.keys, alpha_milli=self.alpha_milli)
        for document, marks in read.unicode.items():
            claims += _unicode_claims(document, marks)
        name, _, version = self.dataset.rpartition("@")
        claims.append((Claim("scan", subject_of("dataset", name, version), body), None))
        recorded = _recorded(self.log, claims)
        return Scanned(
            dataset=self.dataset,
            root=ours.root,
            results=results,
            documents=ours.documents,
            tokens=body.tokens,
            alpha_milli=self.alpha_milli,
            marks=found,
            outcomes=decisions.outcomes,
            unicode=body.unicode,
            hits=read.hits,
            claims=len(claims) - 1,
            fresh=sum(item.new for item in recorded[:-1]),
            entry=recorded[-1].index,
            new=recorded[-1].new,
        )

    def _parameters(self, groups: Sequence[_Group]) -> str:
        settings = {
            "alpha_milli": self.alpha_milli,
            "fdr_milli": self.fdr_milli,
            "keys": self.keys,
            "sample_tokens": BUDGET,
            "scans": [group.scan.digest for group in groups],
            "unicode": kinds_version(),
        }
        return f"sha256:{sha256(encode(settings)).hexdigest()}"

    def _phase(self, what: str) -> Callable[[int, int, int], None] | None:
        return None if self.progress is None else partial(self.progress, what)


def _recorded(log: Log, claims: Sequence[tuple[Claim, bytes | None]]) -> list[Recorded]:
    """Record claims in batches; the scan's own entry comes last, when all it speaks of is there."""
    done: list[Recorded] = []
    for start in range(0, len(claims), MAX_BATCH):
        batch = claims[start : start + MAX_BATCH]
        attached = [data for _, data in batch if data is not None]
        done += record(log, [claim for claim, _ in batch], attachments=attached)
    return done


def _flagged(sidecars: Sequence[Sidecar], corpus: Corpus) -> Digests:
    """Members that bear Unicode marks, by digest."""
    found = [np.zeros((0, 32), np.uint8)]
    for sidecar in sidecars:
        for table in sidecar.tables(["sha256", "marks"]):
            some = table.filter(pa.compute.greater(table.column("marks"), 0))
            found.append(read_digests(some))
    every = distinct(np.concatenate(found))
    return every[find_digests(every, corpus.digests) >= 0]


def _found(groups: Sequence[_Group], decisions: Decisions) -> tuple[FoundMark, ...]:
    targets = [target for group in groups for target in group.targets]
    whole = [item for group in groups for item in group.pooled]
    return tuple(
        FoundMark(target, tally.detected, tally.undecidable, tally.least, tally.fdr, units, log_p)
        for target, tally, (units, log_p) in zip(targets, decisions.tallies, whole, strict=True)
    )


def _scanned(found: FoundMark) -> ScannedMark:
    milli = int(np.floor(-found.pooled / np.log(10) * 1000))
    return ScannedMark(
        mark=found.target.subject,
        state=found.target.state,
        detected=found.detected,
        undecidable=found.undecidable,
        least=found.least,
        fdr=found.fdr,
        pooled_milli=milli if found.target.public else bucket_milli(milli),
        calibration=found.target.calibration,
    )


def _unicode_claims(
    document: str, marks: Sequence[UnicodeMark]
) -> list[tuple[Claim, bytes | None]]:
    made: list[tuple[Claim, bytes | None]] = []
    for kind in sorted({mark.kind for mark in marks}):
        same = [mark for mark in marks if mark.kind == kind]
        ranges = [(mark.start, mark.end) for mark in same]
        count = sum(mark.count for mark in same)
        made.append(unicode_claim(document, _UNICODE_DETECTOR, kind, ranges, count))
    return made


_UNICODE_DETECTOR = f"headwater unicode marks {kinds_version()}"[:200]
