"""The provenance projection worked out slowly from a list of entries, for comparing.

Shares no code with the projection but the entry's own identity: no Arrow, no numpy, no runs, no
batches. One document at a time, one rule after another.
"""

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.log.canonical import Entry, encode
from ledger.log.notes import parse_vkey

LEVEL = {  # anything else that was not failed is worth 1
    ("crawl_index", "checked"): 4,
    ("git_tag", "checked"): 2,
    ("openpgp_release", "checked"): 3,
    ("registry_release", "checked"): 3,
    ("rfc3161", "checked"): 5,
}
ATTRIBUTES = ("channel", "content_type", "language", "license", "topic")


def raw(digest: str) -> bytes:
    return bytes.fromhex(digest[-64:])


def row_id(values: Sequence[Any]) -> int:
    text = json.dumps(list(values), separators=(",", ":"), ensure_ascii=False)
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") >> 1


def is_live(entries: Sequence[Entry], index: int) -> bool:
    """Nobody who recorded this claim took it back afterwards, on the same subject."""
    mine = entries[index]
    return mine.kind == "withdrawal" or not any(
        later.kind == "withdrawal"
        and raw(later.subject) == raw(mine.subject)
        and later.actor == mine.actor
        and later.body["claim"] == mine.claim_id
        for later in entries[index + 1 :]
    )


def is_attested(entries: Sequence[Entry], index: int) -> bool:
    claim = entries[index]
    payload = encode({"body": claim.body, "kind": claim.kind, "subject": claim.subject})
    kind = b"application/vnd.headwater.claim+json"
    message = b" ".join(
        [b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload]
    )
    for at, earlier in enumerate(entries[:index]):
        if earlier.kind != "key" or earlier.body["use"] != "claim":
            continue
        if not is_live(entries[:index], at):
            continue  # it was revoked before this claim was recorded
        verifier = parse_vkey(earlier.body["vkey"])
        for sig in claim.sigs:
            if sig.get("type") != "ed25519" or sig.get("keyid") != verifier.label:
                continue
            try:
                signature = base64.b64decode(sig["sig"], validate=True)
                Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, message)
            except (InvalidSignature, ValueError):
                continue
            return True
    return False


def dates(entries: Sequence[Entry], subjects: set[bytes]) -> list[int | None]:
    """Least existed_by of the live evidence on any of `subjects`: checked E0–E5, asserted E0–E5."""
    least: list[int | None] = [None] * 12
    for index, claim in enumerate(entries):
        if claim.kind != "evidence" or raw(claim.subject) not in subjects:
            continue
        if claim.body["outcome"] == "failed" or "existed_by" not in claim.body:
            continue
        if claim.body["binding"] == "url_only":
            continue
        if not is_live(entries, index):
            continue
        checked = claim.body["outcome"] == "checked"
        place = LEVEL.get((claim.body["type"], claim.body["outcome"]), 1) + (0 if checked else 6)
        when = claim.body["existed_by"]
        known = least[place]
        least[place] = when if known is None else min(known, when)
    return least


def is_superseded(entries: Sequence[Entry], claims: Sequence[int], index: int) -> bool:
    """Whether one of `claims` takes the place of the one at `index`, and may."""
    mine = holders(entries, index)
    for other in claims:
        if entries[other].body.get("supersedes") != entries[index].claim_id:
            continue
        weaker = "weight" in entries[other].body and "weight" not in entries[index].body
        if not weaker and (not mine or mine.keys() & holders(entries, other).keys()):
            return True
    return False


def declared(entries: Sequence[Entry], about: Sequence[int]) -> tuple[int, int | None]:
    """(flags, AI share) of a document's live authorship claims that no live one supersedes."""
    claims = [i for i in about if entries[i].kind == "authorship" and is_live(entries, i)]
    flags, shares = 0, []
    for i in claims:
        if is_superseded(entries, claims, i):
            continue
        body = entries[i].body
        said, weak = body["assistance"], "weight" in body
        if said in ("A2", "A3", "A4"):
            flags |= 1024 if weak else 1
        if said in ("A0", "A1") and not weak and body.get("covered_ppm") in (None, 1_000_000):
            if not is_attested(entries, i):
                flags |= 2
            else:
                flags |= 12 if body.get("evidence") == "observed" else 4
        if "ai_ppm" in body and not weak:
            shares.append(body["ai_ppm"])
    if agreed(entries, about):
        flags |= 16
    if flags & 1 and flags & 28:
        flags |= 256
    return flags, max(shares) if shares else None


