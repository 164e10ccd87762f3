"""The projection is a function of the log: of no batch, no order of work, no former projection."""

import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import SchemaOutdatedError
from ledger.log.canonical import Entry, subject_of
from ledger.log.keys import KeyRing
from ledger.log.notes import Signer
from ledger.log.projection import EntryProjection
from ledger.log.runs import RunIndex
from ledger.log.schema import schema_digest
from ledger.provenance.projection import ProvenanceProjection
from ledger.provenance.reviewed import reviewer_of
from tests.log.making import (
    Ledger,
    assert_whole,
    authorship,
    dataset,
    digest,
    dump,
    entry,
    evidence,
    key,
    new_ledger,
    origin,
    signer,
    withdrawal,
)
from tests.provenance.oracle import project
from tests.provenance.tampering import build

AUTHORS = [signer("ada.example/claims"), signer("bob.example/claims")]
DOCUMENTS = [digest(f"d{n}") for n in range(5)]
# Two subjects whose first eight bytes agree: the look-up's keys collide, the documents do not.
DOCUMENTS.append(DOCUMENTS[0][: 7 + 16] + digest("collides")[7 + 16 :])
FILES = ["f0", "f1", "f2"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Copied for each example: making keys and a schema takes longer than a small log."""
    return new_ledger(tmp_path_factory.mktemp("empty"))


def stored(ledger: Ledger) -> list[Entry]:
    with ledger.open() as log:
        return [log.entry(index) for index in range(log.size)]


def agrees(ledger: Ledger) -> None:
    """Incremental rows = the oracle's = a rebuild's, and verify agrees with all three."""
    assert_whole(ledger)
    expected = project(stored(ledger))
    incremental = dump(ledger)
    for table, rows in expected.items():
        assert incremental[table] == sorted(rows, key=repr), table
    with ledger.open(write=True) as log:
        log.rebuild()
    assert dump(ledger) == incremental
    assert_whole(ledger)


@st.composite
def reviews(
    draw: st.DrawFn, document: str, by: tuple[Signer, ...], actor: str, earlier: list[str]
) -> Entry:
    """A decision, by whoever signs it or by somebody else's name."""
    body = {
        "task": digest("task"),
        "reviewer": reviewer_of(draw(st.sampled_from(list(by) or AUTHORS)).verifier),
        "mode": "audit",
        "reason": "other",
        "stage": draw(st.sampled_from(["blind", "informed", "adjudication"])),
        "decision": draw(st.sampled_from(["human", "human", "human", "ai", "mixed", "unsure"])),
    }
    if draw(st.booleans()):
        body["source"] = digest("a letter")
    if earlier and draw(st.booleans()):
        body["supersedes"] = draw(st.sampled_from(earlier))
    return entry("review", document, body, by=by, actor=actor)


@st.composite
def models(draw: st.DrawFn, actor: str) -> Entry:
    """One of three models that may be tuned from one another, round and round, and share a name."""
    version = draw(st.sampled_from("123"))
    counts = st.fixed_dictionaries(
        {"documents": st.integers(0, 1)}, optional={"generation": st.integers(0, 3)}
    )
    rest = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "base": st.sampled_from([subject_of("model", "m", v) for v in "1239"]),
                "aliases": st.sampled_from([["latest"], ["latest", "m@1"]]),
                "trained_on": st.lists(counts, max_size=2),
            },
        )
    )
    body = {"name": "m", "version": version, **rest}
    return entry("model", subject_of("model", "m", version), body, actor=actor)


