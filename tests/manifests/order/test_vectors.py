"""The published examples of keys, thresholds and orders, by the formulas alone."""

import json
from typing import Any

from tests.manifests.order.oracle import permuted, turns
from tests.manifests.sampling.oracle import Document, key, select
from tests.vectors.manifests import FILE, spelled

VECTORS: dict[str, Any] = json.loads(FILE.read_bytes())


def test_an_example_is_not_what_the_code_gives() -> None:
    assert FILE.read_bytes() == spelled(), "python -m tests.vectors.manifests"


def test_a_published_key_is_another() -> None:
    for example in VECTORS["sampling"]["keys"]:
        digest, seed = bytes.fromhex(example["digest"]), int(example["seed"], 16)
        for name, tag in (("draw", b"headwater key 1"), ("copies", b"headwater rep 1")):
            assert bytes.fromhex(example[f"{name}_prefix"]) == tag + seed.to_bytes(8, "big")
            assert example[name] == f"{key(tag, seed, digest):016x}"


def test_a_published_draw_is_another() -> None:
    made = VECTORS["sampling"]["draw"]
    scores = made["classes"]["scores"]
    cut = sorted(scores)[len(scores) * 3 // 4 - 1]
    corpus = [
        Document(bytes.fromhex(digest), stratum, units, 4 if score > cut else 1)
        for digest, stratum, units, score in zip(
            made["digests"], made["stratum"], made["units"], scores, strict=True
        )
    ]
    expected = select(corpus, made["seed"], dict(enumerate(made["budgets"])))
    assert {corpus[place].digest for place in made["selected"]} == expected
    for document, place in zip(corpus, made["places"], strict=True):
        own = key(b"headwater key 1", made["seed"], document.digest)
        assert place == f"{own // document.weight:016x}"
        below, upto, last = made["limits"][document.stratum][str(document.weight)]
        own_hex, digest = f"{own:016x}", document.digest.hex()
        taken = own_hex < below or (own_hex <= upto and digest <= last)
        assert taken == (document.digest in expected)


def test_a_published_order_is_another() -> None:
    made = VECTORS["order"]
    manifest = bytes.fromhex(made["manifest"])
    for example in made["permutations"]:
        assert example["items"] == [
            permuted(manifest, 0, 0, example["size"], position) for position in example["positions"]
        ]
    quotas = made["quotas"]
    assert quotas["turns"] == turns(quotas["counts"])
    starts, seen = [0], [0] * len(quotas["counts"])
    for count in quotas["counts"]:
        starts.append(starts[-1] + count)
    for stratum, item in zip(quotas["turns"], quotas["items"], strict=True):
        inside = permuted(
            manifest, quotas["epoch"], stratum, quotas["counts"][stratum], seen[stratum]
        )
        assert item == starts[stratum] + inside
        seen[stratum] += 1
