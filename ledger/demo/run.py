"""`headwater demo`: two corpora through the whole tool, in a folder of their own.

Two pinned source archives are fetched. The older is sealed with what dates it; the newer is mixed
with drafts that bear a watermark, compared with the older, searched for the mark, and certified.
Without a network the texts that installed packages brought along stand in, dated today because they
were found today, and the result says so. Nothing outside the folder is written, and the user's keys
are not touched.
"""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ledger.certificates.issue import Issued, certify
from ledger.certificates.open import verify_certificate
from ledger.certificates.report import Report
from ledger.corpus.ingest import Noted, ingest
from ledger.corpus.releases import NotFetchedError, Release, fetch_releases
from ledger.demo.corpora import described, installed
from ledger.demo.marked import Marked, add_drafts, search
from ledger.demo.selected import Selected, select_documents
from ledger.demo.written import CHART, Share, add_texts, measure_share
from ledger.errors import InputError, StorageError, printable
from ledger.log.keys import KeyRing
from ledger.log.verify import LogReport, verify_log
from ledger.provenance.datasets import ShownDataset, show_dataset
from ledger.provenance.documents import find_dataset
from ledger.provenance.evidence import Piece, list_evidence
from ledger.provenance.labels import LabelCount, count_labels
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.provenance.overlap import Measured, measure
from ledger.provenance.policy import load_policy
from ledger.provenance.rules import Policy
from ledger.reserves.opening.open import verify_reserve
from ledger.reserves.opening.recorded import TrustedKeys
from ledger.reserves.opening.report import Report as ReserveReport
from ledger.reserves.sealing.seal import Sealed, seal
from ledger.reserves.selection.rule import make_rule

__all__ = ["MARKER", "PINNED", "Demo", "run_demo"]

MARKER = "headwater-demo.txt"
_MARKED = """Made by `headwater demo`; running it here again replaces all of it but downloads/.

ledger.db         the ledger; ledger.vault.db beside it holds private values, such as paths
config/           the demo's own keys
batches.svg       batches of the newer corpus beside the older: scores, entropy, repetition
certificate/      the certificate: open certificate.html
selected/         a manifest: documents of both corpora in controlled shares, with their texts
sealed/           the reserve: the older corpus, with its text and what dates it; read-only
writer/           a tokenizer trained here, drafts with and without its watermark, other AI text
downloads/        what was fetched, and the index page that lists it
texts/            texts of installed packages, where nothing could be fetched
"""
_MADE = (
    "certificate", "config", "ledger.db.sidecars", "ledger.db.staging", "sealed", "selected",
    "texts", "writer",
)  # fmt: skip
_POLICY = "clean-strict"
_RESERVE = "demo"


PINNED = (
    Release(
        "django",
        "4.1",
        "Django-4.1.tar.gz",
        "032f8a6fc7cf05ccd1214e4a2e21dfcd6a23b9d575c6573cacc8c67828dbe642",
    ),
    Release(
        "django",
        "5.2",
        "Django-5.2.tar.gz",
        "1a47f7a7a3d43ce64570d350e008d2949abe8c7e21737b351b6a1611277c6d89",
    ),
)


@dataclass(frozen=True)
class Demo:
    """What the demo did. `instead` says why nothing was fetched, None where it was.

    `sealed` holds `first`, as `reserve` found it; `overlap` is of `second` against `first`;
    `mark` is the one that drafts in `second` bear; `share` is how much of it is AI text.
    `selected` is a manifest of both. `evidence` is what was found out about the inputs' dates,
    `dated` the same as recorded of each.
    """

    folder: Path
    instead: str | None
    first: ShownDataset
    second: ShownDataset
    dated: tuple[tuple[Piece, ...], tuple[Piece, ...]]
    sealed: Sealed
    reserve: ReserveReport
    overlap: Measured
    mark: Marked
    share: Share
    selected: Selected
    policy: Policy
    labels: tuple[LabelCount, ...]
    verified: LogReport
    issued: Issued
    certificate: Report
    evidence: tuple[Noted, ...]
    seconds: float


