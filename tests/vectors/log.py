"""Worked examples of every byte the log hashes or signs, from keys and values made of fixed seeds.

python -m tests.vectors.log      rewrites log.json beside this file
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ledger.log.canonical import Entry, claim_id, format_entry, parse_digest, subject_of
from ledger.log.chain import FIRST_LINK, link_batch
from ledger.log.checkpoint import Checkpoint, format_checkpoint
from ledger.log.merkle import leaf_hash, prove_consistency, prove_inclusion, root_of
from ledger.log.notes import sign_note
from ledger.log.proofs import InclusionProof, format_proof
from ledger.log.runs import format_pages, keys_of
from ledger.log.tiles import pack_bundle
from ledger.log.vault import commit, salt_of, scope_of
from ledger.provenance.facts import PROFILE_FIELDS, content_id
from tests.log.making import AT, authorship, dataset, digest, evidence, key, origin, signer

FILE = Path(__file__).with_name("log.json")
LOG = signer("example.org/log")
ADA = signer("ada.example/claims")
PROFILE = [0 if name == "flags" else None for name in PROFILE_FIELDS]  # nothing is known


def entries() -> dict[str, Entry]:
    document = digest("a document")
    return {
        "key": key(LOG, "log"),
        "dataset": dataset("r", "1", license="CC0-1.0"),
        "origin": origin(document, language="en", collected_at=1_500_000_000, site="exámple.org"),
        "evidence": evidence(digest("f"), 1_660_000_000),
        "authorship": authorship(document, "A3", ai_ppm=900_000, by=[ADA]),
        "controls": Entry("x", document, {"text": '\0\n"\\\x7f\u2028\U0001f600'}, "operator", AT),
    }


def vectors() -> dict[str, Any]:
    """Every example by name; bytes as text where they are text, else as hex."""
    said = entries()
    data = [format_entry(item) for item in said.values()]
    leaves = [leaf_hash(item) for item in data]

    def subtree(level: int, index: int) -> bytes:
        return root_of(leaves[index << level : index + 1 << level])

    note = sign_note(format_checkpoint(Checkpoint(LOG.name, len(data), root_of(leaves))), LOG)
    proof = InclusionProof(4, tuple(prove_inclusion(4, len(data), subtree)), note)
    links, link = [], FIRST_LINK
    for number, size in enumerate((2, 5, 6)):
        link = link_batch(link, number, size, root_of(leaves[:size]))
        links.append(
            {
                "link": link.hex(),
                "number": number,
                "root": root_of(leaves[:size]).hex(),
                "size": size,
            }
        )
    return {
        "batches": links,
        "bundle": pack_bundle(data[:2]).hex(),
        "checkpoint": note,
        "commitment": commitment(),
        "consistency_3_6": [item.hex() for item in prove_consistency(3, 6, subtree)],
        "entries": {
            name: {
                "bytes": raw.decode(),
                "claim_id": claim_id(item.kind, item.subject, item.body),
                "leaf": leaf.hex(),
            }
            for (name, item), raw, leaf in zip(said.items(), data, leaves, strict=True)
        },
        "keys": {
            "ada": {
                "seed": sha256(b"test key " + ADA.name.encode()).hexdigest(),
                "vkey": ADA.verifier.vkey,
            },
            "log": {
                "seed": sha256(b"test key " + LOG.name.encode()).hexdigest(),
                "vkey": LOG.verifier.vkey,
            },
        },
        "profile": {"id": content_id(PROFILE), "values": PROFILE},
        "proof": format_proof(proof),
        "roots": [root_of(leaves[:size]).hex() for size in range(len(leaves) + 1)],
        "run_page": run_page(),
        "subjects": {"dataset r 1": subject_of("dataset", "r", "1")},
    }


def commitment() -> Mapping[str, str]:
    scope = scope_of("file", parse_digest(digest("f")))
    secret = sha256(b"test secret").digest()
    subject, place = parse_digest(digest("a document")), (parse_digest(digest("f")), 7, 0)
    value = "https://example.org/ü"
    return {
        "commitment": commit(secret, "url", subject, place, value).hex(),
        "field": "url",
        "file": digest("f"),
        "part": "0",
        "row": "7",
        "salt": salt_of(secret, "url", subject, place).hex(),
        "scope": scope.hex(),
        "scope_of_author_ada": scope_of("author", "Ada").hex(),
        "secret": secret.hex(),
        "subject": digest("a document"),
        "value": value,
    }


def run_page() -> Mapping[str, Any]:
    subjects = [parse_digest(digest(name)) for name in "abc"]
    keys = keys_of(np.frombuffer(b"".join(subjects), np.uint8).reshape(-1, 32))
    order = np.argsort(keys)
    ((first, data),) = format_pages(keys[order], np.arange(3, dtype=np.uint32)[order])
    return {"data": data.hex(), "first": first.hex(), "subjects": [s.hex() for s in subjects]}


def spelled() -> bytes:
    return json.dumps(vectors(), ensure_ascii=True, indent=1, sort_keys=True).encode() + b"\n"


if __name__ == "__main__":
    FILE.write_bytes(spelled())
