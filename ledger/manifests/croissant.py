"""croissant.json: a manifest described as a Croissant 1.1 data set, in JSON-LD, for other tools.

What Croissant asks for and the ledger does not know (a licence of the whole, an address) is said to
be unknown, not made up. Its own SHA-256 is a subject of the manifest's signed statement; every file
it lists but that one has its digest here, too. Sorted keys, two blanks in, a newline at the end:
the same statement and files give the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ledger.manifests.names import SHARDS, STRATA
from ledger.manifests.shards import Part, Parts
from ledger.manifests.statement import Statement

__all__ = ["format_croissant"]

_CONFORMS = (
    "http://mlcommons.org/croissant/1.1",
    "http://mlcommons.org/croissant/RAI/1.0",
)
_OF_CR = (
    "annotation", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
    "fileObject", "fileProperty", "fileSet", "format", "includes", "isLiveDataset", "jsonPath",
    "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace",
    "samplingRate", "sdVersion", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OF_CR},
}
_PARQUET = "application/x-parquet"
_ARROW = "application/vnd.apache.arrow.file"
_JSON = "application/json"
_ROWS, _FILES = "rows", "rows-files"
_UNKNOWN = "NOASSERTION"  # as SPDX says it: each document has a licence or none
_COLUMNS = (
    ("sha256", "sc:Text", "SHA-256 of the document's UTF-8 bytes, 32 of them: its identity."),
    ("stratum", "sc:Integer", "The document's stratum, counted from 0 in strata.json."),
    ("repeat_q16", "sc:Integer", "How often it comes in an epoch, in 65,536ths."),
    ("units", "sc:Integer", "What it counts for: 1, or its tokens."),
)
_OF_STRATA = (
    ("documents", "Documents there are in the stratum."),
    ("selected", "Documents selected."),
    ("target_ppm", "Share wanted, before bounds were kept, in parts per million."),
    ("achieved_ppm", "Share reached in an epoch, in parts per million."),
)


def format_croissant(
    statement: Statement, parts: Parts, strata_bytes: int, shards_bytes: int
) -> bytes:
    """The file's bytes, for a statement (all but its `croissant` is read) and its files.

    `strata_bytes` and `shards_bytes` are the sizes of the two lists.
    """
    made = _dataset(statement)
    made["distribution"] = [
        *(_file(part, _PARQUET) for part in parts.rows),
        *(_file(part, _ARROW) for part in parts.texts),
        _list(STRATA, strata_bytes, statement.strata),
        _list(SHARDS, shards_bytes, statement.shards),
        {
            "@id": _FILES,
            "@type": "cr:FileSet",
            "encodingFormat": _PARQUET,
            "includes": f"{_ROWS}/*.parquet",
            "name": _FILES,
        },
    ]
    made["recordSet"] = [_rows(), _strata()]
    return json.dumps(made, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


def _dataset(statement: Statement) -> dict[str, Any]:
    issued = datetime.fromtimestamp(statement.issued_at, UTC).date().isoformat()
    root = statement.content_root.hex()
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "citeAs": f"{statement.reference}, content root {root}, issued by {statement.issuer}",
        "conformsTo": list(_CONFORMS),
        "creator": {"@type": "sc:Organization", "name": statement.issuer},
        "dateCreated": issued,
        "datePublished": issued,
        "description": _description(statement),
        "identifier": f"headwater_content_root_v1:{root}",
        "isLiveDataset": False,
        "license": _UNKNOWN,
        "name": statement.name,
        "prov:wasDerivedFrom": [
            {
                "@id": f"urn:headwater:{row['content_root']}",
                "@type": "prov:Entity",
                "name": row["name"],
            }
            for row in statement.datasets
        ],
        "rai:dataCollectionType": "Secondary Data analysis",
        "rai:dataLimitations": [*statement.limits, *_open_gates(statement.gates)],
        "rai:dataPreprocessingProtocol": _protocol(statement),
        "rai:dataReleaseMaintenancePlan": (
            "Documents can be taken down later: a manifest that takes the place of this one leaves "
            "them out. The issuer's ledger says whether there is one."
        ),
        "url": f"urn:headwater:sha256:{root}",
        "version": f"{statement.version}.0.0",
    }


def _description(statement: Statement) -> str:
    kind = "documents" if statement.unit == "documents" else f"documents, {statement.units} tokens"
    return (
        f"{statement.rows} documents selected for stage {statement.stage} of training; an epoch "
        f"has {statement.documents} {kind}. manifest.json is what is signed. Licences are of "
        "single documents and not repeated here."
    )


def _protocol(statement: Statement) -> list[str]:
    said = [
        f"Documents of {', '.join(str(row['name']) for row in statement.datasets)} were divided by "
        f"{', '.join(statement.axes)} into {statement.strata_count} strata; of each, those with "
        f"the least keys under seed {statement.seed} were taken ({STRATA}).",
        f"Labels are those of the policy {statement.policy['name']}@{statement.policy['version']} "
        f"with cut-off {statement.policy['cutoff']}.",
    ]
    said += [
        f"Left out before drawing, {row['reason']}: {row['documents']} documents."
        for row in statement.exclusions["reasons"]
    ]
    return said


def _open_gates(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was not passed, in words."""
    return [
        f"Gate {row['name']}: {row['outcome'].replace('_', ' ')}: {row['detail']}."
        for row in rows
        if row["outcome"] != "passed"
    ]


def _file(part: Part, kind: str) -> dict[str, Any]:
    return _object(part.file, kind, part.size, part.sha256)


def _list(name: str, size: int, digest: bytes) -> dict[str, Any]:
    return _object(name, _JSON, size, digest)


def _object(name: str, kind: str, size: int, digest: bytes) -> dict[str, Any]:
    return {
        "@id": name,
        "@type": "cr:FileObject",
        "contentSize": f"{size} B",
        "contentUrl": name,
        "encodingFormat": kind,
        "name": name,
        "sha256": digest.hex(),
    }


def _rows() -> dict[str, Any]:
    return {
        "@id": _ROWS,
        "@type": "cr:RecordSet",
        "description": "A row a document selected.",
        "field": [
            _field(_ROWS, name, kind, said, {"fileSet": {"@id": _FILES}}, {"column": name})
            for name, kind, said in _COLUMNS
        ],
        "key": {"@id": f"{_ROWS}/sha256"},
        "name": _ROWS,
    }


def _strata() -> dict[str, Any]:
    return {
        "@id": "strata",
        "@type": "cr:RecordSet",
        "description": "A row a stratum, in the order in which rows count them.",
        "field": [
            _field("strata", name, "sc:Integer", said, {"fileObject": {"@id": STRATA}},
                   {"jsonPath": f"$.strata[*].{name}"})
            for name, said in _OF_STRATA
        ],
        "name": "strata",
    }  # fmt: skip


def _field(
    of: str, name: str, kind: str, said: str, source: dict[str, Any], extract: dict[str, str]
) -> dict[str, Any]:
    return {
        "@id": f"{of}/{name}",
        "@type": "cr:Field",
        "dataType": kind,
        "description": said,
        "name": name,
        "source": {**source, "extract": extract},
    }
