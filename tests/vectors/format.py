"""Worked examples of what log.json has not: each kind of claim, digests, ids, a certificate.

python -m tests.generate      rewrites format.json beside this file
"""

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from ledger.certificates.recorded import policy_shown
from ledger.certificates.statement import (
    Head,
    Page,
    Statement,
    certificate_body,
    format_statement,
    limits,
)
from ledger.corpus.document import DOCUMENT, STAGED
from ledger.corpus.inputs import Input, input_digest
from ledger.corpus.readers import DEFAULTS, readers
from ledger.log.canonical import Entry, claim_id, encode, format_entry, parse_digest, subject_of
from ledger.log.checkpoint import Checkpoint, format_checkpoint
from ledger.log.content_root import content_root
from ledger.log.merkle import leaf_hash, prove_inclusion, root_of
from ledger.log.notes import sign_note
from ledger.log.proofs import InclusionProof, format_proof
from ledger.log.tiles import tile_path
from ledger.log.vault import commit
from ledger.provenance.dsse import PAYLOAD_TYPE, sign_envelope
from ledger.provenance.facts import (
    ATTRIBUTE_FIELDS,
    FLAGS,
    PROFILE_FIELDS,
    content_id,
    dates_of,
    profile_of,
)
from ledger.provenance.policy import DEFAULT_POLICY, compile_sql, load_policy
from ledger.provenance.signing import CLAIM_TYPE, pae
from tests.log.making import AT, digest, entry, key, signer
from tests.vectors import membership, tags
from tests.vectors.log import ADA, LOG, commitment

FILE = Path(__file__).with_name("format.json")
STATEMENT = signer("example.org/log/statement")
PROVIDER = signer("example.org/marks")
TEXT = "Grüße\n"
RESULT = '{"counted":380,"neg_log10_p_milli":17352,"statistic":"494.125"}'
URL, PATH = "https://example.org/gr\u00fc\u00dfe", "/data/notes.jsonl"
SECRET = sha256(b"test secret").digest()  # of every scope here
TREE = {"a.txt": b"one\n", "sub/b.md": b"two\n"}


def document() -> str:
    return "sha256:" + sha256(TEXT.encode()).hexdigest()


def committed(field: str, subject: str, place: tuple[bytes, int, int], value: str) -> str:
    return f"sha256:{commit(SECRET, field, parse_digest(subject), place, value).hex()}"


