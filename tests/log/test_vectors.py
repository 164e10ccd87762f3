"""The published examples: regenerating changes nothing, and the standard library alone agrees."""

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.vectors.log import FILE, spelled

VECTORS: dict[str, Any] = json.loads(FILE.read_bytes())


def test_regenerating_changes_nothing() -> None:
    assert FILE.read_bytes() == spelled()


@pytest.mark.parametrize("name", VECTORS["entries"])
def test_entries(name: str) -> None:
    vector = VECTORS["entries"][name]
    data = vector["bytes"].encode()
    entry = json.loads(data)
    said = {field: entry[field] for field in ("body", "kind", "subject")}
    assert (
        json.dumps(entry, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        == data
    )
    canonical = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    assert vector["claim_id"] == "sha256:" + sha256(canonical).hexdigest()
    assert vector["leaf"] == sha256(b"\0" + data).hexdigest()


def test_the_bundle_is_lengths_and_entries() -> None:
    data, found = bytes.fromhex(VECTORS["bundle"]), []
    while data:
        length = int.from_bytes(data[:2], "big")
        found.append(data[2 : 2 + length].decode())
        data = data[2 + length :]
    assert found == [VECTORS["entries"][name]["bytes"] for name in ("key", "dataset")]


def node(left: str, right: str) -> str:
    return sha256(b"\1" + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()


def test_roots() -> None:
    names = ("key", "dataset", "origin", "evidence", "authorship", "controls")
    a, b, c, d, e, f = (VECTORS["entries"][name]["leaf"] for name in names)
    four = node(node(a, b), node(c, d))
    assert VECTORS["roots"] == [
        sha256(b"").hexdigest(), a, node(a, b), node(node(a, b), c), four, node(four, e),
        node(four, node(e, f)),
    ]  # fmt: skip
    assert VECTORS["consistency_3_6"] == [c, d, node(a, b), node(e, f)]


def test_batches_are_a_chain() -> None:
    previous = bytes(32)
    for batch in VECTORS["batches"]:
        numbers = batch["number"].to_bytes(8, "big") + batch["size"].to_bytes(8, "big")
        previous = sha256(
            b"headwater/batch/v1\n" + previous + numbers + bytes.fromhex(batch["root"])
        ).digest()
        assert batch["link"] == previous.hex()
        assert batch["root"] == VECTORS["roots"][batch["size"]]


def public(name: str) -> tuple[str, bytes]:
    key = VECTORS["keys"][name]
    holder, hash8, blob = key["vkey"].split("+", 2)
    data, label = base64.b64decode(blob), f"{holder}+{hash8}"
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["seed"]))
    assert data == b"\1" + private.public_key().public_bytes_raw()
    assert hash8 == sha256(holder.encode() + b"\n" + data).hexdigest()[:8]
    return label, data[1:]


def test_the_checkpoint_is_signed() -> None:
    text, signature = VECTORS["checkpoint"].split("\n\n")
    name, size, root = text.split("\n")
    assert (name, size, base64.b64decode(root).hex()) == (
        "example.org/log",
        "6",
        VECTORS["roots"][6],
    )
    blob = base64.b64decode(signature.split(" ")[2])
    label, key = public("log")
    assert label.endswith(blob[:4].hex())
    Ed25519PublicKey.from_public_bytes(key).verify(blob[4:], text.encode() + b"\n")


def test_the_proof_is_of_entry_4() -> None:
    head, _, note = VECTORS["proof"].partition("\n\n")
    header, index, *hashes = head.split("\n")
    assert (header, index, note) == ("c2sp.org/tlog-proof@v1", "index 4", VECTORS["checkpoint"])
    four = VECTORS["roots"][4]
    assert [base64.b64decode(item).hex() for item in hashes] == [
        VECTORS["entries"]["controls"]["leaf"],
        four,
    ]


def test_the_claim_is_signed_without_a_log() -> None:
    entry = json.loads(VECTORS["entries"]["authorship"]["bytes"])
    (sig,) = entry["sigs"]
    said = {field: entry[field] for field in ("body", "kind", "subject")}
    payload = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    kind = b"application/vnd.headwater.claim+json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    label, key = public("ada")
    assert (sig["keyid"], sig["type"]) == (label, "ed25519")
    Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(sig["sig"]), message)


def test_the_commitment_opens() -> None:
    vector = VECTORS["commitment"]
    subject, file = (bytes.fromhex(vector[name][7:]) for name in ("subject", "file"))
    place = int(vector["row"]).to_bytes(8, "big") + int(vector["part"]).to_bytes(8, "big")
    message = vector["field"].encode() + b"\0" + subject + b"\0" + file + place
    salt = hmac.digest(bytes.fromhex(vector["secret"]), message, "sha256")
    assert vector["salt"] == salt.hex()
    made = sha256(b"headwater/commitment/v1\n" + salt + vector["value"].encode())
    assert vector["commitment"] == made.hexdigest()
    assert vector["scope"] == sha256(b"headwater/scope/v1\nfile\0" + file).hexdigest()
    assert vector["scope_of_author_ada"] == sha256(b"headwater/scope/v1\nauthor\0Ada").hexdigest()


def test_the_run_page_is_sorted_keys_then_offsets() -> None:
    page = VECTORS["run_page"]
    items = sorted((subject[:16], n) for n, subject in enumerate(page["subjects"]))
    assert page["data"] == "".join(k for k, _ in items) + "".join(f"{n:08x}" for _, n in items)
    assert page["first"] == items[0][0]


def test_the_profile_id_is_63_bits_of_its_json() -> None:
    values = json.dumps(VECTORS["profile"]["values"], separators=(",", ":")).encode()
    assert VECTORS["profile"]["id"] == int(sha256(values).hexdigest()[:16], 16) >> 1
