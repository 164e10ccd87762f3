"""Keys of many documents, by an engine: a scan over lists of digests, which reads no text.

A key is a function of digest and seed alone, so the lists may be cut anywhere and done anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow as pa

from ledger.corpus.neardup.side import digest_rows
from ledger.engines import Engine, Progress, Scan, Workers, engine_of, run
from ledger.manifests.sampling.keys import DRAW, Digests, Keys, check_seed, document_keys

__all__ = ["DigestList", "digest_lists", "engine_keys", "keying"]

_PART: Final = 1 << 20  # digests a list, 32 MiB
_TABLE: Final = 1 << 18
_WIDTH: Final = 32
_RESULTS: Final = pa.schema([("sha256", pa.binary(_WIDTH)), ("key", pa.uint64())])


@dataclass(frozen=True)
class DigestList:
    """A file of digests, 32 bytes each, as a source. `digest` is hex of the file's SHA-256."""

    path: Path
    digest: str
    size: int

    @property
    def key(self) -> str:
        """The digests say all."""
        return self.digest

    def tables(self) -> Iterator[pa.Table]:
        """Tables of one column, `sha256`."""
        with open(self.path, "rb") as file:
            while block := file.read(_TABLE * _WIDTH):
                count = len(block) // _WIDTH
                column = pa.Array.from_buffers(
                    pa.binary(_WIDTH), count, [None, pa.py_buffer(block)]
                )
                yield pa.table({"sha256": column})


def digest_lists(digests: Digests, folder: Path, part: int = _PART) -> list[DigestList]:
    """n digests, (n, 32), in files of `part` each, in their order."""
    lists = []
    for start in range(0, len(digests), part):
        raw = np.ascontiguousarray(digests[start : start + part]).tobytes()
        path = folder / f"{start}.digests"
        path.write_bytes(raw)
        lists.append(DigestList(path, sha256(raw).hexdigest(), len(raw)))
    return lists


def keying(seed: int, tag: bytes = DRAW) -> Scan:
    """The scan that gives each digest its key. Raises InputError for a bad seed."""
    params = {"seed": check_seed(seed), "tag": tag.decode()}
    return Scan("keys", "1", _keys, ("sha256",), _RESULTS, params)


def _keys(table: pa.Table, *, params: Mapping[str, object]) -> pa.Table:
    seed, tag = params["seed"], str(params["tag"]).encode()
    assert isinstance(seed, int)  # `keying` made it
    keys = document_keys(digest_rows(table.column("sha256")), seed, tag)
    return pa.table([table.column("sha256"), pa.array(keys)], schema=_RESULTS)


def engine_keys(
    digests: Digests,
    seed: int,
    folder: Path,
    *,
    tag: bytes = DRAW,
    workers: Workers = None,
    progress: Progress | None = None,
    part: int = _PART,
) -> Keys:
    """The keys of n documents, as `document_keys` gives them, in order.

    In this process for fewer than `part` documents or without another engine: starting workers
    takes longer. Sidecars stay in `folder`. Raises InputError for a bad seed, and as `run` does.
    """
    if len(digests) < part or engine_of(workers).name == Engine.name:
        return document_keys(digests, seed, tag)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".digests-", dir=folder) as scratch:
        lists: Sequence[DigestList] = digest_lists(digests, Path(scratch), part)
        found = run(keying(seed, tag), lists, folder, workers=workers, progress=progress)
    columns = [
        table.column("key").to_numpy() for sidecar in found for table in sidecar.tables(["key"])
    ]
    keys: Keys = np.concatenate(columns)
    return keys
