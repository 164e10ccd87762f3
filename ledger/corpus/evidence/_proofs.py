"""Files that settings name, read within bounds, and several of them as one stored proof.

A proof of one file is that file. Several are a plain tar in a fixed order with no times or owners:
the same bytes for the same files, and `tar tf` lists them.
"""

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ledger.errors import InputError, MalformedError, UnknownNameError, printable

__all__ = ["check_settings", "pack", "read_bounded", "unpack"]

LARGEST = 256 << 20  # bytes of one file of a proof
_TAR_MAGIC = (257, b"ustar")
_MOST = 16  # files of a packed proof


def check_settings(type: str, settings: Mapping[str, str], known: Sequence[str]) -> None:
    """Raises UnknownNameError for a setting this type does not have."""
    for key in settings:
        if key not in known:
            raise UnknownNameError(f"setting of {type} evidence", key, known)


def read_bounded(path: Path, setting: str, most: int = LARGEST) -> bytes:
    """The bytes of a file that a setting names. Raises InputError, MalformedError."""
    try:
        with open(path, "rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise InputError(
            f"{printable(path)}: {(error.strerror or str(error)).lower()}",
            hint=f"{setting} names a file, relative to dataset.toml",
        ) from error
    if len(raw) > most:
        raise MalformedError(path, None, f"over {most} bytes, expected at most that")
    return raw


def pack(files: Mapping[str, bytes]) -> bytes:
    """One stored proof. A single file stands for itself."""
    if len(files) == 1:
        return next(iter(files.values()))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def unpack(path: Path, raw: bytes, names: Sequence[str]) -> dict[str, bytes]:
    """What `pack` was given; a single file goes by the first of `names`. Raises MalformedError."""
    start, magic = _TAR_MAGIC
    if raw[start : start + len(magic)] != magic:
        return {names[0]: raw}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as tar:
            while (member := tar.next()) is not None:
                if member.name not in names or member.name in found or not member.isreg():
                    shown = printable(member.name, 60)
                    raise MalformedError(path, None, f"{shown!r} in a proof of {', '.join(names)}")
                file = tar.extractfile(member)
                if file is None or len(found) >= _MOST:
                    raise MalformedError(path, None, "not a proof as it was stored")
                with file:
                    found[member.name] = file.read()
    except (tarfile.TarError, ValueError, OverflowError, IndexError, EOFError) as error:
        raise MalformedError(path, None, f"broken proof: {printable(error, 80)}") from error
    return found