def called(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """What a model is called -> who is called that; its own name means it alone."""
    own, aliases = {}, defaultdict(list)
    for subject, body in registered(entries).items():
        own[f"{body['name']}@{body['version']}"] = [subject]
        for alias in body.get("aliases", ()):
            aliases[alias].append(subject)
    return aliases | own


def registered(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """The last word about each model."""
    found = {}
    for index, item in enumerate(entries):
        if item.kind == "model" and is_live(entries, index):
            named = {"kind": "model", "name": item.body["name"], "version": item.body["version"]}
            if item.subject == "sha256:" + sha256(encode(named)).hexdigest():
                found[item.subject] = dict(item.body)
    return found


def ancestry(models: dict[str, dict[str, Any]], subject: str | None) -> set[str]:
    found: set[str] = set()
    while subject in models and subject not in found:
        found.add(subject)
        subject = models[subject].get("base")
    return found


def generation(entries: Sequence[Entry], about: Sequence[int]) -> int | None:
    """The least generation that registered models give a document."""
    models, names = registered(entries), called(entries)
    claims = [i for i in about if entries[i].kind == "authorship" and is_live(entries, i)]
    found = []
    for i in claims:
        body = entries[i].body
        if (
            is_superseded(entries, claims, i)
            or "weight" in body
            or body["assistance"] in "A0 A1 AX"
        ):
            continue
        writers = []
        for subject in names.get(body.get("model"), ()):
            known = [0]
            for ancestor in ancestry(models, subject):
                for row in models[ancestor].get("trained_on", ()):
                    known += [row["generation"]] if "generation" in row and row["documents"] else []
            writers.append(max(known) + 1)
        found += [min(writers)] if writers else []
    return max(found) if found else None


def holders(entries: Sequence[Entry], index: int) -> dict[str, str]:
    """Who signed a claim, digest of the vkey → name of the key; only keys that attest."""
    claim = entries[index]
    found = {}
    for earlier in entries[:index]:
        if earlier.kind == "key":
            vkey = earlier.body["vkey"]
            label = parse_vkey(vkey).label
            only = [sig for sig in claim.sigs if sig.get("keyid") == label]
            alone = [*entries[:index], replace(claim, sigs=tuple(only))]
            if only and is_attested(alone, index):
                found["sha256:" + sha256(vkey.encode()).hexdigest()] = parse_vkey(vkey).name
    return found


def agreed(entries: Sequence[Entry], about: Sequence[int]) -> bool:
    """Two who did not write it cite a source and say human; one who doubts is outvoted."""
    reviews = [i for i in about if entries[i].kind == "review" and is_live(entries, i)]
    own: set[str] = set()
    for i in about:
        if entries[i].kind == "authorship" and is_live(entries, i):
            own |= set(holders(entries, i).values())
    last: dict[str, dict[str, Any]] = {}
    known: set[str] = set()
    for i in reviews:
        body = entries[i].body
        mine = holders(entries, i).get(body["reviewer"])
        if mine is None or mine in own or entries[i].claim_id in known:
            continue
        known.add(entries[i].claim_id)
        if body["stage"] == "adjudication" and last.get(mine, body)["stage"] != "adjudication":
            continue  # one of the two is not the third
        last[mine] = body
    human = [b for b in last.values() if b["decision"] == "human" and "source" in b]
    doubts = [b["stage"] for b in last.values() if b["decision"] in ("ai", "mixed")]
    settled = any(b["stage"] == "adjudication" and b["decision"] == "human" for b in last.values())
    if len(human) < 2 or "adjudication" in doubts:
        return False
    return not doubts or (len(doubts) == 1 and settled)


def project(entries: Sequence[Entry]) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of dataset, file, fact, profile, member and attributes."""
    subjects: dict[bytes, list[int]] = defaultdict(list)
    for index, item in enumerate(entries):
        subjects[raw(item.subject)].append(index)

    named: dict[str, int] = {}
    claimed: dict[str, int] = {}
    files: dict[bytes, tuple[int, int]] = {}
    for index, item in enumerate(entries):
        if item.kind == "origin":
            named.setdefault(item.body["dataset"], index)
            file = raw(item.body["locator"]["file"])
            files[file] = (files.get(file, (index, index))[0], index)
        elif item.kind == "dataset":
            name = f"{item.body['name']}@{item.body['version']}"
            named.setdefault(name, index)
            if is_live(entries, index):
                claimed[name] = index

    facts, members = [], []
    profiles: Counter[int] = Counter()
    attributes: Counter[int] = Counter()
    values: dict[int, tuple[Any, ...]] = {}
    for subject, about in subjects.items():
        origins = [i for i in about if entries[i].kind == "origin" and is_live(entries, i)]
        authored = any(entries[i].kind == "authorship" and is_live(entries, i) for i in about)
        if not origins and not authored:
            continue
        flags, share = declared(entries, about)
        if any(entries[i].body["channel"] == "own_synthetic" for i in origins):
            flags |= 1 | (256 if flags & 28 else 0)
        places = {raw(entries[i].body["locator"]["file"]) for i in origins}
        profile = (flags, share, None, None, generation(entries, about),
                   *dates(entries, {subject} | places))  # fmt: skip
        values[row_id(profile)] = profile
        profiles[row_id(profile)] += 1
        facts.append((about[0], row_id(profile)))
        for name in {entries[i].body["dataset"] for i in origins}:
            bodies = [entries[i].body for i in origins if entries[i].body["dataset"] == name]
            shared = []
            for field in ATTRIBUTES:
                known = {body[field] for body in bodies if field in body}
                shared.append("mixed" if len(known) > 1 else next(iter(known), None))
            sites = {body["site"] for body in bodies if "site" in body}
            collected = [body["collected_at"] for body in bodies if "collected_at" in body]
            values[row_id(shared)] = tuple(shared)
            attributes[row_id(shared)] += 1
            members.append(
                (
                    named[name],
                    about[0],
                    len(bodies),
                    max(body["bytes"] for body in bodies),
                    min(collected) if collected else None,
                    row_id(shared),
                    "mixed" if len(sites) > 1 else next(iter(sites), None),
                )
            )
    return {
        "dataset": sorted(
            (i, *name.rsplit("@", 1), claimed.get(name)) for name, i in named.items()
        ),
        "file": sorted((file, *span) for file, span in files.items()),
        "fact": sorted(facts),
        "profile": sorted((i, n, *values[i]) for i, n in profiles.items()),
        "member": sorted(members, key=repr),
        "attributes": sorted((i, n, *values[i]) for i, n in attributes.items()),
    }
