"""Verifies a manifest's folder: signature, every part and text, and its entry if the log is here.

Levels: 1 signature and rows, 2 the statement is in the ledger, by the proof in the folder or the
ledger itself, 3 the ledger chooses the same rows again, 4 every text hashed.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ledger.errors import ForkError, VerificationError, printable
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.manifests.building.recompute import recompute
from ledger.manifests.building.said import tool
from ledger.manifests.croissant import format_croissant
from ledger.manifests.exports.statement import EXPORT
from ledger.manifests.loading.manifest import Manifest
from ledger.manifests.names import CROISSANT, ENTRY, MANIFEST, PROOF, SHARDS, STRATA
from ledger.manifests.opening.files import read_named
from ledger.manifests.opening.open import open_manifest
from ledger.manifests.opening.receipt import Receipt, check_receipt
from ledger.manifests.recorded import manifests
from ledger.manifests.shards import parse_shards
from ledger.manifests.since import count_taken_down, superseded_by
from ledger.manifests.statement import Statement
from ledger.manifests.words import above_lines, below_lines
from ledger.provenance.conditions import moment
from ledger.provenance.included import TrustedKeys, raise_if_strange
from ledger.provenance.trust import key_label
from ledger.reserves.selection.digests import order_of

__all__ = ["Against", "Report", "check_against", "is_manifest", "verify_directory"]


_MOST = 64 << 20
_FILES = (MANIFEST, STRATA, SHARDS, CROISSANT, ENTRY, PROOF)
_FOLDERS = ("rows", "texts")
_SIGNED = (EXPORT, "certificate.json")  # whose files nobody would look at


@dataclass(frozen=True)
class Against:
    """What a ledger says of a manifest: its entry, what took its place, and who of it is down.

    `index` is None where the ledger does not have it, or its actor took it back. `unasked` says why
    it was not chosen again, None where it was, and came out the same.
    """

    index: int | None
    superseded_by: str | None
    taken_down: int
    unasked: str | None = None


@dataclass(frozen=True)
class Report:
    """A manifest that verified. `receipt` is None where its folder has no proof of being recorded,
    `against` where no ledger was at hand.
    """

    statement: Statement
    digest: str
    signers: tuple[str, ...]
    receipt: Receipt | None
    against: Against | None
    notes: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels reached."""
        recorded = self.against is not None and self.against.index is not None
        again = recorded and self.against is not None and self.against.unasked is None
        second = (2,) if recorded or self.receipt is not None else ()
        return (1, *second, 3, 4) if again else (1, *second, 4)

    def text(self) -> str:
        """For people."""
        named = " and ".join(map(str, self.levels[-2:]))
        levels = ", ".join([*map(str, self.levels[:-2]), named])
        lines = above_lines(self.statement)
        lines[0] = f"{self.statement.reference}: levels {levels}: " + ", ".join(
            _MEANT[level] for level in self.levels
        )
        lines.insert(1, f"{self.statement.rows:,} rows for stage {self.statement.stage}")
        lines += below_lines(self.statement)
        signed = " and ".join(map(key_label, self.signers))
        lines.append(
            f"unchanged since {moment(self.statement.issued_at)}, by the issuer's clock; "
            f"signed by {signed}. Whether the claims are true is not checked."
        )
        if self.receipt is not None:
            head = self.statement.head
            lines.append(
                f"as of the first {head.size} entries of {head.log_name}; itself entry "
                f"{self.receipt.index}, by the proof beside it"
            )
        lines += [*self._against(), *self.notes]
        return "\n".join(printable(line, 4000) for line in lines)

    def _against(self) -> list[str]:
        if self.against is None:
            unknown = "what was taken down, and whether another took its place, not checked"
            if self.receipt is None:
                unknown = f"that it was recorded, {unknown}"
            return [f"no ledger at hand: {unknown}"]
        index, lines = self.against.index, []
        lines.append(
            f"entry {index}"
            if index is not None
            else "the ledger at hand has no such entry, or it was taken back"
        )
        if index is not None and self.against.unasked is not None:
            lines.append(f"not chosen again: {self.against.unasked}")
        if self.against.superseded_by is not None:
            lines.append(f"superseded by {self.against.superseded_by}")
        if self.against.taken_down:
            lines.append(f"{self.against.taken_down:,} of its documents have been taken down")
        return lines

    @property
    def _index(self) -> int | None:
        if self.against is not None and self.against.index is not None:
            return self.against.index
        return None if self.receipt is None else self.receipt.index

    def data(self) -> dict[str, Any]:
        """As JSON values."""
        against = self.against
        return {
            "content_root": f"sha256:{self.statement.content_root.hex()}",
            "index": self._index,
            "levels": list(self.levels),
            "log_signers": []
            if self.receipt is None
            else [key.vkey for key in self.receipt.log_signers],
            "manifest": self.statement.reference,
            "notes": list(self.notes),
            "rows": self.statement.rows,
            "signers": list(self.signers),
            "stage": self.statement.stage,
            "statement": self.digest,
            "superseded_by": None if against is None else against.superseded_by,
            "taken_down": None if against is None else against.taken_down,
            "unasked": None if against is None else against.unasked,
            "units": self.statement.units,
        }