def run_demo(
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
    releases: tuple[Release, ...] = PINNED,
) -> Demo:
    """Run the demo in `folder`, which is new, empty, or an earlier demo's.

    Raises InputError if something else lies there, VerificationError if an archive or index is
    not what it must be, StorageError.
    """
    began = time.monotonic()
    _prepare(folder)
    instead = None
    try:
        fetched = fetch_releases(folder / "downloads", releases, say)
        corpora = [described(folder / "downloads", release, fetched) for release in releases]
    except NotFetchedError as reason:
        instead = str(reason)
        say(f"nothing fetched: {instead}")
        say("using text already on this machine: what installed packages say of themselves")
        corpora = installed(folder / "texts")
    ring = KeyRing(folder / "config")
    location = str(folder / "ledger.db")
    create_ledger(location, keys=ring)
    policy = load_policy(_POLICY)
    with open_ledger(location, write=True, keys=ring) as log:
        names: list[str] = []
        evidence: list[Noted] = []
        for corpus in corpora:
            say(f"ingesting {corpus.input}")
            found = ingest(log, [corpus.input], describe_with=corpus.description)
            names.append(found.dataset)
            evidence += found.evidence
        first, second = names
        say(f"sealing {first}")
        dated = tuple(list_evidence(log, first)), tuple(list_evidence(log, second))
        rule = make_rule(
            log,
            _RESERVE,
            datasets=[first],
            before=(policy.cutoff if instead is None else _tomorrow()).isoformat(),
            allow_asserted=all(piece.outcome != "checked" for piece in dated[0]),
        )
        sealed = seal(log, rule, folder / "sealed")
        say(f"writing drafts with a watermark, and without, into {second}")
        drafts = add_drafts(log, first, corpora[1], folder / "writer")
        say(f"mixing texts that a language model wrote into {second}")
        add_texts(log, corpora[1], folder / "writer" / "written")
        say(f"comparing every document of {second} with every one of {first}")
        measured = measure(log, second, first)
        say(f"looking for the watermark in {_RESERVE} and in {second}")
        mark = search(log, second, _RESERVE, drafts)
        say(f"measuring how much of {second} resembles AI text")
        share = measure_share(log, second, _RESERVE, folder / "writer")
        say(f"drawing a manifest of {second} and the reserve, and reading it")
        selected = select_documents(log, second, f"{_RESERVE}@1", folder / "selected")
        say(f"certifying {second}")
        issued = certify(log, second, folder / "certificate", policy=policy)
        say("verifying the ledger, the seal and the certificate")
        verified = verify_log(log)
        keys = TrustedKeys(ring.verifiers("log"), ring.verifiers("statement"))
        reserve = verify_reserve(folder / "sealed", keys, log)
        report = verify_certificate(folder / "certificate", keys.log, keys.statement, log)
        return Demo(
            folder=folder,
            instead=instead,
            first=show_dataset(log, first),
            second=show_dataset(log, second),
            dated=dated,
            sealed=sealed,
            reserve=reserve,
            overlap=measured,
            mark=mark,
            share=share,
            selected=selected,
            policy=policy,
            labels=tuple(
                count_labels(log.connection, policy, find_dataset(log.connection, second))
            ),
            verified=verified,
            issued=issued,
            certificate=report,
            evidence=tuple(evidence),
            seconds=time.monotonic() - began,
        )


def _prepare(folder: Path) -> None:
    """Make room for a new run; never touches a folder that no demo made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        marker = folder / MARKER
        if not marker.exists() and any(folder.iterdir()):
            raise InputError(
                f"{printable(folder)}: found other files, expected an empty folder",
                hint="name another folder with -o",
            )
        marker.write_text(_MARKED)
        for name in _MADE:
            if (folder / name).exists():
                _remove(folder / name)
        (folder / CHART).unlink(missing_ok=True)
        for file in (*folder.glob("ledger.db*"), *folder.glob("ledger.vault.db*")):
            file.unlink()
        (folder / "downloads").mkdir(exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{printable(error.filename or folder)}: {(error.strerror or str(error)).lower()}",
            hint="name another folder with -o",
        ) from error


def _remove(folder: Path) -> None:
    """Remove a folder whose folders may be read-only, as a seal's are."""
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o700)
    shutil.rmtree(folder)


def _tomorrow() -> date:
    return datetime.now(UTC).date() + timedelta(days=1)
