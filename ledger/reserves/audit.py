"""`audit overlap`: a dataset against another one, or against a sealed reserve in a folder."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from ledger.corpus.neardup import ParquetTexts
from ledger.engines import Progress, Workers
from ledger.errors import InputError, VerificationError, printable
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.provenance.overlap import Measured, Reference, measure
from ledger.reserves import layout
from ledger.reserves.opening.listing import read_bounded
from ledger.reserves.opening.open import is_reserve
from ledger.reserves.opening.recorded import TrustedKeys, check_recorded, raise_if_strange

__all__ = ["audit_overlap", "reserve_reference"]

_MAX_RECEIPT = 64 << 20
_MAX_SUMS = 1 << 30


def audit_overlap(
    log: Log,
    dataset: str,
    against: str,
    *,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Measured:
    """Compare a dataset with `against`: NAME@VERSION, or the folder of a sealed reserve.

    A folder counts only if a key trusted here signed it. Raises as measure and reserve_reference.
    """
    folder = Path(against)
    reference: str | Reference = against
    if folder.is_dir():
        if not is_reserve(folder):
            raise InputError(
                f"{printable(folder)}: a folder that is no sealed reserve",
                hint="--against takes NAME@VERSION of a dataset, or what `reserve seal` wrote",
            )
        reference = reserve_reference(folder)
    return measure(log, dataset, reference, roots=roots, workers=workers, progress=progress)


def reserve_reference(folder: Path, keys: TrustedKeys | None = None) -> Reference:
    """The texts of a sealed reserve whose statement holds; each is hashed when it is read.

    `keys` are this user's by default. Raises VerificationError, UntrustedSignerError.
    """
    if keys is None:
        ring = KeyRing()
        keys = TrustedKeys(ring.verifiers("log"), ring.verifiers("statement"))
    receipts = [folder / name for name in (layout.STATEMENT, layout.ENTRY, layout.PROOF)]
    envelope, entry, proof = (read_bounded(path, _MAX_RECEIPT) for path in receipts)
    places = [printable(path) for path in receipts]
    recorded = check_recorded(envelope, entry, proof, keys, (places[0], places[1], places[2]))
    statement = recorded.statement
    listed = folder / layout.CONTENT / layout.SUMS
    data = read_bounded(listed, _MAX_SUMS)
    if sha256(data).digest() != statement.sums:
        raise VerificationError(f"{printable(listed)}: not the list that {places[0]} names")
    raise_if_strange(recorded.strangers, places[0])
    sums = layout.parse_sums(data, printable(listed))
    shards = sorted(name for name in sums if name.startswith(f"{layout.TEXT}/"))
    return Reference(
        name=f"reserve:{statement.name}@{statement.version}",
        root=statement.content_root,
        documents=int(statement.totals["documents"]),
        sources=tuple(_shard(folder / layout.CONTENT / name, sums[name]) for name in shards),
    )


def _shard(path: Path, digest: bytes) -> ParquetTexts:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise VerificationError(f"{printable(path)}: listed, but not there") from error
    return ParquetTexts(path, digest, size)
