"""A certificate's folder: four files, written all at once or not at all, read with a limit."""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from ledger.certificates.dsse import parse_envelope
from ledger.certificates.statement import parse_statement
from ledger.errors import AlreadySealedError, InputError, VerificationError, printable

__all__ = [
    "CERTIFICATE",
    "ENTRY",
    "PAGE",
    "PROOF",
    "check_target",
    "read_file",
    "write_folder",
]

CERTIFICATE = "certificate.json"
PAGE = "certificate.html"
ENTRY = "entry.json"
PROOF = "certificate.tlog-proof"
_FILES = frozenset({CERTIFICATE, PAGE, ENTRY, PROOF})
_MAX_BYTES = 64 << 20  # a certificate of a million licences is smaller

_HINT = "choose another folder with -o"


def read_file(folder: Path, name: str) -> bytes:
    """A file of a certificate. Raises VerificationError if it is missing or too large to be one."""
    path = folder / name
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise VerificationError(
            f"{printable(path)}: no such file, expected one of a certificate's four",
            hint=f"a certificate is a folder of {', '.join(sorted(_FILES))}",
        ) from error
    if len(data) > _MAX_BYTES:
        raise VerificationError(f"{printable(path)}: over {_MAX_BYTES} bytes")
    return data


def check_target(out: Path, dataset: str) -> None:
    """Whether a certificate of `dataset` may be written to `out`: nothing there, or an older one.

    Raises InputError if something else lies there, AlreadySealedError if another dataset's does.
    """
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir() or out.is_symlink():
        raise InputError(f"{printable(out)}: found a file or link, expected a folder", hint=_HINT)
    names = {item.name for item in out.iterdir()}
    if not names:
        return
    foreign = names - _FILES
    if foreign or CERTIFICATE not in names:
        found = printable(min(foreign)) if foreign else "no certificate.json"
        raise InputError(
            f"{printable(out)}: found {found}, expected an empty folder or a certificate",
            hint=_HINT,
        )
    where = str(out / CERTIFICATE)
    earlier = parse_statement(parse_envelope(read_file(out, CERTIFICATE), where)[0], where)
    if earlier.dataset != dataset:
        raise AlreadySealedError(
            f"{printable(out)}: found a certificate of {printable(earlier.dataset)}, "
            f"expected one of {dataset}",
            hint=_HINT,
        )


def write_folder(out: Path, files: Mapping[str, bytes]) -> None:
    """Replace `out` by a folder of these files; `check_target` has said that it may go."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.{secrets.token_hex(4)}.new")
    fresh.mkdir()
    try:
        for name, data in files.items():
            with (fresh / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        _sync(fresh)
        if out.exists():
            old = out.with_name(f".{out.name}.{secrets.token_hex(4)}.old")
            out.rename(old)
            try:
                fresh.rename(out)
            except OSError:
                old.rename(out)
                raise
            shutil.rmtree(old)
        else:
            fresh.rename(out)
        _sync(out.parent)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
