"""A certificate's folder: four files and the receipts of the reserves it names.

Written all at once or not at all, read with a limit.
"""

import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from ledger.certificates.statement import parse_statement
from ledger.corpus.plain_file import open_plain
from ledger.errors import AlreadySealedError, InputError, VerificationError, printable
from ledger.provenance.dsse import parse_envelope

__all__ = [
    "CERTIFICATE",
    "ENTRY",
    "PAGE",
    "PROOF",
    "check_target",
    "foreign_files",
    "is_receipt",
    "read_file",
    "receipt_names",
    "write_folder",
]

CERTIFICATE = "certificate.json"
PAGE = "certificate.html"
ENTRY = "entry.json"
PROOF = "certificate.tlog-proof"
_FILES = frozenset({CERTIFICATE, PAGE, ENTRY, PROOF})
_RECEIPT = re.compile(r"reserve-[1-9][0-9]{0,3}\.(?:dsse\.json|entry\.json|tlog-proof)")
_MAX_BYTES = 64 << 20  # a certificate of a million licences is smaller

_HINT = "choose another folder with -o"


def is_receipt(name: str) -> bool:
    """Whether a file is called like a reserve's receipt."""
    return _RECEIPT.fullmatch(name) is not None


def receipt_names(number: int) -> tuple[str, str, str]:
    """Statement, entry and proof of the reserve in row `number`, 1 to 9,999, of the section."""
    stem = f"reserve-{number}"
    return f"{stem}.dsse.json", f"{stem}.entry.json", f"{stem}.tlog-proof"


def foreign_files(folder: Path) -> list[str]:
    """Names in a folder that no certificate has, ascending."""
    names = {item.name for item in folder.iterdir()} - _FILES
    return sorted(name for name in names if not is_receipt(name))


def read_file(folder: Path, name: str) -> bytes:
    """A file of a certificate. Raises VerificationError if it is missing or too large to be one."""
    path = folder / name
    try:
        with open_plain(path) as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError)
        reason = "no such file" if missing else printable((error.strerror or str(error)).lower())
        raise VerificationError(
            f"{printable(path)}: {reason}, expected one of a certificate",
            hint=f"a certificate is a folder of {', '.join(sorted(_FILES))}",
        ) from error
    if len(data) > _MAX_BYTES:
        raise VerificationError(f"{printable(path)}: over {_MAX_BYTES} bytes")
    return data


def check_target(out: Path, subject: str) -> None:
    """Whether a certificate of `subject` may be written to `out`: nothing there, or an older one.

    Raises InputError if something else lies there, or it is the folder a person stands in: it is
    replaced, and they would be left in one that is gone; AlreadySealedError if a certificate of
    something else lies there.
    """
    here = Path.cwd()
    if out.resolve() in (here, *here.parents):
        raise InputError(
            f"{printable(out)}: found the current folder, or one above it, "
            "expected a folder that can be replaced",
            hint="name a folder below it with -o, such as ./certificate",
        )
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir() or out.is_symlink():
        raise InputError(f"{printable(out)}: found a file or link, expected a folder", hint=_HINT)
    names = {item.name for item in out.iterdir()}
    if not names:
        return
    foreign = foreign_files(out)
    if foreign or CERTIFICATE not in names:
        found = printable(foreign[0]) if foreign else "no certificate.json"
        raise InputError(
            f"{printable(out)}: found {found}, expected an empty folder or a certificate",
            hint=_HINT,
        )
    where = str(out / CERTIFICATE)
    earlier = parse_statement(parse_envelope(read_file(out, CERTIFICATE), where)[0], where)
    if earlier.subject != subject:
        raise AlreadySealedError(
            f"{printable(out)}: found a certificate of {printable(earlier.shown)}, "
            f"expected one of {printable(subject)}",
            hint=_HINT,
        )


def write_folder(out: Path, files: Mapping[str, bytes]) -> None:
    """Replace `out` by a folder of these files; `check_target` has said that it may go."""
    if out.name in ("", ".."):  # neither has a neighbour of its name
        out = out.resolve()
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
