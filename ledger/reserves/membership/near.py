"""Near-duplicates of a text in a sealed folder: a hint for a reader, in no proof.

The reserve's texts are sketched once, into the user's cache, which holds hashes and no text; every
near-duplicate that is named was compared word for word (`ledger.corpus.neardup`). Of a .docx or
.pdf the text is taken out, as `ingest` does it.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from ledger.corpus.neardup import ParquetTexts, near_of
from ledger.corpus.readers._texts import Problem, text_of
from ledger.errors import InputError, MissingExtraError, VerificationError, printable
from ledger.provenance.overlap import cache_folder
from ledger.reserves.layout import SUMS, TEXT, parse_sums
from ledger.reserves.membership.answers import Looked, Near
from ledger.reserves.membership.ask import Asked, SealedReserve
from ledger.reserves.opening.listing import read_bounded

__all__ = ["look"]

Advance = Callable[[int, int, int], None]

_MAX_TEXT = 64 << 20  # bytes; a longer text is compared with nothing
_MAX_SUMS = 1 << 30
_HALF, _MOST = 500_000, 800_000  # ppm: half of both texts, most of either one


def look(
    sealed: SealedReserve, asked: Sequence[Asked], absent: Sequence[bool], progress: Advance
) -> list[Looked]:
    """What resembles each document that is `absent`, closest first.

    Raises VerificationError or DocumentMismatchError where the reserve's texts are not those of
    its SHA256SUMS, InputError for a text that cannot be read.
    """
    if sealed.content is None:
        return [Looked(None, ", which needs the reserve's folder")] * len(asked)
    wanted = [
        _text_of(each) if gone else Looked(None) for each, gone in zip(asked, absent, strict=True)
    ]
    if not any(isinstance(each, str) for each in wanted):
        return [each for each in wanted if isinstance(each, Looked)]
    sources = list(_shards(sealed, sealed.content))
    folder = cache_folder()
    found = []
    for each in wanted:
        if isinstance(each, str):
            found.append(Looked(tuple(_near(each, sources, folder, progress))))
        else:
            found.append(each)
    return found


def _text_of(asked: Asked) -> str | Looked:
    if asked.path is None:
        return Looked(None, ", which needs the text")
    try:
        with asked.path.open("rb") as file:
            data = file.read(_MAX_TEXT + 1)
    except OSError as error:
        raise InputError(f"{printable(asked.given)}: {str(error.strerror).lower()}") from error
    if len(data) > _MAX_TEXT:
        return Looked(None, f", which takes files of at most {_MAX_TEXT >> 20} MiB")
    try:
        found = text_of(asked.path.name, data)
    except MissingExtraError as error:
        return Looked(None, f": {error}, {error.hint}")
    return Looked(None, f": {found.reason}") if isinstance(found, Problem) else found.decode()


def _shards(sealed: SealedReserve, content: Path) -> Iterator[ParquetTexts]:
    """The shards by their listed digests, of the list that is signed."""
    path = content / SUMS
    data = read_bounded(path, _MAX_SUMS)
    found, signed = sha256(data).digest(), sealed.recorded.statement.sums
    if found != signed:
        raise VerificationError(
            f"{printable(path)}: digest {found.hex()}, the statement names {signed.hex()}"
        )
    for name, digest in parse_sums(data, printable(path)).items():
        if name.startswith(f"{TEXT}/"):
            shard = content / name
            yield ParquetTexts(shard, digest, _size(shard))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise VerificationError(f"{printable(path)}: {str(error.strerror).lower()}") from error


def _near(
    text: str, sources: Sequence[ParquetTexts], folder: Path, progress: Advance
) -> Iterator[Near]:
    pairs = near_of(text, sources, folder, progress=progress)
    for row in pairs.to_pylist():
        shares = row["jaccard_ppm"], row["containment_ppm"], row["contained_ppm"]
        if row["method"] != "near" or shares[0] >= _HALF or max(shares[1:]) >= _MOST:
            yield Near(row["reference"], row["method"], *shares)
