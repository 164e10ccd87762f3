"""Opens a manifest: the envelope, its signer, and every part but the texts held against it.

In the order in which it costs: a strange key or a wrong stage is told in milliseconds.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ledger.errors import (
    InputError,
    RefusedError,
    UnknownNameError,
    UntrustedSignerError,
    VerificationError,
    printable,
)
from ledger.log.canonical import parse_digest
from ledger.log.notes import Verifier, parse_vkey
from ledger.manifests.layout import MANIFEST, SHARDS, STRATA
from ledger.manifests.loading.manifest import Manifest
from ledger.manifests.loading.reader import Reader
from ledger.manifests.loading.texts import Texts
from ledger.manifests.mix.axes import STAGES
from ledger.manifests.opening.files import check_size, locate, read_file, read_named
from ledger.manifests.opening.keys import TrustedKeys, trusted_verifiers
from ledger.manifests.opening.rows import Rows, read_rows
from ledger.manifests.shards import parse_shards
from ledger.manifests.statement import Statement, parse_statement
from ledger.provenance.dsse import open_envelope, parse_envelope
from ledger.provenance.trust import trust_line

__all__ = ["open_manifest"]

_MOST_BYTES = 64 << 20
_FOLDERS = ("rows", "texts")


def open_manifest(
    path: str | Path,
    *,
    trusted_keys: TrustedKeys = None,
    roots: Mapping[str, str | Path] | None = None,
    require_stage: str | Collection[str] | None = None,
    taken_down: Iterable[str | bytes] = (),
) -> Manifest:
    """The manifest in the folder `path`, signed by one of `trusted_keys` (see TrustedKeys).

    `roots` says where its folders `rows` and `texts` lie, if not in it. `require_stage` is the
    stage it must be for, or several. `taken_down` are documents (`sha256:…` or 32 bytes) that it
    must not hold. Of the texts only presence and size are checked here; each is hashed as it is
    read, and `Manifest.verify` reads them all.

    Raises InputError for a path, key, stage or folder that is none; UntrustedSignerError,
    BadSignatureError and VerificationError naming the file; RefusedError for another stage and for
    a document taken down.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"{printable(folder)}: not a folder, expected a manifest")
    keys = trusted_verifiers(trusted_keys)
    folders = _folders(folder, roots or {})
    stages = _stages(require_stage)
    gone = frozenset(map(_digest, taken_down))
    return _open(folder, keys, folders, stages, gone, None)


def _open(
    folder: Path,
    keys: tuple[Verifier, ...],
    folders: dict[str, Path],
    stages: tuple[str, ...],
    gone: frozenset[bytes],
    expected: bytes | None,
) -> Manifest:
    """`expected` is the statement that another process has open already."""
    path = folder / MANIFEST
    where = printable(path)
    payload, signers = _signed(read_file(path, _MOST_BYTES), keys, where)
    digest = sha256(payload).digest()
    if expected is not None and digest != expected:
        raise VerificationError(
            f"{where}: statement {digest.hex()}, expected {expected.hex()}",
            hint="the manifest was replaced while it was read; open it again",
        )
    statement = parse_statement(payload, where)
    if stages and statement.stage not in stages:
        raise RefusedError(
            f"{where}: for stage {statement.stage}, expected {' or '.join(stages)}",
            hint="build a manifest for this stage; anchors are for the last stages alone",
        )
    strata = _strata(read_named(folder / STRATA, statement.strata, _MOST_BYTES), statement)
    listed = read_named(folder / SHARDS, statement.shards, _MOST_BYTES)
    parts = parse_shards(listed, printable(folder / SHARDS))
    texts = locate(parts.texts, folders["texts"])
    for file in texts:
        check_size(file)
    rows = read_rows(locate(parts.rows, folders["rows"]), texts, statement)
    _check_takedowns(rows, gone, where)
    return Manifest(
        statement,
        digest,
        tuple(key.vkey for key in signers),
        strata,
        rows,
        Reader(rows, Texts(texts)),
        again=(_open, (folder.absolute(), keys, _absolute(folders), stages, gone, digest)),
    )


def _folders(folder: Path, roots: Mapping[str, str | Path]) -> dict[str, Path]:
    for name in roots:
        if name not in _FOLDERS:
            raise UnknownNameError("root", str(name), _FOLDERS)
    return {name: Path(roots[name]) if name in roots else folder / name for name in _FOLDERS}


def _absolute(folders: dict[str, Path]) -> dict[str, Path]:
    return {name: folder.absolute() for name, folder in folders.items()}


def _stages(wanted: str | Collection[str] | None) -> tuple[str, ...]:
    stages = () if wanted is None else (wanted,) if isinstance(wanted, str) else tuple(wanted)
    for stage in stages:
        if stage not in STAGES:
            raise UnknownNameError("stage", str(stage), STAGES)
    return stages


def _digest(document: str | bytes) -> bytes:
    if isinstance(document, str):
        return parse_digest(document)
    if len(document) != 32:
        raise InputError(f"a document of {len(document)} bytes, expected a digest's 32")
    return bytes(document)


def _signed(data: bytes, keys: tuple[Verifier, ...], where: str) -> tuple[bytes, list[Verifier]]:
    """(payload, who signed). A stranger's is opened with the keys it names, to tell the vkey."""
    try:
        return open_envelope(data, keys, where)
    except UntrustedSignerError as error:
        statement = parse_statement(parse_envelope(data, where)[0], where)
        try:
            named = [parse_vkey(vkey) for vkey in statement.statement_vkeys]
        except InputError as wrong:
            raise VerificationError(f"{where}: vkeys: {wrong}") from wrong
        strangers = open_envelope(data, named, where)[1]
        labels = ", ".join(printable(key.label) for key in strangers)
        lines = "; ".join(trust_line(key.vkey, "statement") for key in strangers)
        raise UntrustedSignerError(
            f"{where}: consistent, signer not trusted: {labels}",
            hint=f"if you know these keys from elsewhere: {printable(lines, 2000)}",
        ) from error


def _strata(data: bytes, statement: Statement) -> tuple[Mapping[str, object], ...]:
    try:
        strata = orjson.loads(data)["strata"]
        if not all(isinstance(stratum, dict) for stratum in strata):
            raise TypeError("a stratum is not an object")
    except (ValueError, KeyError, TypeError) as error:
        raise VerificationError(f"{STRATA}: {printable(error)}, expected strata") from error
    if len(strata) != statement.strata_count:
        raise VerificationError(
            f"{STRATA}: {len(strata)} strata, expected {statement.strata_count}"
        )
    return tuple(strata)


def _check_takedowns(rows: Rows, gone: frozenset[bytes], where: str) -> None:
    if not gone:
        return
    data = pa.py_buffer(rows.digest.reshape(-1))
    held = pa.Array.from_buffers(pa.binary(32), len(rows), [None, data])
    found = held.filter(pc.is_in(held, value_set=pa.array(sorted(gone), pa.binary(32))))
    if len(found):
        more = "" if len(found) == 1 else f" (and {len(found) - 1} more)"
        raise RefusedError(
            f"{where}: sha256:{found[0].as_py().hex()} was taken down{more}, "
            "expected a manifest without it",
            hint="build a manifest that takes the place of this one",
        )
