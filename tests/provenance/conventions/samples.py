"""One small text of each convention that says A3 by a model, and what builds C2PA manifests."""

import base64
from hashlib import sha256
from typing import Any

import orjson

from ledger.claims.authorship import Authorship
from ledger.log.notes import Signer
from ledger.provenance.conventions.sidecar import format_sidecar
from ledger.provenance.tags.make import Tag

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SESSION = {"agent_id": {"tool": "an-agent", "id": "1", "model": "a-model"}}
TEXT = b"one\ntwo\nthree\n"


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def _superbox(label: str, *boxes: bytes) -> bytes:
    described = _box(b"jumd", bytes(16) + b"\x03" + label.encode() + b"\0")
    return _box(b"jumb", described + b"".join(boxes))


def cbor(value: Any) -> bytes:
    """CBOR of texts, lists and maps of texts, shortest forms."""
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    parts = (cbor(key) + cbor(item) for key, item in value.items())
    return _head(5, len(value)) + b"".join(parts)


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    if number < 256:
        return bytes([kind << 5 | 24, number])
    return bytes([kind << 5 | 25]) + number.to_bytes(2, "big")


def store(**assertions: Any) -> bytes:
    """A C2PA manifest store of an older manifest that says nothing, and the active one."""
    boxes = [
        _superbox(label.replace("__", ".").replace("_", "-"), _box(b"cbor", cbor(value)))
        for label, value in assertions.items()
    ]
    return _superbox(
        "c2pa",
        _superbox("urn:c2pa:older", _superbox("c2pa.assertions")),
        _superbox("urn:c2pa:newer", _superbox("c2pa.assertions", *boxes)),
    )


def created(code: str, action: str = "c2pa.created") -> dict[str, Any]:
    return {"actions": [{"action": action, "digitalSourceType": IPTC + code}]}


def disclosed(level: str) -> dict[str, Any]:
    return {"modelName": "a-model", "contentProfile": {"humanOversightLevel": level}}


def selectors(data: bytes) -> str:
    return "".join(chr(0xFE00 + b) if b < 16 else chr(0xE0100 + b - 16) for b in data)


def wrapped(manifest: bytes, version: int = 1) -> bytes:
    head = b"C2PATXT\0" + bytes([version]) + len(manifest).to_bytes(4, "big")
    return ("\ufeff" + selectors(head + manifest)).encode()


def armoured(manifest: bytes) -> bytes:
    uri = b"data:application/c2pa;base64," + base64.b64encode(manifest)
    return b"-----BEGIN C2PA MANIFEST-----\n# " + uri + b"\n# -----END C2PA MANIFEST-----\n"


def scripted(manifest: bytes) -> bytes:
    inside = base64.b64encode(manifest)
    return b'<html><head><script type="application/c2pa">' + inside + b"</script></head>"


def note(schema: str = "authorship/3.0.0", lines: str = "1-2", **more: Any) -> bytes:
    document = {
        "schema_version": schema,
        "base_commit_sha": "ab" * 20,
        "prompts": {},
        "sessions": {"s_0123456789abcd": SESSION},
        **more,
    }
    head = f"a.md\n  s_0123456789abcd::t_0123456789abcd {lines}\n---\n"
    return head.encode() + orjson.dumps(document)


def record(**more: Any) -> bytes:
    conversation = {
        "contributor": {"type": "ai", "model_id": "a-model"},
        "ranges": [{"start_line": 1, "end_line": 2}],
    }
    return orjson.dumps(
        {
            "version": "0.1.0",
            "id": "00000000-0000-4000-8000-000000000000",
            "timestamp": "2026-01-02T03:04:05Z",
            "files": [{"path": "a.md", "conversations": [conversation]}],
            **more,
        }
    )


def tag_of(content: bytes = TEXT, **stated: Any) -> Tag:
    body = Authorship.model_validate({"assistance": "A3", "model": "a-model", **stated})
    return Tag(f"sha256:{sha256(content).hexdigest()}", body)


def sidecar(signer: Signer, content: bytes = TEXT) -> bytes:
    return format_sidecar("a.md", tag_of(content, issued_at=1_790_000_000), signer)


def samples(signer: Signer) -> dict[str, bytes]:
    """By convention, a text that says A3."""
    made = {"@type": "Article", "digitalSourceType": IPTC + "trainedAlgorithmicMedia"}
    return {
        "agent_trace": record(),
        "c2pa_text": TEXT
        + wrapped(
            store(
                c2pa__actions__v2=created("trainedAlgorithmicMedia"),
                c2pa__ai_disclosure=disclosed("prompt_guided"),
            )
        ),
        "front_matter": b"---\ntitle: x\nai-disclosure: ai-generated\nai-model: a-model\n---\nx\n",
        "git_ai": note(),
        "html": b'<p ai-disclosure="ai-generated" ai-model="a-model">x</p>',
        "json_ld": b'<script type="application/ld+json">' + encode_any(made) + b"</script>",
        "sidecar": sidecar(signer),
        "trailer": b"title\n\nbody\n\nGenerated-by: a-model\n",
    }


def encode_any(value: Any) -> bytes:
    return orjson.dumps(value)
