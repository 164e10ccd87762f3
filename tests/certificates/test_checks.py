"""What was checked, per kind of check: which documents it reaches, and what stands in its row."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.claims import Evidence, Operation, Withdrawal
from ledger.log.canonical import claim_id
from ledger.log.record import Claim
from tests.certificates.ledgers import NEW, OLD, Ledger, corpus, digest, evidence, make, origin
from tests.certificates.test_composition import composition

Row = dict[str, Any]
BINDINGS = ["exact_bytes", "container_member", "derived", "url_only"]


def said(
    about: str,
    existed_by: int | None = OLD,
    *,
    type: str = "registry_release",
    outcome: str = "checked",
    binding: str = "container_member",
    issuer: str | None = None,
    checker: str = "test",
) -> Claim:
    body = Evidence(
        type=type,
        binding=binding,  # type: ignore[arg-type]
        outcome=outcome,  # type: ignore[arg-type]
        checker=checker,
        existed_by=existed_by,
        issuer=issuer,
    )
    return Claim("evidence", digest(about), body)


def read(file: str, extractors: list[str] | None = None, dataset: str = "r@1") -> Claim:
    """An input was read."""
    body = Operation(
        dataset=dataset,
        bytes=1,
        rows=1,
        rejected=0,
        reader="jsonl",
        reader_version=1,
        map=digest("map"),
        extractors=extractors,
    )
    return Claim("operation", digest(file), body)


def withdrawal(of: Claim) -> Claim:
    identity = claim_id(of.kind, of.subject, of.body.plain())
    return Claim("withdrawal", of.subject, Withdrawal(claim=identity))


def checks(ledger: Ledger, dataset: str = "r@1") -> list[Row]:
    found: list[Row] = composition(ledger, dataset)[0]["evidence"]["checks"]
    return found


def named(rows: Sequence[Row]) -> dict[Any, int]:
    return {
        (row["type"], row["outcome"], row["binding"], row.get("issuer")): row["documents"]
        for row in rows
    }


def test_checked_and_asserted_stand_in_one_row(tmp_path: Path) -> None:
    rows = checks(make(tmp_path, [*corpus(), *map(read, ("f1", "f2", "g"))]))
    # old@1's file dates text 1 and text 4, which are here too
    assert [(row["outcome"], row["documents"], row["claims"]) for row in rows] == [
        ("asserted", 2, 1),
        ("checked", 5, 2),
    ]
    assert [(row["earliest"], row["latest"]) for row in rows] == [(NEW, NEW), (OLD, NEW)]
    assert all(row["binding"] == "container_member" for row in rows)


def test_two_registries_are_one_issuer(tmp_path: Path) -> None:
    claims = [
        *(origin(f"text {n}", row=n, file=f"f{n % 2}") for n in range(5)),
        read("f0"),
        read("f1"),
        said("f0", issuer="a.example"),
        said("f1", issuer="b.example"),
        said("f1", issuer="b.example", checker="test/2"),
        said("text 1", binding="exact_bytes", type="rfc3161"),
        said("elsewhere", issuer="c.example"),
    ]
    rows = checks(make(tmp_path, claims))
    assert named(rows) == {
        ("registry_release", "checked", "container_member", "a.example"): 3,
        ("registry_release", "checked", "container_member", "b.example"): 2,
        ("rfc3161", "checked", "exact_bytes", None): 1,
    }
    assert {row.get("issuer"): row["claims"] for row in rows} == {
        "a.example": 1,
        "b.example": 2,
        None: 1,
    }


def test_what_dates_nothing_is_left_out_without_a_word(tmp_path: Path) -> None:
    """An address alone and a failed check are shown, though the levels do not count them."""
    claims = [
        origin("text 0"),
        read("f1"),
        said("f1", None, outcome="failed"),
        said("text 0", binding="url_only", type="crawl_index"),
    ]
    found, _ = composition(make(tmp_path, claims))
    assert named(found["evidence"]["checks"]) == {
        ("registry_release", "failed", "container_member", None): 1,
        ("crawl_index", "checked", "url_only", None): 1,
    }
    assert "earliest" not in found["evidence"]["checks"][1]
    assert [row.get("standing") for row in found["evidence"]["rows"]] == [None]


def test_evidence_taken_back_or_origins_taken_back_still_count(tmp_path: Path) -> None:
    kept, gone = origin("text 0"), origin("text 1", row=1)
    moved = origin("text 1", file="f9")  # still a member, by another file
    first, second = said("f1", issuer="a.example"), said("f1", issuer="b.example")
    ledger = make(tmp_path, [read("f1"), kept, gone, moved, first, second])
    assert set(named(checks(ledger)).values()) == {2}
    ledger.record(withdrawal(gone), withdrawal(second))
    assert named(checks(ledger)) == {
        ("registry_release", "checked", "container_member", "a.example"): 1
    }


def test_evidence_of_a_later_entry_counts_before_it(tmp_path: Path) -> None:
    """As of an earlier size, what came after it is not looked at."""
    from ledger.certificates.composition import View, find_dataset
    from ledger.certificates.evidenced import evidenced
    from ledger.provenance.asof import tables_as_of
    from ledger.provenance.policy import load_policy

    rules = load_policy("clean-strict")
    ledger = make(tmp_path, [read("f1"), origin("text 0"), said("f1")])
    with ledger.open() as log:
        size = log.size
    ledger.record(said("f1", issuer="later.example"), withdrawal(said("f1")))
    with ledger.open() as log, tables_as_of(log, size) as tables:
        number = find_dataset(tables.connection, "r@1")
        view = View(tables, "r@1", number, rules, rules.cutoff, size)
        assert list(evidenced(view)) == [("registry_release", "checked", "container_member", None)]


@pytest.mark.parametrize("seed", range(6))
def test_rows_reach_other_documents_than_a_slow_walk_finds(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    origins = [
        origin(
            f"text {random.randrange(40)}",
            random.choice(["r@1", "r@1", "old@1"]),
            file=random.choice([f"f{n}" for n in range(5)] + ["text 3"]),
            row=n,
        )
        for n in range(90)
    ]
    dated = [
        said(
            random.choice([f"f{n}" for n in range(6)] + [f"text {n}" for n in range(0, 45, 9)]),
            random.choice([OLD, NEW, None]),
            type=random.choice(["registry_release", "rfc3161", "strange"]),
            outcome=random.choice(["checked", "asserted", "failed"]),
            binding=random.choice(BINDINGS),
            issuer=random.choice([None, "a.example"]),
        )
        for _ in range(25)
    ]
    gone = random.sample(origins, 8) + random.sample(dated, 3)
    inputs = [read(f"f{n}", [["resiliparse/2"], None][n % 2]) for n in range(4)]
    derived = {digest("f0"), digest("f2"), digest("f4"), digest("f5"), digest("text 3")}
    claims = [*origins, *dated, *inputs]
    random.shuffle(claims)
    ledger = make(tmp_path, claims, batch=7)
    ledger.record(*(withdrawal(claim) for claim in gone))

    lost = {claim_id(c.kind, c.subject, c.body.plain()) for c in gone}
    alive = [c for c in claims if claim_id(c.kind, c.subject, c.body.plain()) not in lost]
    bodies = [(c.subject, c.body.plain()) for c in alive if c.kind == "origin"]
    members = {subject for subject, body in bodies if body["dataset"] == "r@1"}
    lying: defaultdict[str, set[str]] = defaultdict(set)
    for subject, body in bodies:
        lying[body["locator"]["file"]].add(subject)
    expected: defaultdict[Any, set[str]] = defaultdict(set)
    for claim in alive:
        if claim.kind == "evidence":
            body = claim.body.plain()
            inside = lying[claim.subject] - {claim.subject}
            way = "derived" if claim.subject in derived else "container_member"
            for found, best in (({claim.subject}, "exact_bytes"), (inside, way)):
                binding = max(body["binding"], best, key=BINDINGS.index)
                key = (body["type"], body["outcome"], binding, body.get("issuer"))
                expected[key] |= found & members
    assert named(checks(ledger)) == {key: len(docs) for key, docs in expected.items() if docs}


def test_evidence_about_a_file_is_said_to_be_about_the_text_in_it(tmp_path: Path) -> None:
    claims = [
        read("folder"),
        read("pages.warc", ["resiliparse/2.0 main_content=true"]),
        read("rows.jsonl"),
        *(origin(f"text {n}", file=name) for n, name in enumerate(["pages.warc", "rows.jsonl"])),
        origin("text 2", file="a.docx"),
        origin("text 3", file="text 3"),
        *(said(file, binding="exact_bytes") for file in ("pages.warc", "rows.jsonl", "a.docx")),
        said("text 3", binding="exact_bytes"),
    ]
    rows = checks(make(tmp_path, claims))
    assert {row["binding"]: (row["documents"], row["claims"]) for row in rows} == {
        "exact_bytes": (1, 1),
        "container_member": (1, 1),
        "derived": (2, 2),
    }


def test_every_documents_level_has_a_check_behind_it(tmp_path: Path) -> None:
    read_all = [read(file) for file in ("f1", "f2", "f3", "g")]
    claims = [*corpus(), *read_all, evidence("f3", OLD), evidence("f1", OLD, "asserted")]
    found, _ = composition(make(tmp_path, claims))
    rows = found["evidence"]["rows"]
    checked = sum(row["documents"] for row in rows if row.get("standing") == "checked")
    (behind,) = (row for row in found["evidence"]["checks"] if row["outcome"] == "checked")
    assert behind["documents"] == checked
