"""Rewrites every generated file, or says which one is stale.

python -m tests.generate [--check]
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ledger.certificates.statement import _SHAPE, DIGEST_NAME, PREDICATE_TYPE, STATEMENT_TYPE
from ledger.claims import BODIES, Body
from ledger.log.keys import KeyRing
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.provenance.shape import Maybe
from ledger.reserves.membership.proofs import FORMAT as PROOF_FORMAT
from tests.vectors import format as format_vectors
from tests.vectors import log as log_vectors
from tests.vectors import manifests as manifest_vectors
from tests.vectors import watermarks as watermark_vectors

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "schemas"
FORMAT = SCHEMAS / "FORMAT.md"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
EXAMPLE = re.compile(r"(<!-- (\w+\.json): (.+?) -->\n```text\n)(.*?)(```)", re.DOTALL)


def generated() -> dict[Path, bytes]:
    """Every generated file and what it should hold."""
    made = (log_vectors, format_vectors, manifest_vectors, watermark_vectors)
    vectors = {item.FILE: item.spelled() for item in made}
    files = {SCHEMAS / "sqlite.sql": sqlite_sql().encode(), **vectors}
    for kind, body in BODIES.items():
        files[SCHEMAS / "claims" / f"{kind}.schema.json"] = spelled(claim_schema(kind, body))
    files[SCHEMAS / "certificate.schema.json"] = spelled(certificate_schema())
    files[SCHEMAS / "proof.schema.json"] = spelled(proof_schema())
    named = {path.name: json.loads(data) for path, data in vectors.items()}
    files[FORMAT] = with_examples(FORMAT.read_text(), named).encode()
    return files


def stale(files: Mapping[Path, bytes]) -> list[Path]:
    """Files that are not what they should be, and schemas of kinds that are no more."""
    changed = [path for path, data in files.items() if not _same(path, data)]
    return changed + sorted(set((SCHEMAS / "claims").iterdir()) - set(files))


def _same(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def sqlite_sql() -> str:
    """A new ledger's schema, one statement a line."""
    with TemporaryDirectory() as folder:
        ring = KeyRing(Path(folder) / "config")
        location = str(Path(folder) / "x.db")
        create_ledger(location, log_name="example.org/log", keys=ring)
        with open_ledger(location, keys=ring) as log:
            found = log.database.schema(log.connection)
    tables = [
        sql.replace("( ", "(").replace(" )", ")") for name, sql in found if not _is_guard(name)
    ]
    guards = [sql for name, sql in found if _is_guard(name)]
    return "\n".join(
        [
            "-- The SQL of a ledger in SQLite, one statement a line. "
            "Generated; a test compares it with a new ledger.",
            "-- Authority tables, projection tables and their indexes.",
            *(f"{sql};" for sql in tables),
            "-- Guards: append-only triggers.",
            *(f"{sql};" for sql in guards),
            "",
        ]
    )


def _is_guard(name: str) -> bool:
    return name.startswith("guard_")


class _NoNulls(GenerateJsonSchema):
    """What is not known is absent: canonical JSON has no null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", "") is None:
            del made["default"]
        return made


def claim_schema(kind: str, body: type[Body]) -> dict[str, Any]:
    """The JSON Schema of a kind's body."""
    made = body.model_json_schema(schema_generator=_NoNulls)
    return {"$id": _address(f"claims/{kind}"), "$schema": DRAFT, **made}


def certificate_schema() -> dict[str, Any]:
    """The JSON Schema of a certificate's payload; what each section holds is the section's own."""
    subject = {"digest": {DIGEST_NAME: re.compile("[0-9a-f]{64}")}, "name": str}
    document = {
        "_type": STATEMENT_TYPE,
        "predicate": _SHAPE,
        "predicateType": PREDICATE_TYPE,
        "subject": [subject],
    }
    made = _schema(document)
    made["properties"]["subject"] |= {"maxItems": 1, "minItems": 1}
    made["properties"]["predicate"]["properties"]["composition"] = {
        "additionalProperties": {"type": "object"},
        "type": "object",
    }
    return {
        "$id": _address("certificate"), "$schema": DRAFT, "title": "Composition certificate", **made
    }  # fmt: skip


def proof_schema() -> dict[str, Any]:
    """The JSON Schema of a proof about a reserve."""
    digest, step = re.compile("sha256:[0-9a-f]{64}"), re.compile("[0-9a-f]{64}")
    document = {
        "answer": re.compile("(in|not_in)"),
        "document": digest,
        "entry": str,
        "format": PROOF_FORMAT,
        "leaves": [{"digest": digest, "index": int, "path": [step]}],
        "size": int,
        "statement": str,
        "tlog_proof": str,
    }
    made = _schema(document)
    made["properties"]["leaves"] |= {"maxItems": 2}
    return {"$id": _address("proof"), "$schema": DRAFT, "title": "Proof about a reserve", **made}


def _schema(shape: Any) -> dict[str, Any]:
    if isinstance(shape, Maybe):
        return _schema(shape.shape)
    if isinstance(shape, re.Pattern):
        return {"pattern": f"^{shape.pattern}$", "type": "string"}
    if isinstance(shape, str):
        return {"const": shape}
    if isinstance(shape, list):
        return {"items": _schema(shape[0]), "type": "array"}
    if isinstance(shape, Mapping):
        return {
            "additionalProperties": False,
            "properties": {name: _schema(item) for name, item in shape.items()},
            "required": sorted(n for n, item in shape.items() if not isinstance(item, Maybe)),
            "type": "object",
        }
    return {"type": {str: "string", int: "integer", dict: "object"}[shape]}


def _address(name: str) -> str:
    return f"https://headwater.invalid/schemas/{name}.schema.json"


def spelled(schema: Mapping[str, Any]) -> bytes:
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def with_examples(text: str, vectors: Mapping[str, Any]) -> str:
    """FORMAT.md with each marked block filled from the vectors.

    A mark is `<!-- FILE: PATH -->`; the path's steps are separated by ` / `.
    """

    def filled(found: re.Match[str]) -> str:
        value = vectors[found[2]]
        for step in found[3].split(" / "):
            value = value[int(step) if isinstance(value, list) else step]
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return found[1] + shown + ("" if shown.endswith("\n") else "\n") + found[5]

    return EXAMPLE.sub(filled, text)


def main(arguments: list[str]) -> int:
    files = generated()
    changed = stale(files)
    if "--check" not in arguments:
        for path in changed:
            if path not in files:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
    for path in changed:
        print(path.relative_to(ROOT))
    return 1 if changed and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
