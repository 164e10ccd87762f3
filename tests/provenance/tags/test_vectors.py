"""The published tag, checked by nothing of ours but its bytes."""

import base64
import json
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.vectors.log import ADA
from tests.vectors.tags import vectors

MADE: dict[str, Any] = vectors()
CONTENT = str(MADE["text"]).encode()


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def test_the_list_of_spans() -> None:
    text = str(MADE["text"])
    for name, ranges in (("list", [MADE["ranges"][0]]), ("list_of_two", [[0, 8], [10, 13]])):
        expected = []
        for start, end in ranges:
            before = CONTENT[:start].decode()[-32:].encode()
            after = CONTENT[end:].decode()[:32].encode()
            number = 0
            for byte in CONTENT[start:end]:
                number = (number * 256 + byte) % 2147483629
            expected.append(
                {
                    "end": end, "start": start, "sha256": digest(CONTENT[start:end]),
                    "sum": number, "prefix": digest(before), "prefix_bytes": len(before),
                    "suffix": digest(after), "suffix_bytes": len(after),
                }
            )  # fmt: skip
        whole = {"document": digest(CONTENT), "size": len(CONTENT), "spans": expected, "v": 1}
        assert canonical(whole).decode() == MADE[name]
    first, second = MADE["ranges"]
    assert CONTENT[slice(*first)].decode() == text.split("\n")[1] + "\n"
    assert CONTENT[slice(*second)].endswith(b"\r\n")


def test_the_receipt() -> None:
    receipt = json.loads(MADE["receipt"])
    assert canonical(receipt).decode() == MADE["receipt"]
    payload = base64.b64decode(receipt["payload"])
    claim = json.loads(payload)
    assert canonical(claim) == payload
    assert digest(payload) == MADE["claim_id"]
    assert claim["subject"] == digest(CONTENT)
    (listed,) = map(base64.b64decode, receipt["attachments"])
    assert listed.decode() == MADE["list"]
    assert claim["body"]["spans"] == digest(listed)
    (sig,) = receipt["signatures"]
    assert (sig["type"], sig["keyid"]) == ("ed25519", ADA.verifier.label)
    kind = receipt["payloadType"].encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    key = Ed25519PublicKey.from_public_bytes(ADA.verifier.public)
    key.verify(base64.b64decode(sig["sig"]), message)


def test_the_edited_text() -> None:
    edited = str(MADE["edited"]).encode()
    line, *others = MADE["found"]
    assert edited[slice(*line)] == CONTENT[slice(*MADE["ranges"][0])]
    assert others == ["drifted", "drifted"]
