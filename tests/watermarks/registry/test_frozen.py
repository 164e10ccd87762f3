"""The bytes that others hold: a release that spells or opens them otherwise has broken a format."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ledger.log.keys import KeyRing
from ledger.watermarks.registry.entry import key_fingerprint, subject_of_mark
from ledger.watermarks.registry.keystore import (
    KeyMaterial,
    commitment_of,
    open_envelope,
    parse_envelope,
)
from ledger.watermarks.registry.recipients import format_recipient, private_path
from ledger.watermarks.registry.vectors import make_vectors
from ledger.watermarks.schemes import open_mark

PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
BLINDING = bytes(range(32))
KEY = {"seed": "4242"}
RECIPIENT = "hwr1r5amllnwr4swesxfwikou5t2n3eu3au5hv5v4gwrxjxt4ijyfbpqm2omxy"
CIPHERTEXT = (
    "72+N3qfGZkkrY2agVXy8SWYcPRUfTKHWbhvHXDfy6qAA+MLbgtySe7FkFFa4SplNK8JJkrppvjRdA9QuxcjUpw/8"
    "dztHI1BsnNrZEEB0wKRciQncgfVLbN06yQ8JOfuVUrNiNsSZTCqGITOVG8FSMK8SCX7U"
)
WRAPPED = (
    "sPl3cIhr9/iiU2oNe0Gd0C9McKHOji754nVvugHaL01g2mWuzMOBuq9Hy7aICZ/fI/ojQAy3IOt+vLSNUg+4ZUrd"
    "uV3iTOO0O3J3KiAfVIg="
)
ENVELOPE = (
    f'{{"cipher":"chacha20-poly1305","ciphertext":"{CIPHERTEXT}",'
    '"format":"headwater watermark envelope v1","nonce":"i8TvoB0N7svcLtmI","recipients":'
    f'[{{"name":"self","recipient":"{RECIPIENT}","wrapped":"{WRAPPED}"}}],'
    f'"subject":"sha256:{"a" * 64}"}}'
).encode()


def test_a_recipient_s_text() -> None:
    assert format_recipient(PRIVATE.public_key().public_bytes_raw()) == RECIPIENT


def test_a_commitment_and_a_public_key_s_fingerprint() -> None:
    assert commitment_of(KeyMaterial(KEY, BLINDING)) == (
        "sha256:257cf6bd8e0c9bd6827335bb05a401f33da35072605ecdbc41fac98c57f0ed2a"
    )
    found = key_fingerprint("unigram/shuffle@1", {"green_tokens": "500"}, 1000, KEY)
    assert found == "sha256:394fb44462b633c886dd529731e72f4a079673fb3c3d14a9c7273226865c931c"


def test_an_envelope_of_long_ago_opens(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    pem = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private_path(ring).write_bytes(pem)
    private_path(ring).chmod(0o600)
    material = open_envelope(parse_envelope(ENVELOPE, "file"), ring)
    assert material is not None and material.key == KEY and material.blinding == BLINDING


@pytest.mark.parametrize(
    ("algorithm", "parameters", "key", "vocab_size", "blinding", "digest"),
    [
        (
            "unigram/shuffle@1",
            {"green_tokens": "500"},
            KEY,
            1000,
            b"",
            "c25d0eec374750565f608deecb04abd446611b93739b10a0813fae98770f9a22",
        ),
        (
            "unigram/shuffle@1",
            {"green_tokens": "500"},
            KEY,
            1000,
            BLINDING,
            "462e7e220d2e9d77f04d1c35d424c04fac39cc55cc9155fddac1826544d46180",
        ),
        (
            "gumbel-philox/single@1",
            {"context_width": 4},
            {"key": 42},
            50257,
            b"",
            "f9b9750054d1d640c4c8b64a8321c775ad410d45937fb06eea8ffb91d3e90f1f",
        ),
    ],
)
def test_the_vectors_of_a_mark(
    algorithm: str, parameters, key, vocab_size: int, blinding: bytes, digest: str
) -> None:
    mark = open_mark(algorithm, parameters, key, vocab_size)
    assert make_vectors(mark, blinding).digest == f"sha256:{digest}"


def test_the_subject_of_a_mark() -> None:
    assert subject_of_mark("acme-writer", "1") == (
        "sha256:f0dfa04a99edf0d012a67848b4fa823fd78938bbf9816539aace4db502562b04"
    )