_MEANT = {
    1: "the signature holds",
    2: "the statement is in the ledger",
    3: "the ledger chooses the same rows again",
    4: "every text was hashed again",
}


def is_manifest(path: Path) -> bool:
    """Whether a manifest lies in a folder, as far as its names tell."""
    return (path / MANIFEST).is_file()


def verify_directory(folder: Path, location: str) -> Report:
    """Verify a folder with this user's keys, and with the ledger at `location` if there is one.

    Raises what opening and reading a manifest raise, check_receipt, check_against and recompute;
    UntrustedSignerError last of all: then everything else holds.
    """
    from ledger.databases import database_for

    ring = KeyRing()
    keys = TrustedKeys(ring.verifiers("log"), ring.verifiers("statement"))
    found = open_manifest(folder, trusted_keys=keys.statement)
    receipt = check_receipt(folder, found.statement, keys)
    notes = [*_foreign(folder, found), *_described(folder, found.statement)]
    found.verify()
    against = None
    if database_for(location).exists(location):
        from ledger.provenance.opening import open_ledger

        with open_ledger(location) as log:
            against = check_against(log, found)
            if receipt is not None:
                _check_entry(log, found.statement, receipt)
            if against.index is not None:
                strata = {
                    "axes": list(found.statement.axes),
                    "strata": list(found.strata),
                    "unit": found.statement.unit,
                }
                unasked = recompute(log, found.statement, strata)
                against = replace(against, unasked=unasked)
    if receipt is not None:
        raise_if_strange(receipt.strangers, printable(folder / PROOF))
    return Report(found.statement, found.digest, found.signers, receipt, against, tuple(notes))


def _foreign(folder: Path, manifest: Manifest) -> list[str]:
    """What lies there and is no part of it; among the rows and texts, where tools read all files,
    and as another signed thing, nothing may. Raises VerificationError.
    """
    parts = parse_shards(read_named(folder / SHARDS, manifest.statement.shards, _MOST), SHARDS)
    named = {part.file for part in (*parts.rows, *parts.texts)}
    found = sorted(item.name for item in folder.iterdir())
    more = [f"{name}/{item.name}" for name in _FOLDERS for item in (folder / name).iterdir()]
    strange = sorted(set(more) - named) + [name for name in found if name in _SIGNED]
    if strange:
        raise VerificationError(
            f"{printable(folder / strange[0])}: no file of the manifest, expected none beside its "
            "own",
            hint="move it away; what reads the folder may take it for one of them",
        )
    extra = [name for name in found if name not in (*_FILES, *_FOLDERS)]
    shown = [f"{name} lies in the folder and is no part of the manifest" for name in extra[:10]]
    return shown if len(extra) <= 10 else [*shown, f"and {len(extra) - 10} more"]


def _described(folder: Path, statement: Statement) -> list[str]:
    """Whether croissant.json is the one signed, and says what the statement says.

    Raises VerificationError.
    """
    path = folder / CROISSANT
    if not path.exists():
        return [f"{CROISSANT} is not there; {MANIFEST} is what is signed"]
    data = read_named(path, statement.croissant, _MOST)
    if statement.tool != tool():
        made = f"{statement.tool['name']} {statement.tool['version']}"
        return [f"{CROISSANT} was signed, but not compared with {MANIFEST}: it is of {made}"]
    sizes = ((folder / name).stat().st_size for name in (STRATA, SHARDS))
    parts = parse_shards(read_named(folder / SHARDS, statement.shards, _MOST), SHARDS)
    if format_croissant(statement, parts, *sizes) != data:
        raise VerificationError(
            f"{printable(path)}: does not say what {MANIFEST} says",
            hint=f"the issuer signed a description that differs; read {MANIFEST}",
        )
    return []


def _check_entry(log: Log, statement: Statement, receipt: Receipt) -> None:
    """Whether a ledger of the manifest's log has the entry of the receipt. Raises ForkError."""
    if log.log_name != statement.head.log_name:
        return
    if log.size <= receipt.index:
        raise VerificationError(
            f"{printable(log.location)}: {log.size} entries, the manifest is entry {receipt.index}",
            hint="this is an older copy of the ledger",
        )
    if log.entry_bytes(receipt.index) != receipt.entry:
        raise ForkError(
            f"{printable(log.location)}: entry {receipt.index} is not the one in {ENTRY}"
        )


def check_against(log: Log, manifest: Manifest) -> Against:
    """What `log` says of a manifest; one that another log made is not in it.

    Raises VerificationError if it is newer than the ledger, ForkError if the ledger's entries are
    not those it was chosen from.
    """
    statement, head = manifest.statement, manifest.statement.head
    if head.log_name == log.log_name:
        if log.size < head.size:
            raise VerificationError(
                f"{printable(log.location)}: {log.size} entries, the manifest is as of {head.size}",
                hint="this is an older copy of the ledger",
            )
        if log.store.root_at(log.store.load(), head.size) != head.root:
            raise ForkError(
                f"{statement.reference}: the first {head.size} entries of "
                f"{printable(log.location)} are not those it was chosen from"
            )
    index = next(
        (i for i, entry in manifests(log) if entry.body["statement"] == manifest.digest), None
    )
    later = None if index is None else superseded_by(log, index, statement.name)
    digests = manifest.rows.digest
    return Against(index, later, count_taken_down(log, digests[order_of(digests)]))