def entries() -> dict[str, Entry]:
    """One entry of each kind but `certificate`, in an order in which a log could hold them."""
    file, policy = digest("notes.jsonl"), load_policy(DEFAULT_POLICY)
    at_rest, here = (parse_digest(file), 0, 0), (parse_digest(file), 7, 0)
    alone = (parse_digest(document()), 0, 0)
    dataset = {
        "ai_tools_since": "2023-01-01", "channel": "crawled", "columns": {"text": "body"},
        "description": digest("dataset.toml"), "include": ["*.jsonl"], "language": "detect",
        "license": "CC-BY-4.0", "name": "notes", "options": ["git.rev=v1.0"], "version": "1",
    }  # fmt: skip
    operation = {
        "bytes": 1234, "dataset": "notes@1", "map": f"sha256:{map_digest()['digest']}",
        "path": committed("path", file, at_rest, PATH), "reader": "jsonl",
        "reader_version": 1, "rejected": 0, "rows": 1,
    }  # fmt: skip
    evidence = {
        "binding": "exact_bytes", "checker": "registry_release/1", "existed_by": 1_659_542_400,
        "issuer": "registry.example", "outcome": "checked", "proof": digest("answer"),
        "type": "registry_release",
    }  # fmt: skip
    origin = {
        "bytes": len(TEXT.encode()), "channel": "crawled", "claimed_at": 1_659_000_000,
        "collected_at": 1_659_500_000, "content_type": "text/html", "crawler": "ccbot",
        "dataset": "notes@1", "language": "de", "license": "CC-BY-4.0",
        "license_stated": "by/4.0", "locator": {"file": file, "part": 0, "row": 7},
        "private": {"url": committed("url", document(), here, URL)}, "site": "example.org",
        "tokenizer": "gpt2", "tokens": 4, "topic": "greetings",
    }  # fmt: skip
    overlap = {
        "against": "reserve:old@1", "against_documents": 900, "against_root": digest("its root"),
        "contained": 3, "content_root": digest("our root"), "dataset": "notes@1",
        "documents": 1000, "exact": 20, "method": "neardup/1", "near_50": 70, "near_80": 50,
        "normalised": 25, "novel": 800, "pairs": digest("pairs"),
    }  # fmt: skip
    reserve = {
        "bytes": 1_000_000, "content_root": digest("root"), "documents": 900,
        "members": digest("members"), "name": "old", "parent": digest("root before"),
        "root": digest("log root"), "size": 11, "stage": "any", "statement": digest("statement"),
        "sums": digest("sums"), "version": 2,
    }  # fmt: skip
    mark = subject_of("scheme", "example.org/chat", "1")
    vectors, state = digest("vectors of the mark"), digest("state of the mark")
    scheme = {
        "algorithm": "gumbel-philox/single@1", "issued_at": AT, "key_class": "sealed",
        "key_commitment": digest("key"), "model": "Chat 1", "name": "example.org/chat",
        "not_before": 1_780_000_000, "parameters": {"context_width": "4"},
        "provider": "Example Ltd", "provider_key": PROVIDER.verifier.vkey, "status": "active",
        "tokenizer": digest("tokenizer.json"), "tokenizer_behaviour": digest("ids of the probe"),
        "vectors": vectors, "version": "1", "vocab_size": 50_257,
    }  # fmt: skip
    watermark = {
        "alpha_milli": 9_000, "bucket_milli": 12_000, "decision": "detected",
        "detector": "watermark/1", "keys": 3, "mark": mark,
        "private": {"result": committed("result", document(), alone, RESULT)},
        "spans": digest("spans"), "state": state, "tokenizer": digest("tokenizer.json"),
        "tokens": 400, "vectors": vectors,
    }  # fmt: skip
    scan = {
        "alpha_milli": 9_000, "content_root": digest("our root"), "dataset": "notes@1",
        "documents": 1000, "fdr_milli": 2_000, "marks": [
            {"calibration": digest("record"), "detected": 40, "fdr": 44, "least": 24, "mark": mark,
             "pooled_milli": 12_000, "state": state, "undecidable": 12},
        ],
        "outcomes": {"below_alpha": 948, "detected": 40, "undecidable": 12},
        "parameters": digest("parameters"), "results": digest("results"), "scan": "watermark",
        "tokens": 420_000, "unicode": {"zero_width": 1}, "version": "1",
    }  # fmt: skip
    calibration = {
        "at_2": 9, "at_3": 1, "at_4": 0, "at_5": 0, "at_6": 0, "detector": "watermark/1",
        "documents": 900, "mark": mark, "reserve": "old@2", "reserve_root": digest("root"),
        "state": state, "stop_grams": digest("contexts"), "tested": 870,
        "tokenizer": digest("tokenizer.json"),
    }  # fmt: skip
    calibrated = entry(
        "verdict_calibration",
        subject_of("verdict_calibration", "notes", "1"),
        {
            "bands": digest("bands"), "detector": "headwater-core", "detector_version": "1",
            "expires_at": AT + 365 * 86_400, "human": [
                {"before": "2022-11-30", "content_root": digest("old documents"),
                 "documents": 500, "reserve_root": digest("root"), "source": "reserve:old@2"},
            ],
            "name": "notes", "sample": digest("sample"), "source": "headwater",
            "synthetic": 1665, "tokenizer": digest("words@1"), "version": "1",
            "weights": digest("weights"),
        },
    )  # fmt: skip
    verdict = {
        "calibration": calibrated.claim_id, "detector": "headwater-core",
        "outcome": "like_ai_sample", "p_ai_ppm": 700_000, "p_human_ppm": 1_997,
        "profile": calibrated.subject, "q_ppm": 44_000, "score_milli": 4_218,
        "source": "headwater", "version": "1", "weights": digest("weights"), "words": 240,
    }  # fmt: skip
    audit = {
        "audit": "contamination", "calibration": calibrated.claim_id, "contamination": {
            "ai": 764, "ai_above": 520, "bound_ppm": 331_000, "cut_milli": 1_906,
            "documents": 1000, "estimate_ppm": 118_000, "flagged": 98, "gate": "failed",
            "high_ppm": 160_000, "human": 500, "human_above": 25, "level_ppm": 100_000,
            "low_ppm": 76_000, "measurable": 760, "mixture_high_ppm": 149_000,
            "mixture_low_ppm": 81_000, "mixture_ppm": 113_000, "sampled": 760,
            "unmeasured": {"not_english": 40, "too_short": 200}, "upper_level_ppm": 250_000,
        },
        "content_root": digest("our root"), "dataset": "notes@1", "detector": "headwater-core",
        "detector_version": "1", "method": "rogan-gladen", "parameters": digest("parameters"),
        "results": digest("results"), "weights": digest("weights"),
    }  # fmt: skip
    manifest = entry(
        "manifest",
        subject_of("manifest", "mix", "7"),
        {
            "content_root": digest("rows"), "name": "mix", "parent": digest("statement of mix 6"),
            "root": digest("log root"), "rows": 9_000, "seed": "7", "size": 30,
            "stage": "pretrain", "statement": digest("statement of mix 7"), "unit": "documents",
            "units": 10_000, "version": "7",
        },
    )  # fmt: skip
    review = {
        "because": digest("reasons"), "decision": "human", "draw": digest("draw"),
        "inclusion_ppb": 2_500_000,
        "issued_at": AT, "mode": "audit", "reason": "known_source",
        "reviewer": f"sha256:{sha256(ADA.verifier.vkey.encode()).hexdigest()}",
        "source": digest("the letter it quotes"), "stage": "blind", "task": digest("task"),
    }  # fmt: skip
    model = {
        "aliases": ["example/writer-2"], "base": subject_of("model", "writer", "1"),
        "manifests": [digest("statement of mix 7")], "name": "writer", "version": "2",
        "trained_on": [{"documents": 9_000, "generation": 0}, {"documents": 1_000}],
    }  # fmt: skip
    note = {"bytes": 5, "commit": "ab" * 20, "convention": "git_ai", "note": digest("notes")}
    pull = {"consumer": "trainer.example", "manifest": digest("statement of mix 7")}
    author = committed("author", document(), alone, "Ada")
    said = {"ai_ppm": 20_000, "assistance": "A1", "author": author, "issued_at": AT}
    wrong = entry("authorship", document(), {"assistance": "A3", "model": "undisclosed"})
    return {
        "key": key(LOG, "log"),
        "key_of_statements": key(STATEMENT, "statement"),
        "key_of_an_author": key(ADA, "claim"),
        "dataset": entry("dataset", subject_of("dataset", "notes", "1"), dataset),
        "operation": entry("operation", file, operation),
        "evidence": entry("evidence", file, evidence),
        "origin": entry("origin", document(), origin),
        "authorship": entry("authorship", document(), said, by=[ADA]),
        "authorship_to_withdraw": wrong,
        "withdrawal": entry(
            "withdrawal", document(), {"claim": wrong.claim_id, "reason": "mistaken"}
        ),
        "policy": entry(
            "policy",
            subject_of("policy", policy.name, str(policy.version)),
            {"name": policy.name, "source": policy.digest, "version": str(policy.version)},
        ),
        "overlap": entry("overlap", subject_of("dataset", "notes", "1"), overlap),
        "reserve": entry("reserve", subject_of("reserve", "old", "2"), reserve),
        "takedown": entry(
            "takedown", document(), {"because": digest("words"), "reason": "rights_holder"}
        ),
        "key_of_a_provider": key(PROVIDER, "provider"),
        "scheme": entry("scheme", mark, scheme, by=[PROVIDER]),
        "watermark": entry("watermark", document(), watermark),
        "scan": entry("scan", subject_of("dataset", "notes", "1"), scan),
        "calibration": entry("calibration", mark, calibration),
        "verdict_calibration": calibrated,
        "verdict": entry("verdict", document(), verdict),
        "audit": entry("audit", subject_of("dataset", "notes", "1"), audit),
        "manifest": manifest,
        "pull": entry("pull", manifest.subject, pull),
        "review": entry("review", document(), review, by=[ADA]),
        "note": entry("note", subject_of("commit", "ab" * 20, "sha1"), note),
        "model": entry("model", subject_of("model", "writer", "2"), model),
        "erasure": entry(
            "erasure", key(ADA).subject, {"reason": "asked for", "scope": digest("scope of Ada")}
        ),
    }


