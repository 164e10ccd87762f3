"""What every folder says of itself: README.md for people, strata.json for programs."""

from typing import Any

from ledger.log.canonical import encode
from ledger.manifests.formats.folder import Folder
from ledger.manifests.formats.rows import Tally

__all__ = ["README", "STRATA", "describe"]

README = "README.md"
STRATA = "strata.json"

_UNCHECKED = """\
No document is checked while this format streams: its readers know nothing of the digests. That is
the work of Headwater's loader, `ledger.open_manifest`. What is here was checked as it was written:
`sha256` is that of the text's UTF-8 bytes, in lower hex, and the rows of the manifest name each
document by it under a signature.
"""


def describe(
    folder: Folder,
    name: str,
    unit: str,
    tally: Tally,
    *,
    title: str,
    use: str,
    front: str = "",
    more: dict[str, dict[str, Any]] | None = None,
) -> None:
    """Write README.md and strata.json, the last two files of a folder.

    `name` is the format's; `use` says in Markdown how to open it; `front` goes before the title.
    strata.json is canonical JSON: `format`, `unit`, `documents`, and `strata` by name, ascending,
    each with documents and bytes (and tokens, where counted) of an epoch, copies counted, and
    `weight`, its share in the format's unit; `more` adds members to a stratum's.
    """
    strata = []
    for stratum, share in sorted(tally.strata.items()):
        entry: dict[str, Any] = {
            "stratum": stratum,
            "documents": share.documents,
            "bytes": share.bytes,
            "weight": share.tokens if unit == "tokens" else share.documents,
            **(more or {}).get(stratum, {}),
        }
        if share.tokens is not None:
            entry["tokens"] = share.tokens
        strata.append(entry)
    folder.put(
        STRATA,
        encode({"documents": tally.documents, "format": name, "strata": strata, "unit": unit})
        + b"\n",
    )
    folder.put(
        README,
        f"{front}# {title}\n\n"
        f"One epoch of a Headwater manifest: {_count(tally.documents, 'document', 'documents')} of "
        f"{_count(len(strata), 'stratum', 'strata')}, "
        f"a document that comes k times being here k times. "
        f"`{STRATA}` says what each stratum has; a weight counts {unit}.\n\n"
        f"{use}\n{_UNCHECKED}".encode(),
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
