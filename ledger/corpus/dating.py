"""What a checker found, as claims: one about the input, or one for each document or file of it."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ledger.claims import Evidence as EvidenceBody
from ledger.corpus.dataset import Description, EvidenceSource
from ledger.corpus.evidence import Evidence
from ledger.corpus.inputs import Input, input_files
from ledger.corpus.readers import ReadOptions, Snapshot
from ledger.errors import InputError, printable
from ledger.log.log import MAX_BATCH, Log
from ledger.log.record import Claim, Recorded, record

__all__ = ["evidence_claims", "evidence_tables", "record_in_batches", "refuse_unused"]


def _body(found: Evidence, existed_by: int | None, input: str | None) -> EvidenceBody:
    """The body of a claim that something existed by a date; a failed check gives none."""
    return EvidenceBody(
        type=found.type,
        binding=found.binding,
        outcome=found.outcome,
        checker=found.checker,
        existed_by=existed_by if found.outcome != "failed" else None,
        issuer=found.issuer,
        input=input,
        proof=f"sha256:{found.response_digest.hex()}" if found.response_digest else None,
    )


def evidence_claims(digest: bytes, found: Evidence) -> list[Claim]:
    """The claims about the input `digest` and about what lies in it, the input first.

    Evidence that covers only a part of an input says nothing about the whole.
    """
    claims: dict[bytes, Claim] = {}
    if found.documents is None or found.existed_by is not None:
        claims[digest] = _claim(digest, found, found.existed_by)
    for document, existed_by in (found.documents or {}).items():
        if document != digest:
            claims[document] = _claim(document, found, existed_by, digest)
    return list(claims.values())


def _claim(
    digest: bytes, found: Evidence, existed_by: int | None, input: bytes | None = None
) -> Claim:
    lying_in = f"sha256:{input.hex()}" if input is not None else None
    return Claim("evidence", f"sha256:{digest.hex()}", _body(found, existed_by, lying_in))


def evidence_tables(
    description: Description, item: Input, options: ReadOptions
) -> list[tuple[EvidenceSource, str | None]]:
    """The evidence tables about an input, or about files of a folder, with the glob for those."""
    whole = description.evidence_for(item.path)
    folder = item.path.is_dir() and not isinstance(item.reader, Snapshot)
    found: list[tuple[EvidenceSource, str | None]] = []
    for table in description.evidence:
        if table in whole:
            found.append((table, None))
        elif folder and table.file is not None and _matches(item, table.file, options):
            found.append((table, table.file))
    return found


def refuse_unused(description: Description, inputs: Sequence[Input], options: ReadOptions) -> None:
    """Raises InputError for a table about a file that is no input and not there: a slip."""
    used = {
        id(table) for item in inputs for table, _ in evidence_tables(description, item, options)
    }
    for table in description.evidence:
        if table.file is None or id(table) in used or _exists(description.base, table.file):
            continue
        raise InputError(
            f"{printable(description.base)}: {table.type} evidence about "
            f"{printable(table.file, 100)!r}, which is no input and not there",
            hint="file is a path or glob of inputs, or of files in a folder",
        )


def _exists(base: Path, glob: str) -> bool:
    """Whether there is such a file, though it is none of the inputs now."""
    return any(
        fnmatchcase(name, glob)
        for path in base.rglob("*")
        for name in (path.name, path.relative_to(base).as_posix(), path.as_posix())
    )


def _matches(item: Input, glob: str, options: ReadOptions) -> bool:
    return any(
        fnmatchcase(relative, glob) or fnmatchcase(f"{item.path.name}/{relative}", glob)
        for relative, _ in input_files(item, options)
    )


def record_in_batches(
    log: Log, claims: Sequence[Claim], attachments: Sequence[bytes]
) -> list[Recorded]:
    """`record`, giving other writers a turn between batches; attachments go with the first."""
    found: list[Recorded] = []
    for start in range(0, len(claims), MAX_BATCH):
        found += record(log, claims[start : start + MAX_BATCH], attachments=attachments)
        attachments = ()
    return found