def vectors() -> dict[str, Any]:
    """Every example by name; bytes as text where they are text, else as hex."""
    claims = entries()
    certificate = certified(claims)
    return {
        "arrow": {"document": DOCUMENT.to_string(), "staged": STAGED.to_string()},
        "attributes": attributes(),
        "canonical": canonical(),
        "certificate": certificate,
        "content_root": {
            "empty": content_root([]).hex(),
            "of_three": content_root(sorted(parse_digest(digest(name)) for name in "abc")).hex(),
            "three": sorted(digest(name) for name in "abc"),
        },
        "disclosure": disclosure(),
        "committed": {
            "author": "Ada",
            "path": PATH,
            "result": RESULT,
            "secret": SECRET.hex(),
            "url": URL,
        },
        "document": {"digest": document(), "text": TEXT},
        "entries": {
            name: {
                "bytes": format_entry(item).decode(),
                "claim_id": claim_id(item.kind, item.subject, item.body),
            }
            for name, item in claims.items()
        },
        "folder": folder(),
        "map": map_digest(),
        "membership": membership.vectors(),
        "policy": {
            "reference": DEFAULT_POLICY,
            "source": load_policy(DEFAULT_POLICY).digest,
            "sql": compile_sql(load_policy(DEFAULT_POLICY)),
        },
        "profile": profile(claims),
        "signed_claim": signed_claim(claims["authorship"]),
        "tag": tags.vectors(),
        "tile_paths": {
            "entries 1234067": tile_path("entries", 1234067),
            "level 0, 256 of 0": tile_path(0, 0),
            "level 1, 5 of 1000": tile_path(1, 1000, 5),
        },
    }


