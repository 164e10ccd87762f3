"""What an export says: an in-toto Statement v1 about every file of a trainer's folder.

    _type          https://in-toto.io/Statement/v1
    subject        [{name: path in the folder, digest: {sha256: hex}}, …]
    predicateType  PREDICATE_TYPE
    predicate      manifest     name, stage, statement and content_root of what was exported
                   epoch, format, unit (in which readers of the format weigh), documents
                   sizes        bytes and documents of each file, in the subjects' order
                   issued_at, limits (sentences), tool
                   vkeys        statement keys, to be trusted by other means

The payload is canonical JSON and is what is signed. It lies in the folder as EXPORT, which is no
subject. Needs no Arrow and no SQL.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import parse_digest
from ledger.manifests.formats import Written
from ledger.provenance.dsse import encode_members
from ledger.provenance.shape import check_shape

__all__ = [
    "EXPORT",
    "LIMITS",
    "PREDICATE_TYPE",
    "Export",
    "format_export",
    "parse_export",
]

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://headwater.invalid/manifest-export/v1"
EXPORT: Final = "export.dsse.json"
LIMITS: Final = (
    "You can check the signature, and that every file is the one that was written.",
    "That the files hold the documents of the manifest was checked as they were written, by "
    "whoever signed this; it cannot be checked here.",
    "What reads the files checks no document while it streams: that is the work of Headwater's "
    "loader, ledger.open_manifest, and not of this format.",
)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-f]{64}")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?")
_SUBJECT = {"digest": {"sha256": _HEX}, "name": _PATH}
_SHAPE: Mapping[str, Any] = {
    "documents": int,
    "epoch": int,
    "format": str,
    "issued_at": int,
    "limits": [str],
    "manifest": {"content_root": _DIGEST, "name": str, "stage": str, "statement": _DIGEST},
    "sizes": [{"bytes": int, "documents": int}],
    "tool": {"name": str, "version": str},
    "unit": re.compile("documents|tokens"),
    "vkeys": {"statement": [str]},
}


@dataclass(frozen=True)
class Export:
    """`manifest` is its `name@version`, `statement` the digest of what was signed about it.

    `files` are all of the folder but EXPORT; `documents` those of the epoch. Times are Unix
    seconds.
    """

    manifest: str
    stage: str
    statement: bytes
    content_root: bytes
    epoch: int
    format: str
    unit: str
    documents: int
    files: tuple[Written, ...]
    issued_at: int
    tool: Mapping[str, str]
    statement_vkeys: tuple[str, ...]
    limits: tuple[str, ...] = LIMITS


def format_export(export: Export) -> bytes:
    """The payload. Raises InputError outside the canonical domain."""
    return encode_members(
        {
            "_type": STATEMENT_TYPE,
            "predicate": {
                "documents": export.documents,
                "epoch": export.epoch,
                "format": export.format,
                "issued_at": export.issued_at,
                "limits": list(export.limits),
                "manifest": {
                    "content_root": f"sha256:{export.content_root.hex()}",
                    "name": export.manifest,
                    "stage": export.stage,
                    "statement": f"sha256:{export.statement.hex()}",
                },
                "sizes": [{"bytes": item.size, "documents": item.rows} for item in export.files],
                "tool": export.tool,
                "unit": export.unit,
                "vkeys": {"statement": list(export.statement_vkeys)},
            },
            "predicateType": PREDICATE_TYPE,
            "subject": [
                {"digest": {"sha256": item.sha256.hex()}, "name": item.path}
                for item in export.files
            ],
        }
    )


def parse_export(payload: bytes, where: str) -> Export:
    """The statement in a payload, which must be canonical. Raises VerificationError naming `where`.

    Paths are distinct, of at most one folder, and lead nowhere else.
    """
    try:
        document = orjson.loads(payload)
        for name, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
            if document[name] != expected:
                raise ValueError(f"{name} {document[name]!r}, expected {expected!r}")
        check_shape(document["subject"], [_SUBJECT], "subject")
        check_shape(document["predicate"], _SHAPE, "predicate")
        export = _read(document["subject"], document["predicate"])
        if format_export(export) != payload:
            raise ValueError("a repeated or foreign key, or another spelling")
    except (InputError, ValueError, KeyError, TypeError) as error:
        raise VerificationError(
            f"{where}: payload is not an export's statement: {printable(error)}"
        ) from error
    return export


def _read(subject: Any, predicate: Mapping[str, Any]) -> Export:
    names = [item["name"] for item in subject]
    if len(set(names)) != len(names) or EXPORT in names:
        raise ValueError("subject: a file is named twice, or is the statement itself")
    manifest = predicate["manifest"]
    return Export(
        manifest=manifest["name"],
        stage=manifest["stage"],
        statement=parse_digest(manifest["statement"]),
        content_root=parse_digest(manifest["content_root"]),
        epoch=predicate["epoch"],
        format=predicate["format"],
        unit=predicate["unit"],
        documents=predicate["documents"],
        files=tuple(
            Written(
                item["name"],
                size["bytes"],
                bytes.fromhex(item["digest"]["sha256"]),
                size["documents"],
            )
            for item, size in zip(subject, predicate["sizes"], strict=True)
        ),
        issued_at=predicate["issued_at"],
        tool=predicate["tool"],
        statement_vkeys=tuple(predicate["vkeys"]["statement"]),
        limits=tuple(predicate["limits"]),
    )
