"""Tasks in another program and back: counted, and never a fact."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InputError, MalformedError, UnknownNameError
from ledger.log.log import Log
from ledger.provenance.explain import explain
from ledger.provenance.review.exchange import (
    export_tasks,
    find_form,
    import_decisions,
    write_export,
)
from ledger.provenance.review.forms import forms
from ledger.provenance.review.recorded import reviews_in
from ledger.provenance.review.statistics import statistics_of
from tests.provenance.review.making import STRICT, TEXTS, digest, ledger, queue

OUT = Path("tasks")
NAMES = ("argilla", "jsonl", "label_studio")


@pytest.fixture
def log(own_place: Path) -> Iterator[Log]:
    with ledger() as opened:
        yield opened


def exported(log: Log, name: str, limit: int = 5) -> list[dict[str, Any]]:
    found = export_tasks(log, queue(log), find_form(name), limit)
    assert (found.tasks, found.unread) == (limit, 0)
    write_export(OUT, found)
    text = OUT.read_text()
    rows = [json.loads(line) for line in text.splitlines()] if name == "jsonl" else json.loads(text)
    assert len(rows) == limit
    return list(rows)


def answered(name: str, row: dict[str, Any], decision: str, who: str) -> dict[str, Any]:
    """The row as the program gives it back."""
    if name == "jsonl":
        return row | {"decision": decision, "reviewer": who}
    if name == "label_studio":
        result = {"type": "choices", "from_name": "decision", "value": {"choices": [decision]}}
        note = {"completed_by": {"email": who}, "result": [result], "was_cancelled": False}
        return row | {"annotations": [*row.get("annotations", []), note]}
    said = row.get("responses", {}).get("decision", [])
    answer = {"value": decision, "user_id": who, "status": "submitted"}
    return row | {"responses": {"decision": [*said, answer]}}


def written(name: str, rows: list[Any]) -> Path:
    path = Path(f"done.{name}")
    lines = [json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) if name == "jsonl" else json.dumps(rows))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_out_and_back(log: Log, name: str) -> None:
    rows = exported(log, name)
    both = [answered(name, row, "Human", "ada@example.org") for row in rows]
    if name == "jsonl":
        both += [answered(name, row, "human", "bob@example.org") for row in rows]
    else:
        both = [answered(name, row, "human", "bob@example.org") for row in both]
    file = written(name, both)
    done = import_decisions(log, queue(log), find_form(name), file)
    assert (done.rows, done.reviewers, done.new) == (10, 2, 10)
    again = import_decisions(log, queue(log), find_form(name), file)
    assert (again.rows, again.new) == (10, 0)
    found = statistics_of(reviews_in(log))
    assert (found.decisions, found.tools, found.elsewhere.pairs) == (0, {name: 10}, 5)
    assert queue(log).waiting[0].progress.decided == 0
    for index in range(log.size):
        entry = log.entry(index)
        if entry.kind == "review":
            assert entry.body["mode"] == "audit" and b"example.org" not in log.entry_bytes(index)
            label = explain(log, entry.subject, STRICT).rule
            assert label is not None and label.label == "human_unverified"


def test_a_program_spells_its_name_as_people_do() -> None:
    assert find_form("label-studio").title == "Label Studio"
    assert tuple(forms()) == NAMES
    with pytest.raises(UnknownNameError, match="doccano"):
        find_form("doccano")


def test_what_nobody_decided_is_passed_over(log: Log) -> None:
    for name in NAMES:
        rows = exported(log, name, 2)
        skipped: list[Any] = [answered(name, rows[0], "ai", "x"), rows[1]]
        if name == "label_studio":
            skipped[1]["annotations"] = [{"completed_by": 1, "result": [], "was_cancelled": True}]
        if name == "argilla":
            draft = {"value": "ai", "user_id": "y", "status": "draft"}
            skipped[1]["responses"] = {"decision": [draft]}
        done = import_decisions(log, queue(log), find_form(name), written(name, skipped))
        assert done.rows == 1


def test_argilla_as_release_1_spelled_it(log: Log) -> None:
    rows = exported(log, "argilla", 1)
    rows[0]["responses"] = [
        {"user_id": "u", "status": "submitted", "values": {"decision": {"value": "mixed"}}},
        {"user_id": "v", "status": "discarded", "values": None},
    ]
    done = import_decisions(log, queue(log), find_form("argilla"), written("argilla", rows))
    assert done.rows == 1


def test_a_document_without_a_task_is_a_complaint(log: Log) -> None:
    rows = [{"document": digest(text), "decision": "ai", "reviewer": "x", "reason": "style"}
            for text in TEXTS]  # fmt: skip
    few = queue(log, sample=2)
    import_decisions(log, few, find_form("jsonl"), written("jsonl", rows))
    modes = [log.entry(i).body["mode"] for i in range(log.size) if log.entry(i).kind == "review"]
    assert sorted(modes) == ["audit"] * 2 + ["complaint"] * 10


GOOD = {"document": digest(TEXTS[0]), "decision": "ai", "reviewer": "x"}
NOTE = {"completed_by": 1, "result": [{"value": {"choices": ["ai"]}}]}
WRONG: list[tuple[str, Any]] = [
    ("jsonl", "{"),
    ("jsonl", "[]"),
    ("jsonl", {**GOOD, "decision": "robot"}),
    ("jsonl", {**GOOD, "decision": ["ai"]}),
    ("jsonl", {**GOOD, "reviewer": ""}),
    ("jsonl", {**GOOD, "reviewer": "x" * 201}),
    ("jsonl", {**GOOD, "reviewer": True}),
    ("jsonl", {**GOOD, "reason": "hunch"}),
    ("jsonl", {**GOOD, "reason": {}}),
    ("jsonl", {**GOOD, "document": "sha256:00"}),
    ("jsonl", {**GOOD, "document": digest("elsewhere")}),
    ("jsonl", {**GOOD, "decision": None}),
    ("jsonl", json.dumps(GOOD)[:-1] + ', "decision": "human"}'),
    ("jsonl", "[" * 100_000),
    ("argilla", '[{"metadata": {}, "metadata": {}}]'),
    ("label_studio", {}),
    ("label_studio", [1]),
    ("label_studio", [{"data": 1}]),
    ("label_studio", [{"data": {"document": digest(TEXTS[0])}, "annotations": {}}]),
    ("label_studio", [{"data": {"document": digest(TEXTS[0])}, "annotations": [1]}]),
    ("label_studio", [{"data": {"document": 1.5}, "annotations": [NOTE]}]),
    ("label_studio", [{"data": {"document": digest(TEXTS[0])},
                       "annotations": [{**NOTE, "completed_by": {}}]}]),
    ("argilla", {}),
    ("argilla", [{}]),
    ("argilla", [{"metadata": {"document": digest(TEXTS[0])}, "responses": 1}]),
    ("argilla", [{"metadata": {"document": digest(TEXTS[0])}, "responses": [1]}]),
    ("argilla", [{"metadata": {"document": digest(TEXTS[0])}, "responses": {"decision": 1}}]),
    ("argilla", [{"metadata": {"document": digest(TEXTS[0])}, "responses": {"decision": [1]}}]),
    ("argilla", [{"metadata": {"document": digest(TEXTS[0])},
                  "responses": {"decision": [{"value": "ai"}]}}]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data"), WRONG)
def test_what_is_no_file_of_decisions(log: Log, name: str, data: Any) -> None:
    size = log.size
    path = Path("wrong")
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    with pytest.raises(MalformedError, match="wrong"):
        import_decisions(log, queue(log), find_form(name), path)
    assert log.size == size


def test_a_file_that_is_not_there(log: Log) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_decisions(log, queue(log), find_form("jsonl"), Path("nowhere"))


def test_too_many_rows(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    from ledger.provenance.review import exchange

    monkeypatch.setattr(exchange, "MOST_ROWS", 2)
    with pytest.raises(MalformedError, match="over 2 decisions"):
        import_decisions(log, queue(log), find_form("jsonl"), written("jsonl", [GOOD] * 3))
    monkeypatch.setattr(exchange, "LONGEST_FILE", 20)
    with pytest.raises(MalformedError, match="over 20 bytes"):
        import_decisions(log, queue(log), find_form("jsonl"), written("jsonl", [GOOD]))


def test_texts_that_are_gone(log: Log) -> None:
    found = queue(log)
    Path("notes.jsonl").unlink()
    with pytest.raises(InputError, match="its text lies in none"):
        export_tasks(log, found, find_form("jsonl"), 3)