@st.composite
def claims(draw: st.DrawFn) -> list[Entry]:
    """Anything anybody could say, in any order, about few documents and files."""
    said: list[Entry] = []
    for _ in range(draw(st.integers(1, 24))):
        document = draw(st.sampled_from(DOCUMENTS))
        actor = draw(st.sampled_from(["operator", "operator", "key:bob+00000000"]))
        by = draw(st.sampled_from([(), (AUTHORS[0],), (AUTHORS[1],), tuple(AUTHORS)]))
        what = draw(st.sampled_from("oooooeeffaawwwrkdsvvmm"))
        if what == "o":
            rest = draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "language": st.sampled_from(["en", "fr", "mixed"]),
                        "license": st.sampled_from(["MIT", "CC0-1.0"]),
                        "site": st.just('exámple.org "q" \\ '),
                        "topic": st.just("t"),
                        "channel": st.sampled_from(["crawled", "own_synthetic"]),
                        "content_type": st.just("text/html"),
                        "collected_at": st.integers(-3, 3),
                        "bytes": st.integers(0, 3),
                    },
                )
            )
            said.append(
                origin(
                    document,
                    dataset=draw(st.sampled_from(["r@1", "r@2", "q@1"])),
                    file=draw(st.sampled_from(FILES)),
                    row=draw(st.integers(0, 3)),
                    by=draw(st.sampled_from([(), (), (AUTHORS[0],)])),
                    actor=actor,
                    **rest,
                )
            )
        elif what in "ef":
            subject = document if what == "e" else digest(draw(st.sampled_from(FILES)))
            said.append(
                evidence(
                    subject,
                    draw(st.one_of(st.none(), st.integers(-2, 2))),
                    type=draw(st.sampled_from(["registry_release", "archive"])),
                    outcome=draw(st.sampled_from(["checked", "asserted", "failed"])),
                    actor=actor,
                )
            )
        elif what in "as":
            earlier = [e.claim_id for e in said if e.kind == "authorship" and e.subject == document]
            rest = {"supersedes": draw(st.sampled_from(earlier))} if what == "s" and earlier else {}
            if draw(st.booleans()):
                rest["ai_ppm"] = draw(st.sampled_from([0, 500_000, 1_000_000]))
            rest |= draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "covered_ppm": st.sampled_from([1, 1_000_000]),
                        "evidence": st.sampled_from(["observed", "imported"]),
                        "weight": st.sampled_from(["weak", "medium"]),
                        "model": st.sampled_from(["m@1", "m@2", "m@3", "latest", "other"]),
                    },
                )
            )
            level = draw(st.sampled_from(["A0", "A1", "A2", "A4", "AX"]))
            said.append(authorship(document, level, by=by, actor=actor, **rest))
        elif what == "m":
            said.append(draw(models(actor)))
        elif what == "v":
            earlier = [e.claim_id for e in said if e.kind == "review" and e.subject == document]
            said.append(draw(reviews(document, by, actor, earlier)))
        elif what == "w" and said:
            taken = draw(st.sampled_from(said))
            said.append(withdrawal(taken, actor=draw(st.sampled_from([taken.actor, actor]))))
        elif what == "r" and said:
            said.append(draw(st.sampled_from(said)))  # restated word for word
        elif what == "k":
            said.append(
                key(draw(st.sampled_from(AUTHORS)), draw(st.sampled_from(["claim", "seal"])))
            )
        elif what == "d":
            name, version = draw(st.sampled_from([("r", "1"), ("q", "1"), ("z", "9")]))
            said.append(dataset(name, version, license=draw(st.sampled_from(["MIT", "CC0-1.0"]))))
    return said


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=claims(), cuts=st.lists(st.integers(1, 23), max_size=4))
def test_any_claims_in_any_batches(empty: Ledger, said: list[Entry], cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = empty.copy(Path(folder))
        ledger = Ledger(ledger.path, KeyRing(Path(folder) / "config"))
        _same_keys(empty, ledger)
        bounds = sorted({0, len(said), *(cut for cut in cuts if cut < len(said))})
        for start, end in pairwise(bounds):
            ledger.append(said[start:end])
        agrees(ledger)


def _same_keys(of: Ledger, to: Ledger) -> None:
    """The same private keys, no pins: each example is a history of its own."""
    shutil.copytree(of.ring.folder / "keys", to.ring.folder / "keys")


def test_a_ledger_with_runs_and_a_vault(tmp_path: Path) -> None:
    agrees(build(tmp_path))


@pytest.mark.parametrize("batch", [1, 2, 97, 256, 300, 4_999])
def test_batch_size_leaves_no_trace(empty: Ledger, tmp_path: Path, batch: int) -> None:
    said = mixture(300 if batch < 3 else 4_600)
    whole, cut = (empty.copy(tmp_path / name) for name in ("whole", "cut"))
    whole = Ledger(whole.path, KeyRing(tmp_path / "config"))
    cut = Ledger(cut.path, KeyRing(tmp_path / "other config"))
    _same_keys(empty, whole)
    _same_keys(empty, cut)
    whole.append(said)
    cut.append(said, batch)
    assert assert_whole(whole).root == assert_whole(cut).root
    assert dump(cut) == dump(whole)
    assert dump(cut, ["bundle", "tail", "tile"]) == dump(whole, ["bundle", "tail", "tile"])


def mixture(count: int) -> list[Entry]:
    """Claims without withdrawals or keys, so that their order says nothing."""
    pick = random.Random(count)
    said: list[Entry] = []
    for n in range(count):
        document = digest(f"m{pick.randrange(count)}")
        kind = pick.randrange(40)
        if kind == 0:
            said.append(
                evidence(digest(f"f{pick.randrange(9)}"), 1_600_000_000 + pick.randrange(9))
            )
        elif kind == 1:
            said.append(evidence(document, 1_500_000_000 + pick.randrange(9), outcome="asserted"))
        elif kind == 2:
            said.append(
                authorship(document, pick.choice(["A0", "A3", "AX"]), ai_ppm=pick.randrange(9))
            )
        else:
            rest = {"language": pick.choice(["en", "fr"])} if kind % 2 else {}
            name = pick.choice(["r@1", "q@1"])
            said.append(origin(document, dataset=name, file=f"f{pick.randrange(9)}", row=n, **rest))
    return said


def meaning(ledger: Ledger) -> dict[str, object]:
    """What the tables say, without entry numbers: those depend on who came first."""
    tables = dump(ledger)
    subjects = {row[0]: row[2] for row in tables["entry"]}
    names = {row[0]: f"{row[1]}@{row[2]}" for row in tables["dataset"]}
    return {
        "fact": sorted((subjects[document], profile) for document, profile in tables["fact"]),
        "member": sorted(
            (names[row[0]], subjects[row[1]], *map(str, row[2:])) for row in tables["member"]
        ),
        "profile": tables["profile"],
        "attributes": tables["attributes"],
        "file": sorted(row[0] for row in tables["file"]),
        "dataset": sorted(names.values()),
    }


def test_order_leaves_no_trace_but_in_entry_numbers(empty: Ledger, tmp_path: Path) -> None:
    said = mixture(900)
    found = []
    for seed in range(3):
        order = said[:]
        random.Random(seed).shuffle(order)
        ledger = Ledger(empty.copy(tmp_path / str(seed)).path, KeyRing(tmp_path / f"config {seed}"))
        _same_keys(empty, ledger)
        ledger.append(order, 100 + 311 * seed)
        agrees(ledger)
        found.append(meaning(ledger))
    assert found[0] == found[1] == found[2]


def test_a_subject_nobody_calls_a_document_has_no_fact(empty: Ledger, tmp_path: Path) -> None:
    ledger = Ledger(empty.copy(tmp_path / "x").path, KeyRing(tmp_path / "config"))
    _same_keys(empty, ledger)
    only = evidence(digest("never ingested"), 5)
    ledger.append([only, withdrawal(only), withdrawal(authorship(digest("never said"), "A0"))])
    agrees(ledger)
    assert dump(ledger, ["fact"]) == {"fact": []}


def test_url_only_evidence_dates_nothing(empty: Ledger, tmp_path: Path) -> None:
    ledger = Ledger(empty.copy(tmp_path / "x").path, KeyRing(tmp_path / "config"))
    _same_keys(empty, ledger)
    body = dict(evidence(digest("f"), 5).body) | {"binding": "url_only"}
    ledger.append([origin(digest("d")), entry("evidence", digest("f"), body)])
    agrees(ledger)
    assert set(dump(ledger, ["profile"])["profile"][0][6:]) == {None}


def test_schema_digests_are_those_of_the_tables() -> None:
    for projection in (ProvenanceProjection(), EntryProjection(RunIndex())):
        assert schema_digest(projection.ddl()) == projection.schema_digest


def test_a_projection_of_another_version_is_rebuilt_not_extended(
    empty: Ledger, tmp_path: Path
) -> None:
    ledger = Ledger(empty.copy(tmp_path / "x").path, KeyRing(tmp_path / "config"))
    _same_keys(empty, ledger)
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute(
            "UPDATE projection SET schema_digest = 'older' WHERE name = 'provenance'"
        )
        connection.commit()
    with pytest.raises(SchemaOutdatedError) as refused:
        ledger.append([origin(digest("d"))])
    assert refused.value.hint == "headwater db rebuild"
    with ledger.open(write=True) as log:
        assert log.rebuild() == 2
    ledger.append([origin(digest("d"))])
    agrees(ledger)
