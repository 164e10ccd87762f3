"""Labelled rows made ready for fitting: in the order of their digests, counted and named."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.hashing import hash_texts
from ledger.errors import InputError, printable
from ledger.verdicts.core.features import BUCKETS, Counts, count, windows
from ledger.verdicts.core.model import Floats, Training
from ledger.verdicts.evaluation.rows import LABELS, SYNTHETIC, UNKNOWN
from ledger.verdicts.text.normal import normal_texts
from ledger.verdicts.text.prose import measure

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Prepared", "prepare"]

_LEAST: Final = 50  # rows of each label
_KNOWN: Final = ("domain", "generator", "source_dataset", "licence", "pair_group")


@dataclass(frozen=True, eq=False)
class Prepared:
    """Rows in the order of their digests; `order` says where each stood."""

    order: npt.NDArray[np.int64]
    sha256: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int8]
    words: npt.NDArray[np.int64]
    groups: npt.NDArray[np.uint64]
    known: dict[str, list[str]]
    matrices: "tuple[csr_matrix, csr_matrix]"

    @property
    def licences(self) -> list[str]:
        return self.known["licence"]

    def digest(self) -> str:
        """Of the rows as they were used: text, label, and what is known of each."""
        whole = hashlib.sha256()
        known = zip(*(self.known[name] for name in _KNOWN), strict=True)
        for digest, label, names in zip(self.sha256, self.labels, known, strict=True):
            whole.update(digest.tobytes() + label.tobytes())
            for name in names:
                whole.update(len(name.encode()).to_bytes(4, "little") + name.encode())
        return f"sha256:{whole.hexdigest()}"

    def training(self, scores: Floats) -> Training:
        """The rows with these scores."""
        names: list[tuple[str, ...]] = []
        codes: list[npt.NDArray[np.uint8]] = []
        for column in ("domain", "generator", "source_dataset"):
            found, code = np.unique(np.array(self.known[column], object), return_inverse=True)
            if len(found) > 256:
                raise InputError(f"{column}: found {len(found):,} names, expected 256 at most")
            names.append(tuple(map(str, found)))
            codes.append(code.astype(np.uint8))
        domain, generator, source = codes
        domains, generators, sources = names
        return Training(
            self.sha256, self.labels, self.words, scores, domain, generator, source, self.groups,
            domains, generators, sources,
        )  # fmt: skip


def prepare(rows: pa.Table) -> Prepared:
    """Columns and errors as `train.train`."""
    texts = rows["text"].cast(pa.large_string())
    found = rows["label"].to_pylist()
    odd = next((label for label in found if label not in LABELS), None)
    if odd is not None:
        raise InputError(f"found label {printable(odd, 40)}, expected {' or '.join(LABELS)}")
    labels = np.array([label == SYNTHETIC for label in found], np.int8)
    per_label = np.bincount(labels, minlength=2).tolist()
    if min(per_label) < _LEAST:
        raise InputError(
            f"found {per_label[0]:,} human and {per_label[1]:,} synthetic texts, expected "
            f"{_LEAST} of each or more"
        )
    digests = [blob.as_py() for blob in _flat(hash_texts(texts)[0])]
    order = np.array(sorted(range(len(digests)), key=digests.__getitem__), np.int64)
    if len(set(digests)) < len(digests):
        raise InputError(f"found {len(set(digests)):,} texts in {len(digests):,} rows")
    taken = rows.take(pa.array(order))
    known = {
        name: [value or UNKNOWN for value in taken[name].to_pylist()]
        if name in taken.column_names
        else [UNKNOWN] * len(order)
        for name in _KNOWN
    }
    sha256 = np.frombuffer(b"".join(digests[row] for row in order), np.uint8).reshape(-1, 32)
    groups = [
        _hash(group.encode()) if group != UNKNOWN else _hash(digest.tobytes())
        for group, digest in zip(known["pair_group"], sha256, strict=True)
    ]
    return Prepared(
        order=order,
        sha256=sha256,
        labels=labels[order],
        words=measure(taken["text"]).words,
        groups=np.array(groups, np.uint64),
        known=known,
        matrices=_matrices(normal_texts(taken["text"])),
    )


def _flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _hash(name: bytes) -> int:
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big")


def _matrices(forms: Sequence[str]) -> "tuple[csr_matrix, csr_matrix]":
    """A row a text: the mean of its windows' values (float64, n × 65536), for each model."""
    from scipy.sparse import csr_matrix, vstack  # deferred: only fitting needs them

    parts = [windows(form) for form in forms]
    sizes = np.array([len(found) for found in parts])
    built: tuple[list[Any], list[Any]] = ([], [])
    for _, *both in count([part for found in parts for part in found]):
        for blocks, counts in zip(built, both, strict=True):
            blocks.append(_block(counts))
    owner = np.repeat(np.arange(len(forms)), sizes)
    mean = csr_matrix((1 / sizes[owner], (owner, np.arange(len(owner)))))
    pieces, runs = ((mean @ vstack(blocks)).tocsr() for blocks in built)
    for matrix in (pieces, runs):
        matrix.sort_indices()
    return pieces, runs


def _block(counts: Counts) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    values = np.sqrt(counts.count) / counts.lengths[counts.window]
    where = (counts.window, counts.bucket.astype(np.int64))
    return csr_matrix((values, where), shape=(len(counts.total), BUCKETS))
