"""Evidence checked again, offline: from the stored proofs, and from what a person brings along.

Each live claim is looked at anew. One that no longer holds is taken back and a failed one recorded
in its place; what comes out differently replaces what was said; new evidence is added. What cannot
be checked here (an input that is gone, a key that is not pinned, a signer whom the given pin does
not name) is left as it is, and said.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.claims import Evidence as EvidenceBody
from ledger.claims import Withdrawal
from ledger.corpus.dataset import Description, load_description, parse_dataset_name
from ledger.corpus.dating import evidence_claims, evidence_tables, record_in_batches
from ledger.corpus.evidence import Checker, Evidence, NotCheckedError, Reading, checkers
from ledger.corpus.evidence._subject import Subject
from ledger.corpus.inputs import Input
from ledger.corpus.readers import readers
from ledger.corpus.texts import TextSource, text_sources
from ledger.errors import (
    InputError,
    LedgerError,
    MalformedError,
    MissingExtraError,
    RefusedError,
    UnknownNameError,
    UntrustedSignerError,
    VerificationError,
    printable,
)
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import OPERATOR, Claim
from ledger.provenance.documents import find_dataset
from ledger.provenance.evidence import Proven, dated_documents, recorded_evidence
from ledger.provenance.findings import (
    NOT_CHECKED,
    NOTHING,
    OTHER_SIGNER,
    Finding,
    Verified,
    found,
    said,
    told,
    unavailable,
)
from ledger.provenance.policy import DEFAULT_CUTOFF

__all__ = ["verify_evidence"]

_UNAVAILABLE = (NotCheckedError, MissingExtraError, InputError, RefusedError)

Progress = Callable[[int, int, int], None]
"""Hears (bytes done, bytes in all, pieces of evidence so far)."""


def verify_evidence(
    log: Log,
    dataset: str,
    *,
    roots: Sequence[Path] = (),
    pins: Mapping[str, Path] | None = None,
    describe_with: Path | None = None,
    recording: bool = True,
    progress: Progress | None = None,
) -> Verified:
    """Check a dataset's evidence again and, if `recording`, record what came out differently.

    `pins` say whom to trust, by the settings' names; `describe_with` is a dataset.toml whose
    `[[evidence]]` tables are looked at too. Raises UnknownNameError, InputError for a pin or a
    description that cannot be read, and what recording raises.
    """
    find_dataset(log.connection, dataset)
    description = None
    if describe_with is not None:
        description = load_description(describe_with, parse_dataset_name(dataset))
    absent: dict[bytes, LedgerError] = {}
    sources = text_sources(log, dataset, roots, absent)
    with TemporaryDirectory(prefix="headwater-evidence-") as folder:
        walk = _Walk(log, dict(pins or {}), description, Path(folder))
        walk.run(sources, absent, recorded_evidence(log, dataset), progress)
    new = 0
    if walk.claims and recording:
        done = record_in_batches(log, walk.claims, walk.attachments)
        new = sum(item.new for item in done)
    return Verified(
        dataset,
        tuple(walk.findings),
        new,
        dated_documents(log.connection, dataset),
        dated_documents(log.connection, dataset, DEFAULT_CUTOFF),
    )


class _Walk:
    """One pass over the inputs: what was found, and what is to be recorded of it."""

    def __init__(
        self, log: Log, pins: Mapping[str, Path], description: Description | None, folder: Path
    ) -> None:
        self._log, self._description, self._folder = log, description, folder
        self._pins = {name: str(path.absolute()) for name, path in pins.items()}
        self._checkers = checkers()
        for checker in self._checkers.values():  # a pin that cannot be read is the asker's slip
            getattr(checker, "check_pins", lambda _: None)(self._pinned(checker))
        self.findings: list[Finding] = []
        self.claims: list[Claim] = []
        self.attachments: list[bytes] = []

    def run(
        self,
        sources: Sequence[TextSource],
        absent: Mapping[bytes, LedgerError],
        recorded: Sequence[Proven],
        progress: Progress | None,
    ) -> None:
        total, done = sum(source.size for source in sources), 0
        for source in sources:
            subject = Subject(source.path, Reading(source.reader, source.options))
            about = [p for p in recorded if p.input == f"sha256:{source.digest.hex()}"]
            self._look(source, subject, about)
            done += source.size
            if progress is not None:
                progress(done, total, len(self.findings))
        for proven in recorded:
            gone = absent.get(parse_digest(proven.input))
            if gone is not None:
                self._leave(proven, "", said(gone))
            elif proven.elsewhere:
                self._leave(proven, "", f"it is about {proven.input}, an input of another dataset")
        named = {proven.input for proven in recorded}
        for digest, reason in absent.items():
            if f"sha256:{digest.hex()}" not in named:
                self.findings.append(unavailable("", digest, NOTHING, said(reason)))

    def _look(self, source: TextSource, subject: Subject, about: Sequence[Proven]) -> None:
        """Everything about one input that is at hand."""
        place = str(source.path)
        try:
            changed = subject.digest != source.digest
            words = f"the input now has SHA-256 {subject.digest.hex()}, recorded was another"
        except LedgerError as error:
            changed, words = True, said(error)
        if changed:
            words += "; what was recorded stays, about the bytes it was about"
            self.findings += [told(place, proven, "failed", words) for proven in about]
            if not about:
                self.findings.append(unavailable(place, source.digest, NOTHING, words))
            return
        fresh = self._described(source)
        for proven in about:
            self._again(source, proven, fresh.pop((proven.type, proven.proof), None))
        for evidence in (*fresh.values(), *self._alone(source, about)):
            self._record(evidence_claims(source.digest, evidence), evidence)
            self.findings.append(found(place, source.digest, evidence, None, True))

    # --- what a person brings along

    def _described(self, source: TextSource) -> dict[tuple[str, str | None], Evidence]:
        """What the description's evidence tables give, by type and proof."""
        fresh: dict[tuple[str, str | None], Evidence] = {}
        description = self._description
        if description is None:
            return fresh
        item = Input(source.path, readers()[source.reader], source.size)
        for table, only in evidence_tables(description, item, source.options):
            if table.type not in self._checkers:
                raise UnknownNameError("type of evidence", table.type, self._checkers)
            checker = self._checkers[table.type]
            settings = table.settings | self._pinned(checker)
            try:
                evidence = self._check(checker, source, settings, description.base, only)
            except UntrustedSignerError as error:
                self._other_signer(source, table.type, error)
                continue
            except VerificationError as error:
                evidence = _failed(checker, error)
            except (NotCheckedError, MissingExtraError) as error:
                self.findings.append(
                    unavailable(str(source.path), source.digest, table.type, said(error))
                )
                continue
            key = table.type, _proof_of(evidence)
            fresh[key] = _both(fresh[key], evidence) if key in fresh else evidence
        return fresh

    def _alone(self, source: TextSource, about: Sequence[Proven]) -> Iterator[Evidence]:
        """Evidence that the pins alone give, where the input has none of its type yet."""
        present = {proven.type for proven in about}
        for checker in self._checkers.values():
            pinned = self._pinned(checker)
            if not getattr(checker, "alone", False) or checker.name in present or not pinned:
                continue
            try:
                yield self._check(checker, source, pinned)
            except UntrustedSignerError as error:
                self._other_signer(source, checker.name, error)
            except VerificationError as error:
                yield _failed(checker, error)
            except _UNAVAILABLE as error:
                self.findings.append(
                    unavailable(str(source.path), source.digest, checker.name, said(error))
                )

    def _other_signer(self, source: TextSource, type: str, error: LedgerError) -> None:
        """New evidence under a pin that does not name its signer: the pin may be the slip."""
        place, why = str(source.path), said(error)
        self.findings.append(unavailable(place, source.digest, type, why, OTHER_SIGNER))

    def _pinned(self, checker: Checker) -> dict[str, str]:
        return {name: self._pins[name] for name in checker.pins if name in self._pins}

    @staticmethod
    def _check(
        checker: Checker,
        source: TextSource,
        settings: Mapping[str, str],
        base: Path = Path(),
        only: str | None = None,
    ) -> Evidence:
        reading = Reading(source.reader, source.options, only)
        return checker.check(source.path, settings, base, reading)

    # --- what was recorded

    def _again(self, source: TextSource, proven: Proven, fresh: Evidence | None) -> None:
        """One recorded piece, from its stored proof unless `fresh` has looked at it just now."""
        place, described = str(source.path), fresh is not None
        if fresh is None:
            stored = self._stored(proven)
            try:
                fresh = self._from_proof(source, proven, stored)
            except UntrustedSignerError as error:
                self._leave(proven, place, said(error), OTHER_SIGNER)
                return
            except VerificationError as error:
                self._refute(place, proven, proven.claims, said(error))
                return
            except MalformedError:  # a pin that is none
                raise
            except _UNAVAILABLE as error:
                self._leave(proven, place, said(error))
                return
        was_checked = any(entry.body["outcome"] == "checked" for _, entry in proven.claims)
        if was_checked and fresh.outcome == "asserted":
            missing = [
                f"--{name.replace('_', '-')} FILE"
                for name in self._checkers[proven.type].pins
                if name not in self._pins
            ]
            if missing:
                self._leave(proven, place, f"needs {' or '.join(missing)}")
                return
        self._compare(source, proven, fresh, described)

    def _stored(self, proven: Proven) -> bytes | None:
        """The proof. Raises VerificationError where the vault holds other bytes than recorded."""
        vault = self._log.vault
        if vault is None or proven.proof is None:
            return None
        return vault.attachment(parse_digest(proven.proof))

    def _from_proof(self, source: TextSource, proven: Proven, stored: bytes | None) -> Evidence:
        checker = self._checkers.get(proven.type)
        if checker is None:
            raise NotCheckedError(f"no program here checks {printable(proven.type, 60)}")
        if _only_said(checker):
            raise NotCheckedError("somebody's word, which nothing checks")
        settings = self._pinned(checker)
        if checker.proof_setting is not None:
            if stored is None:
                raise NotCheckedError("its proof is not in the vault")
            file = self._folder / "proof"
            file.write_bytes(stored)
            settings[checker.proof_setting] = str(file)
        try:
            fresh = self._check(checker, source, settings)
        except MalformedError as error:
            if error.path in self._pins.values():
                raise  # what the person gave, not what was stored
            raise VerificationError(str(error)) from error
        # who answered was told when it was recorded, and is no part of every proof
        return replace(fresh, issuer=fresh.issuer or proven.claims[0][1].body.get("issuer"))

    def _compare(
        self, source: TextSource, proven: Proven, fresh: Evidence, described: bool
    ) -> None:
        """Claims as recorded against claims as they would be made now.

        A stored proof that no longer names a file refutes the claim about it; a description that
        leaves it out does not.
        """
        now = {c.subject: c for c in evidence_claims(source.digest, fresh)}
        lost = [(i, e) for i, e in proven.claims if e.subject not in now]
        kept = [(i, e) for i, e in proven.claims if e.subject in now]
        replaced = [(i, e) for i, e in kept if now[e.subject].body.plain() != e.body]
        said = {e.subject for _, e in kept} - {e.subject for _, e in replaced}
        added = [claim for subject, claim in now.items() if subject not in said]
        reason = "another outcome when checked again"
        self.claims += [_withdrawal(entry, reason) for _, entry in replaced if _ours(entry)]
        self._record(added, fresh)
        place = str(source.path)
        if lost and not described:
            self._refute(place, proven, lost, "the proof does not name it")
        if kept or added:
            changed = bool(replaced or added)
            first = proven.claims[0][0]
            self.findings.append(found(place, source.digest, fresh, first, changed))

    def _record(self, claims: Sequence[Claim], fresh: Evidence) -> None:
        self.claims += claims
        if claims and fresh.response is not None and fresh.response not in self.attachments:
            self.attachments.append(fresh.response)

    def _refute(
        self, place: str, proven: Proven, claims: Sequence[tuple[int, Entry]], why: str
    ) -> None:
        """Take claims back and say that they failed."""
        checker = self._checkers.get(proven.type)
        standing = [(i, e) for i, e in claims if e.body["outcome"] != "failed"]
        for _, entry in standing:
            body = EvidenceBody(
                type=proven.type,
                binding=entry.body["binding"],
                outcome="failed",
                checker=_name(checker) if checker is not None else entry.body["checker"],
                issuer=entry.body.get("issuer"),
                input=entry.body.get("input"),
                proof=proven.proof,
            )
            if _ours(entry):
                self.claims.append(_withdrawal(entry, "failed when checked again"))
            self.claims.append(Claim("evidence", entry.subject, body))
        foreign = sum(not _ours(entry) for _, entry in standing)
        if foreign:
            why += f"; {foreign} of its claims are another's, who alone can take them back"
        self.findings.append(told(place, proven, "failed", why, claims, bool(standing)))

    def _leave(self, proven: Proven, place: str, why: str, outcome: str = NOT_CHECKED) -> None:
        """A recorded piece that cannot be checked here and now; what was asserted stays so."""
        standing = {str(entry.body["outcome"]) for _, entry in proven.claims}
        checker = self._checkers.get(proven.type)
        if checker is not None and _only_said(checker) and standing == {"asserted"} and place:
            self.findings.append(told(place, proven, "asserted", why))
            return
        recorded = f"recorded as {', '.join(sorted(standing))}, not checked again: "
        self.findings.append(told(place, proven, outcome, recorded + why))


def _only_said(checker: Checker) -> bool:
    """Whether there is neither a proof nor anybody to trust: a person's word."""
    return checker.proof_setting is None and not checker.pins


def _ours(entry: Entry) -> bool:
    return entry.actor == OPERATOR


def _withdrawal(entry: Entry, reason: str) -> Claim:
    return Claim("withdrawal", entry.subject, Withdrawal(claim=entry.claim_id, reason=reason))


def _failed(checker: Checker, error: LedgerError) -> Evidence:
    return Evidence(checker.name, "exact_bytes", "failed", _name(checker), said(error))


def _both(one: Evidence, other: Evidence) -> Evidence:
    """What two tables with one proof say of a folder: each about its own files."""
    if one.documents is None or other.documents is None:
        return other
    dates = one.existed_by, other.existed_by
    return replace(
        other,
        documents={**one.documents, **other.documents},
        existed_by=next((date for date in dates if date is not None), None),
    )


def _name(checker: Checker) -> str:
    return f"{checker.name}/{checker.version}"


def _proof_of(evidence: Evidence) -> str | None:
    digest = evidence.response_digest
    return f"sha256:{digest.hex()}" if digest is not None else None