def canonical() -> Mapping[str, Any]:
    """Values as Python's json spells them, their canonical bytes, and what has none."""
    value = {
        "b": [1, True, {}],
        "a": 'é\0\b\t\n\f\r\x1f"\\/\x7f\u2028\U0001f600',
        "z_9": -(2**53 - 1),
    }
    refused = ["1.5", "null", '{"A":1}', '{"":1}', str(2**53), '"\\ud800"', '{"é":1}']
    return {
        "bytes": encode(value).decode(),
        "hex": encode(value).hex(),
        "of": json.dumps(value),
        "refused": refused,
    }


def disclosure() -> Mapping[str, Any]:
    """Two entries of a block, before compression."""
    made = commitment()
    items = [(0, made["scope"], {"url": made["value"]}), (2, made["scope"], {"path": "a/b.jsonl"})]
    raw = orjson.dumps(items)
    return {"bytes": len(raw), "data": raw.decode(), "first": 512, "n": 3}


def folder() -> Mapping[str, str]:
    with TemporaryDirectory() as made:
        root = Path(made)
        (root / "sub").mkdir()
        for name, data in TREE.items():
            (root / name).write_bytes(data)
        found = input_digest(Input(root, readers()["folder"], 8), DEFAULTS)
    lines = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in TREE.items())
    return {"digest": found.hex(), "lines": lines}


