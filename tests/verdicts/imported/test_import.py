"""Vendors' results become claims about documents that are here, in nobody's words but theirs."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.errors import InputError, MalformedError, UnknownNameError
from ledger.provenance.explain import explain
from ledger.provenance.policy import load_policy
from ledger.verdicts.imported.forms import find_form, forms
from ledger.verdicts.imported.record import Imported, import_results
from tests.conftest import Ran
from tests.log.making import Ledger, assert_whole, new_ledger, origin

TEXTS = ["One text.", "Grüße aus dem Archiv.", "Three."]


def digest(text: str) -> str:
    return "sha256:" + sha256(text.encode()).hexdigest()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = new_ledger(tmp_path / "ledger")
    made.append([origin(digest(text)) for text in TEXTS])
    return made


def run(ledger: Ledger, path: Path, form: str, **options: Any) -> Imported:
    with ledger.open(write=True) as log:
        found = import_results(log, [path], form, **options)
    assert_whole(ledger)
    return found


def claims(ledger: Ledger) -> dict[str, dict[str, Any]]:
    with ledger.open() as log:
        found = {}
        for text in TEXTS:
            for index in log.find(digest(text)):
                entry = log.entry(index)
                if entry.kind == "verdict":
                    found[text] = dict(entry.body)
        return found


def lines(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


PANGRAM = {"stage": "STAGE_SUCCESS", "fraction_ai": 0.75, "fraction_human": 0.25,
           "prediction_short": "AI", "version": "3.1"}  # fmt: skip
GPTZERO = {
    "version": "2025-01-09",
    "documents": [{"class_probabilities": {"ai": 0.5, "human": 0.5, "mixed": 0},
                   "predicted_class": "ai"}],
}  # fmt: skip


def test_a_vendors_results_are_claims_with_the_vendor_as_source(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = lines(
        tmp_path / "results.jsonl",
        PANGRAM | {"text": TEXTS[1]},
        {"sha256": digest(TEXTS[2])[7:], "response": PANGRAM | {"fraction_ai": 0}},
        PANGRAM | {"text": "of another corpus"},
        PANGRAM | {"text": TEXTS[0], "stage": "STAGE_FAILED"},
    )
    found = run(ledger, path, "pangram")
    assert (found.results, found.claims, found.fresh) == (4, 2, 2)
    assert (found.unknown, found.silent, found.repeated) == (1, 1, 0)
    assert found.detectors == ("fraction_ai 3.1",)
    said = claims(ledger)
    assert said.keys() == {TEXTS[1], TEXTS[2]}
    assert said[TEXTS[1]] == {
        "detector": "fraction_ai", "file": f"sha256:{sha256(path.read_bytes()).hexdigest()}",
        "outcome": "uncertain", "score_milli": 1098, "source": "pangram", "stated": "AI",
        "version": "3.1",
    }  # fmt: skip
    assert said[TEXTS[2]]["score_milli"] < -10_000
    again = run(ledger, path, "pangram")
    assert (again.claims, again.fresh) == (2, 0)


def test_an_uncalibrated_result_makes_no_label(ledger: Ledger, tmp_path: Path) -> None:
    run(ledger, lines(tmp_path / "r.jsonl", PANGRAM | {"text": TEXTS[0], "fraction_ai": 1}),
        "pangram")  # fmt: skip
    with ledger.open() as log:
        explained = explain(log, digest(TEXTS[0]), load_policy())
    assert explained.decisions[-1].rule.number == "5"


def test_a_list_of_one_document_is_that_document(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps([GPTZERO | {"text": TEXTS[0]}]))
    assert run(ledger, path, "gptzero").detectors == ("class_probabilities.ai 2025-01-09",)
    body = claims(ledger)[TEXTS[0]]
    assert (body["score_milli"], body["stated"], body["source"]) == (0, "ai", "gptzero")
    old = {"documents": [{"completely_generated_prob": 0.9}], "text": TEXTS[1]}
    found = run(ledger, lines(tmp_path / "old.jsonl", old), "gptzero", version="2023-06-12")
    assert found.detectors == ("completely_generated_prob 2023-06-12",)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json", ".jsonl"])
def test_any_vendors_columns(ledger: Ledger, tmp_path: Path, suffix: str) -> None:
    rows = [
        {"hash": digest(TEXTS[0]), "p": "0.9", "label": "bot"},
        {"hash": digest(TEXTS[1]), "p": "", "label": ""},
    ]
    path = tmp_path / f"ours{suffix}"
    if suffix == ".csv":
        path.write_text("hash,p,label\r\n" + "".join(f"{','.join(r.values())}\r\n" for r in rows))
    elif suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        lines(path, *rows)
    found = run(
        ledger, path, "columns", vendor="example", version="3",
        columns={"score": "p", "sha256": "hash", "stated": "label"},
    )  # fmt: skip
    assert (found.vendor, found.claims, found.silent) == ("example", 1, 1)
    assert claims(ledger)[TEXTS[0]]["stated"] == "bot"
    assert claims(ledger)[TEXTS[0]]["detector"] == "p"


def test_the_last_result_of_a_document_counts(ledger: Ledger, tmp_path: Path) -> None:
    path = lines(
        tmp_path / "r.jsonl",
        *({"text": TEXTS[0], "score": share, "version": "1"} for share in (0.1, 0.5)),
    )
    found = run(ledger, path, "columns", vendor="example")
    assert (found.claims, found.repeated) == (1, 1)
    assert claims(ledger)[TEXTS[0]]["score_milli"] == 0


BROKEN = {
    "share_above_one": (PANGRAM | {"text": "a", "fraction_ai": 1.5}, "found 1.5, expected 0 to 1"),
    "share_is_a_word": (PANGRAM | {"text": "a", "fraction_ai": "high"}, "expected a number"),
    "share_is_true": (PANGRAM | {"text": "a", "fraction_ai": True}, "expected a number"),
    "no_share": ({"text": "a", "version": "1"}, "found no ai_likelihood"),
    "no_document": (PANGRAM, "found neither sha256 nor text"),
    "digest_is_none": (PANGRAM | {"sha256": "\u202eabc"}, "expected 64 hex digits"),
    "no_version": ({"text": "a", "fraction_ai": 0.5}, "found no version"),
    "response_is_text": ({"text": "a", "response": "AI"}, "expected an object"),
    "a_number": (7, "found int, expected an object"),
    "half_a_pair": (PANGRAM | {"text": "\ud800"}, "not JSON"),
}


@pytest.mark.parametrize(("record", "words"), BROKEN.values(), ids=BROKEN)
def test_one_broken_record_leaves_nothing_recorded(
    ledger: Ledger, tmp_path: Path, record: Any, words: str
) -> None:
    path = lines(tmp_path / "r.jsonl", PANGRAM | {"text": TEXTS[0]}, record)
    with pytest.raises(MalformedError) as caught:
        run(ledger, path, "pangram")
    assert words in str(caught.value) and "r.jsonl:2" in str(caught.value)
    assert "\u202e" not in str(caught.value)
    assert claims(ledger) == {}


def test_files_that_are_no_results(ledger: Ledger, tmp_path: Path) -> None:
    cases: list[tuple[str, bytes, type[InputError]]] = [
        ("r.jsonl", b"{", MalformedError), ("r.json", b"[" * 100_000, MalformedError),
        ("r.csv", b"a,b\n1\n", MalformedError), ("s.csv", b"a\n\xff\n", MalformedError),
        ("r.parquet", b"PAR1", MalformedError), ("r.txt", b"", InputError),
    ]  # fmt: skip
    for name, data, error in cases:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(error):
            run(ledger, tmp_path / name, "columns", vendor="example")
    with pytest.raises(InputError):
        run(ledger, tmp_path / "missing.json", "pangram")
    with pytest.raises(UnknownNameError):
        run(ledger, tmp_path / "r.json", "pangramm")
    with pytest.raises(InputError, match="found no vendor"):
        run(ledger, tmp_path / "r.json", "columns")
    with pytest.raises(InputError, match="pass for results of our own"):
        run(ledger, tmp_path / "r.json", "columns", vendor="headwater")
    with pytest.raises(InputError, match="unknown, expected one of"):
        run(ledger, tmp_path / "r.json", "columns", vendor="x", columns={"points": "p"})


def test_every_form_is_found_by_its_file() -> None:
    assert [*forms()] == ["columns", "gptzero", "pangram"]
    assert find_form("pangram").vendor == "pangram"


def test_words_that_a_claim_cannot_hold_are_cut_and_cleaned(ledger: Ledger, tmp_path: Path) -> None:
    stated = "AI\n\u202e" + "x" * 500
    said = PANGRAM | {"text": TEXTS[0], "prediction_short": stated}
    run(ledger, lines(tmp_path / "r.jsonl", said), "pangram")
    assert len(claims(ledger)[TEXTS[0]]["stated"]) == 200


def test_the_command_says_what_it_is_worth(
    ledger: Ledger, tmp_path: Path, headwater: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CONFIG", str(ledger.ring.folder))
    path = lines(tmp_path / "r.jsonl", PANGRAM | {"text": TEXTS[0]})
    ran = headwater("--ledger", str(ledger.path), "verdict", "import", str(path), "--form",
                    "pangram")  # fmt: skip
    assert ran.code == 0, ran.stderr
    assert "count for nothing until calibrated" in ran.stdout
    said = headwater("--ledger", str(ledger.path), "--json", "verdict", "import", str(path),
                     "--form", "pangram")  # fmt: skip
    assert json.loads(said.stdout)["fresh"] == 0
    wrong = headwater("verdict", "import", str(path), "--form", "columns", "--column", "score")
    assert wrong.code == 2
