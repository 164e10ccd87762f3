"""An epoch of a manifest in a trainer's own format, every text hashed on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import time

import numpy as np
import pyarrow as pa

from ledger.log.notes import Signer
from ledger.log.runs import keys_of
from ledger.manifests.exports.sign import sign_export
from ledger.manifests.formats import Format, Written
from ledger.manifests.loading.manifest import Manifest
from ledger.reserves.selection.digests import matrix_of, order_of, positions

__all__ = ["export", "signed_export", "stratum_names"]

_ROWS = 1024


def export(
    manifest: Manifest, to: Format, folder: Path, *, epoch: int = 0, shard_bytes: int
) -> list[Written]:
    """Write one epoch, in its order, repeats included. Raises as Format.write and reading do."""
    return to.write(_tables(manifest, epoch), folder, shard_bytes=shard_bytes)


def signed_export(
    manifest: Manifest,
    to: Format,
    folder: Path,
    signer: Signer,
    *,
    epoch: int = 0,
    shard_bytes: int,
    clock: Callable[[], float] = time,
) -> list[Written]:
    """As export; a signed statement about every file, exports.statement.EXPORT, lies beside them.

    It is written last: what a full disk cuts off has none.
    """
    written = export(manifest, to, folder, epoch=epoch, shard_bytes=shard_bytes)
    sign_export(manifest, to, folder, written, signer, epoch=epoch, issued_at=int(clock()))
    return written


def stratum_names(manifest: Manifest) -> list[str]:
    """Each stratum's values, joined by `/`; one that a value's own sign would blur is escaped."""
    return [
        "/".join(str(value).replace("%", "%25").replace("/", "%2F") for value in row["values"])
        for row in manifest.strata
    ]


def _tables(manifest: Manifest, epoch: int) -> Iterator[pa.Table]:
    names = pa.array(stratum_names(manifest), pa.string())
    order = order_of(manifest.rows.digest)
    digests = manifest.rows.digest[order]
    units = manifest.rows.units[order].astype(np.int64)
    keys = keys_of(digests)
    for table in manifest.batches(_ROWS, epoch):
        columns = {
            "text": table.column("text"),
            "sha256": table.column("sha256"),
            "stratum": names.take(table.column("stratum").cast(pa.int64()).combine_chunks()),
        }
        if manifest.statement.unit == "tokens":
            at = positions(digests, keys, matrix_of(table.column("sha256")))
            columns["tokens"] = pa.array(units[at])
        yield pa.table(columns)