def map_digest() -> Mapping[str, str]:
    raw = orjson.dumps({"columns": {"text": "body"}, "include": ["*.jsonl"],
                         "settings": {"git.rev": "v1.0"}})  # fmt: skip
    return {"digest": sha256(raw).hexdigest(), "of": raw.decode()}


def attributes() -> Mapping[str, Any]:
    values = ["crawled", "text/html", "de", None, "grüße"]
    return {"fields": list(ATTRIBUTE_FIELDS), "id": content_id(values), "values": values}


def profile(claims: Mapping[str, Entry]) -> Mapping[str, Any]:
    """Of the example document: dated by its file, attested by its author."""
    values = profile_of((dates_of([claims["evidence"]]), False), [(claims["authorship"], True)])
    return {
        "fields": list(PROFILE_FIELDS),
        "flags": dict(FLAGS),
        "id": content_id(values),
        "values": list(values),
    }


def signed_claim(claim: Entry) -> Mapping[str, Any]:
    said = encode({"body": claim.body, "kind": claim.kind, "subject": claim.subject})
    return {"message": pae(CLAIM_TYPE, said).decode(), "sig": dict(claim.sigs[0])}


def certified(claims: Mapping[str, Entry]) -> Mapping[str, Any]:
    """A statement over the log of `claims`, and its receipt."""
    data = [format_entry(item) for item in claims.values()]
    head = Head(LOG.name, len(data), root_of([leaf_hash(item) for item in data]), "")
    note = sign_note(format_checkpoint(Checkpoint(head.log_name, head.size, head.root)), LOG)
    policy = load_policy(DEFAULT_POLICY)
    rule = policy.decide(profile(claims)["values"])
    whole = {
        "bytes": len(TEXT.encode()), "bytes_ppm": 1_000_000,
        "documents": 1, "documents_ppm": 1_000_000, "occurrences": 1,
    }  # fmt: skip
    label = {"basis": rule.basis, "label": rule.label, "rule": rule.number}
    statement = Statement(
        subject="notes@1",
        content_root=content_root([parse_digest(document())]),
        composition={
            "labels": {"rows": [label | whole]},
            "totals": {name: whole[name] for name in ("bytes", "documents", "occurrences")},
        },
        head=Head(head.log_name, head.size, head.root, note),
        policy=policy_shown(policy, policy.cutoff),
        issued_at=AT,
        issuer=LOG.name,
        limits=limits(LOG.name, policy.sentence()),
        log_vkeys=(LOG.verifier.vkey,),
        statement_vkeys=(STATEMENT.verifier.vkey,),
        page=Page(sha256(b"<!doctype html>\n").digest(), 1),
    )
    payload = format_statement(statement)
    identity = sha256(payload).hexdigest()
    item = entry(
        "certificate",
        subject_of("certificate", statement.subject, identity),
        certificate_body(statement, f"sha256:{identity}"),
    )
    data.append(format_entry(item))
    leaves = [leaf_hash(one) for one in data]
    after = sign_note(format_checkpoint(Checkpoint(LOG.name, len(data), root_of(leaves))), LOG)
    path = prove_inclusion(
        len(data) - 1, len(data), lambda level, at: root_of(leaves[at << level : at + 1 << level])
    )
    envelope = sign_envelope(payload, STATEMENT)
    return {
        "certificate.json": envelope.decode(),
        "certificate.tlog-proof": format_proof(InclusionProof(len(data) - 1, tuple(path), after)),
        "entry.json": data[-1].decode(),
        "payload": payload.decode(),
        "payload_sha256": identity,
        "signed_message_begins": pae(PAYLOAD_TYPE, payload)[:60].decode(),
        "statement_vkey": STATEMENT.verifier.vkey,
        "signature": base64.b64encode(STATEMENT.sign(pae(PAYLOAD_TYPE, payload))).decode(),
    }


def spelled() -> bytes:
    return json.dumps(vectors(), ensure_ascii=True, indent=1, sort_keys=True).encode() + b"\n"
