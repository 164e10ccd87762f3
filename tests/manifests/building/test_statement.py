"""Statements and lists of shards have one form; anything else is refused by its place."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import VerificationError
from ledger.manifests.layout import ROWS_SCHEMA
from ledger.manifests.shards import Part, Parts, format_shards, parse_shards, rows_name, texts_name
from ledger.manifests.showing import parse_strata
from ledger.manifests.statement import (
    Head,
    Statement,
    format_statement,
    limits,
    parse_statement,
)
from ledger.provenance.dsse import encode_members
from tests.manifests.building.corpus import Corpus, row

DIGEST = "sha256:" + "ab" * 32
STATEMENT = Statement(
    name="mine", version=3, stage="mid", unit="tokens", budget=10, repeat=Fraction(3, 2), seed=7,
    tokenizer="words@1", content_root=b"r" * 32, strata=b"s" * 32, shards=b"h" * 32,
    croissant=b"c" * 32,
    members=b"m" * 32, parent=b"p" * 32, mix="name = 'mine'\n",
    policy={"cutoff": "2022-11-30", "digest": DIGEST, "name": "clean-strict", "version": 1},
    datasets=({"content_root": DIGEST, "documents": 4, "name": "d@1"},),
    head=Head("example.org/log", 9, b"l" * 32, "note\n"), axes=("label", "dataset"),
    strata_count=2, rows=3, documents=4, units=11,
    bounds=({"about": "label = human_verified", "at_least": "0", "at_most": "2/5",
             "found_ppm": 4, "holds": True, "name": "people"},),
    gates=({"detail": "why", "limit_ppm": 100_000, "name": "contamination",
            "outcome": "not_evaluated"},),
    exclusions={"reasons": [{"documents": 1, "reason": "taken_down"}],
                "taken_down": {"documents": 1, "root": DIGEST}},
    issued_at=1_790_000_000, issuer="Example", limits=limits("Example", "tokens"),
    tool={"name": "headwater", "version": "1"}, log_vkeys=("a",), statement_vkeys=("b",),
)  # fmt: skip


def test_parse_is_the_inverse_of_format() -> None:
    payload = format_statement(STATEMENT)
    assert parse_statement(payload, "here") == STATEMENT
    bare = replace(STATEMENT, parent=None, budget=None, tokenizer=None)
    assert parse_statement(format_statement(bare), "here") == bare


def _gate(outcome: str, found: int) -> dict[str, Any]:
    return {**STATEMENT.gates[0], "found_ppm": found, "outcome": outcome}


def changed(path: str, value: Any) -> bytes:
    """The payload with one value of the predicate put in, or left out where it is None."""
    document = orjson.loads(format_statement(STATEMENT))
    *way, last = path.split(".")
    place = document["predicate"]
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    last = int(last) if last.isdigit() else last  # type: ignore[assignment]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return encode_members(document)


def test_a_bound_holds_that_does_not() -> None:
    bound = {**STATEMENT.bounds[0], "found_ppm": 500_000}
    tokens = replace(STATEMENT, bounds=(bound,))
    parse_statement(format_statement(tokens), "here")  # to a document of each stratum
    with pytest.raises(VerificationError, match=r"bounds\[0\]: said to hold with 500000 ppm"):
        parse_statement(format_statement(replace(tokens, unit="documents")), "here")
    near = replace(tokens, unit="documents", bounds=({**bound, "found_ppm": 490_000},))
    parse_statement(format_statement(near), "here")  # to the next whole unit, of eleven


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("name", "Mine!", "predicate.name"),
        ("name", "other", "another spelling"),
        ("stage", "all", "predicate.stage"),
        ("seed", "07", "predicate.seed"),
        ("seed", str(1 << 64), "expected one below 2"),
        ("unit", "words", "predicate.unit"),
        ("totals.rows", 0, "at least one row"),
        ("totals.rows", 5, "no fewer documents than rows"),
        ("totals.rows", True, "predicate.totals.rows"),
        ("totals.units", -1, "predicate.totals.units"),
        ("gates.0.outcome", "fine", r"gates\[0\].outcome"),
        ("gates.0.more", 1, r"gates\[0\] has not the members"),
        ("bounds.0.at_most", "0.4", r"bounds\[0\].at_most"),
        ("bounds.0.holds", 1, r"bounds\[0\].holds"),
        ("gates.0.outcome", "passed", "no share was found, but its outcome is passed"),
        ("gates.0.found_ppm", 1, "a share was found, but its outcome is not_evaluated"),
        ("gates.0", _gate("passed", 100_002), "passed with 100002 of at most 100000"),
        ("gates.0", _gate("accepted", 100_002), "accepted, but no reason is given"),
        ("repeat", "6/4", "another spelling"),
        ("repeat", "1/0", "predicate.repeat"),
        ("mix.digest", DIGEST, "another digest"),
        ("policy.cutoff", "2022-02-31", "day"),
        ("members", None, "has not the members"),
        ("key_algorithm", "mine", "key_algorithm"),
        ("version", "3", "predicate.version"),
    ],
)
def test_a_statement_of_another_form(path: str, value: Any, words: str) -> None:
    with pytest.raises(VerificationError, match=words) as caught:
        parse_statement(changed(path, value), "here")
    assert str(caught.value).startswith("here: payload is not a manifest's statement: ")


@given(st.binary(max_size=200))
def test_noise_is_no_statement(data: bytes) -> None:
    for parse in (parse_statement, parse_shards, parse_strata):
        with pytest.raises(VerificationError, match=r"^here: "):
            parse(data, "here")


@given(st.data())
def test_any_other_byte_is_another_statement_or_none(data: st.DataObject) -> None:
    payload = bytearray(format_statement(STATEMENT))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    try:
        found = parse_statement(bytes(payload), "here")
    except VerificationError:
        return
    assert found != STATEMENT


PARTS = st.integers(1, 3).flatmap(
    lambda n: st.lists(st.integers(0, 1 << 40), min_size=n, max_size=n)
)


@given(PARTS, st.binary(min_size=32, max_size=32))
def test_a_list_of_shards_is_read_as_written(sizes: list[int], digest: bytes) -> None:
    sides = [
        tuple(Part(name(at), size, digest, size) for at, size in enumerate(sizes))
        for name in (rows_name, texts_name)
    ]
    parts = Parts(*sides)
    assert parse_shards(format_shards(parts), "here") == parts


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"part-00000.parquet", b"part-00001.parquet", "expected rows/part-00000.parquet"),
        (b"rows/part-00000", b"../../etc/passw", "expected rows/part-00000.parquet"),
        (b'"rows":3', b'"rows":4', "4 rows for 3 texts"),
        (b"sha256:61", b"sha256:6G", "sha256"),
    ],
)
def test_a_list_of_other_shards(old: bytes, new: bytes, words: str) -> None:
    data = format_shards(
        Parts((Part(rows_name(0), 5, b"a" * 32, 3),), (Part(texts_name(0), 5, b"a" * 32, 3),))
    )
    with pytest.raises(VerificationError, match=words):
        parse_shards(data.replace(old, new, 1), "here")


def test_a_row_takes_forty_bytes_at_most(tmp_path: Path, corpus: Corpus) -> None:
    corpus.add("many", [[row(f"page number {n}") for n in range(9_000)]], "user_data")
    mix = 'budget = 8000\ndatasets = ["many@1", "diary@1"]\nstrata = ["dataset"]\n'
    made = corpus.build(mix, tmp_path / "out")
    path = tmp_path / "out" / rows_name(0)
    assert path.stat().st_size <= 40 * made.statement.rows
    assert pq.read_schema(path) == ROWS_SCHEMA
    parts = parse_shards((tmp_path / "out" / "shards.json").read_bytes(), "shards")
    assert [part.rows for part in parts.texts] == [8_000]
