"""Signs an export: a statement about every file of its folder, put beside them."""

from collections.abc import Sequence
from pathlib import Path

from ledger.corpus.atomic import whole_file
from ledger.log.canonical import parse_digest
from ledger.log.keys import KeyRing
from ledger.log.notes import Signer
from ledger.manifests.building.said import tool
from ledger.manifests.exports.statement import EXPORT, Export, format_export
from ledger.manifests.formats import Format, Written
from ledger.manifests.loading.manifest import Manifest
from ledger.provenance.dsse import sign_envelope

__all__ = ["export_signer", "sign_export"]


def export_signer(ring: KeyRing, manifest: Manifest, key: str | None = None) -> Signer | None:
    """The own statement key called `key`; else one that signed the manifest, None without it.

    Raises RefusedError for a key that is not there, KeyPermissionError.
    """
    if key is not None:
        return ring.signer("statement", key)
    for own in ring.own():
        if own.use == "statement" and own.verifier.vkey in manifest.signers:
            return ring.signer("statement", own.verifier.name, [own.verifier.vkey])
    return None


def sign_export(
    manifest: Manifest,
    to: Format,
    folder: Path,
    written: Sequence[Written],
    signer: Signer,
    *,
    epoch: int,
    issued_at: int,
) -> Export:
    """Write the signed statement about the files that `to` wrote. Raises StorageError."""
    statement = manifest.statement
    export = Export(
        manifest=statement.reference,
        stage=statement.stage,
        statement=parse_digest(manifest.digest),
        content_root=statement.content_root,
        epoch=epoch,
        format=to.name,
        unit=to.unit,
        documents=len(manifest),
        files=tuple(sorted(written, key=lambda item: item.path)),
        issued_at=issued_at,
        tool=tool(),
        statement_vkeys=(signer.verifier.vkey,),
    )
    with whole_file(folder / EXPORT) as file:
        file.write(sign_envelope(format_export(export), signer))
    return export
