"""What is asked about, in which order, of whom; and what a reader sees."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.claims import Audit, BatchAudit, Verdict
from ledger.errors import InputError, RefusedError, StorageError, UnknownNameError
from ledger.log.canonical import encode, subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.overlap import dataset_reference
from ledger.provenance.review.leases import Held, leases
from ledger.provenance.review.queue import build_queue
from ledger.provenance.review.reader import (
    Answer,
    answer_source,
    claim_signer,
    decide_task,
    next_task,
)
from ledger.provenance.review.tasks import MODES
from ledger.provenance.review.text import document_text, visible
from ledger.provenance.reviewed import reviewer_of
from tests.provenance.review.making import (
    NOTES,
    STRICT,
    TEXTS,
    Clock,
    declare,
    digest,
    ledger,
    person,
    queue,
    say,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(own_place: Path, clock: Clock) -> Iterator[Log]:
    with ledger(clock=clock) as opened:
        yield opened


def unsure(log: Log, text: str) -> None:
    body = Verdict(
        source="vendor", detector="d", version="1", outcome="uncertain", score_milli=500
    )  # fmt: skip
    record(log, [Claim("verdict", digest(text), body)])


def hold(log: Log, *actions: str, documents: int = 4) -> str:
    """An audit of the dataset in batches of `documents`."""
    batches = [{"action": action, "batch": n, "documents": documents}
               for n, action in enumerate(actions)]  # fmt: skip
    results = encode({"batches": batches, "format": "headwater batch audit v1"})
    body = Audit(
        dataset=NOTES,
        content_root=f"sha256:{dataset_reference(log, NOTES).root.hex()}",
        audit="batches",
        method="m",
        detector="d",
        detector_version="1",
        calibration=digest("c"),
        parameters=digest("p"),
        results=f"sha256:{sha256(results).hexdigest()}",
        batches=BatchAudit(
            batches=len(actions),
            documents=documents * len(actions),
            held=actions.count("HOLD_FOR_REVIEW"),
            alpha_ppm=10_000,
            rule="calibrated",
            reasons={"scores_higher": 1},
        ),
    )
    name, _, version = NOTES.rpartition("@")
    claim = Claim("audit", subject_of("dataset", name, version), body)
    record(log, [claim], attachments=[results])
    return str(claim.body.plain()["results"])


def modes(log: Log, sample: int = 2) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {mode: set() for mode in MODES}
    for one in queue(log, sample=sample).queued:
        found[one.task.mode].add(one.task.document)
    return found


def test_the_draw_has_every_label_and_known_chances(log: Log) -> None:
    declare(log, TEXTS[3], "A4")
    found = queue(log, sample=5)
    assert [(one.name, one.documents, len(one.drawn)) for one in found.drawn.strata] == [
        ("synthetic_known declared 1a", 1, 1),
        ("human_unverified none 5", 11, 4),
    ]
    chances = {one.task.inclusion_ppb for one in found.queued}
    assert chances == {1_000_000_000, 363_636_363}
    assert found.queued == queue(log, sample=5).queued  # the same whenever one asks


def test_labels_move_and_the_draw_does_not(log: Log) -> None:
    """From the first decision on, the chances are those that stood when it was made."""
    ada = person(log, "ada")
    before = queue(log, sample=5)
    assert not before.kept
    say(log, ada, before.queued[0].task.document, sample=5)
    declare(log, TEXTS[3], "A4")
    after = queue(log, sample=5)
    assert after.kept and after.drawn == before.drawn
    assert queue(log).drawn == before.drawn  # nobody needs to say it again
    other = queue(log, sample=6)
    assert not other.kept and other.drawn != before.drawn


def test_what_contradicts_itself_is_asked_about(log: Log) -> None:
    ada = person(log, "ada")
    for text in TEXTS[1:4]:
        declare(log, text, "A3")
        declare(log, text, "A0", by=ada)
    found = modes(log)
    wanted = {digest(text) for text in TEXTS[1:4]}
    assert len(found["audit"] & wanted) == 1  # one of each label is drawn
    assert found["conflict"] == wanted - found["audit"]


def test_what_a_detector_is_unsure_of_is_asked_about(log: Log) -> None:
    for text in TEXTS:
        unsure(log, text)
    found = modes(log)
    assert len(found["audit"]) == 2 and len(found["uncertain"]) == 10
    assert not found["audit"] & found["uncertain"]  # about each once


def test_held_batches_are_asked_about(log: Log) -> None:
    hold(log, "PROCEED", "HOLD_FOR_REVIEW", "PROCEED")
    found = modes(log)
    wanted = {digest(text) for text in TEXTS[4:8]}
    assert found["held"] == wanted - found["audit"]
    assert found["held"] and modes(log) == found  # the second time from what was kept


def test_of_a_large_held_batch_some_are_drawn_with_their_chance(own_place: Path) -> None:
    texts = [f"{number}: the same again" for number in range(50)]
    with ledger(texts) as log:
        hold(log, "HOLD_FOR_REVIEW", documents=50)
        found = [one.task for one in queue(log, sample=1).queued if one.task.mode == "held"]
        assert len(found) in (19, 20)
        assert {task.inclusion_ppb for task in found} == {400_000_000}
        for broken in (b"", b"[]", b'{"x": 1}', b'{"sha256:00": "y"}'):
            (kept,) = Path("h.db.sidecars").glob("review-held-*.json")
            kept.write_bytes(broken)
            again = [one.task for one in queue(log, sample=1).queued if one.task.mode == "held"]
            assert again == found


def test_held_batches_of_another_state_are_not(log: Log) -> None:
    from ledger.corpus.ingest import ingest

    hold(log, "HOLD_FOR_REVIEW", "PROCEED", "PROCEED")
    Path("more.jsonl").write_text(json.dumps({"text": "One more."}) + "\n")
    ingest(log, [Path("more.jsonl")], dataset=NOTES)
    assert not modes(log)["held"]


def test_a_settled_document_waits_no_longer(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    document = queue(log).waiting[0].task.document
    say(log, ada, document, "ai")
    assert queue(log).waiting[0].task.document == document  # one decided: it comes first
    say(log, bob, document, "mixed")
    assert document not in {one.task.document for one in queue(log).waiting}
    assert queue(log).counts == {"audit": {"disputed": 0, "open": 11, "settled": 1}}


def test_unsure_settles_nothing(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    document = queue(log).waiting[0].task.document
    for one in (ada, bob):
        done = say(log, one, document, "unsure", source=None)
    assert (done.progress.status, done.progress.decided) == ("open", 0)


@pytest.mark.parametrize("name", ["notes", "notes@9"])
def test_no_such_dataset(log: Log, name: str) -> None:
    with pytest.raises((InputError, UnknownNameError)):
        build_queue(log, name, STRICT)


# --- leases


def test_two_readers_do_not_get_the_same(log: Log, clock: Clock) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    found = next_task(log, queue(log), ada)
    other = next_task(log, queue(log), bob)
    assert found is not None and other is not None
    assert found[0].task != other[0].task
    assert next_task(log, queue(log), ada) == found  # it stays theirs
    clock.now += 1_800
    late = next_task(log, queue(log), bob)
    assert late is not None and late[0].task == found[0].task  # it was the first, and is free again


def test_many_readers_at_once_get_one_each(own_place: Path) -> None:
    documents = [digest(text) for text in TEXTS]

    def take(reader: int) -> str:
        with leases("h.db", 1_000) as held:
            free = [one for one in documents if held.free(one, str(reader))]
            time.sleep(0.005)
            held.take(free[0], Held(str(reader), 2_000, "t", NOTES, 1, 0))
            return free[0]

    with ThreadPoolExecutor(len(documents)) as pool:
        assert sorted(pool.map(take, range(len(documents)))) == sorted(documents)


def test_what_is_passed_over_is_not_asked_again_for_a_day(log: Log, clock: Clock) -> None:
    ada = person(log, "ada")
    first = next_task(log, queue(log), ada)
    second = next_task(log, queue(log), ada, skip=True)
    assert first is not None and second is not None and first[0].task != second[0].task
    assert next_task(log, queue(log), ada) == second
    clock.now += 86_401
    again = next_task(log, queue(log), ada)
    assert again is not None and again[0].task == first[0].task


def test_nobody_is_asked_twice_nor_about_their_own(log: Log) -> None:
    ada = person(log, "ada")
    for text in TEXTS[:6]:
        declare(log, text, "A0", by=ada)
    asked = []
    while (found := next_task(log, queue(log), ada)) is not None:
        asked.append(found[0].task.document)
        decide_task(log, found[0].task.identity[:20], ada, Answer("ai", "style"), STRICT)
    assert sorted(asked) == sorted(digest(text) for text in TEXTS[6:])


def test_broken_leases_are_none(log: Log) -> None:
    ada = person(log, "ada")
    next_task(log, queue(log), ada)
    path = Path("h.db.sidecars/review-leases.json")
    for data in (b"", b"[]", b'{"held": {"x": 1}, "skipped": []}', b"\xff"):
        path.write_bytes(data)
        with leases(log.location, 0) as found:
            assert not found.held and not found.skipped


def test_a_reader_whom_the_log_does_not_name(log: Log) -> None:
    eve = person(log, "eve", named=False)
    with pytest.raises(RefusedError, match="names no key eve"):
        next_task(log, queue(log), eve)


# --- tasks by name


def test_a_task_by_the_beginning_of_its_name(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    found = next_task(log, queue(log), ada)
    assert found is not None
    task = found[0].task
    done, effect = decide_task(log, task.identity[:15], ada, Answer("ai", "style"), STRICT)
    assert done.task.document == task.document and done.task.mode == "audit"
    assert effect is not None and effect.before.share is None
    assert effect.after.share is not None and effect.after.share.point == 1.0
    revised, _ = decide_task(
        log, task.identity[7:20], ada, Answer("mixed", "style", revise=True), STRICT
    )  # fmt: skip
    assert (revised.stage, revised.task.draw) == ("informed", task.draw)
    by_bob, _ = decide_task(
        log, task.identity, bob, Answer("ai", "style"), STRICT, dataset=NOTES
    )  # fmt: skip
    assert by_bob.progress.status == "settled"


def test_what_is_recorded_meanwhile_does_not_lose_a_task(log: Log) -> None:
    """Until the draw is kept, every entry makes it another one, with other names of tasks."""
    ada = person(log, "ada")
    found = next_task(log, queue(log), ada)
    assert found is not None
    person(log, "bob")
    assert queue(log).of(found[0].task.document) != found[0].task
    done, _ = decide_task(log, found[0].task.identity[:15], ada, Answer("ai", "style"), STRICT)
    assert done.task.document == found[0].task.document and done.task.mode == "audit"


def test_a_document_that_no_queue_asks_about(log: Log) -> None:
    ada = person(log, "ada")
    done, effect = decide_task(log, digest(TEXTS[2]), ada, Answer("ai", "factual"), STRICT)
    assert (done.task.mode, effect) == ("complaint", None)
    assert log.entry(done.index).body["mode"] == "complaint"


@pytest.mark.parametrize("name", ["12345678", "x", "notes.jsonl"])
def test_what_is_no_task(log: Log, name: str) -> None:
    with pytest.raises(InputError, match=r"no task that you hold|no document with exactly"):
        decide_task(log, name, person(log, "ada"), Answer("ai", "style"), STRICT)


def test_a_source_is_a_file_or_words(own_place: Path) -> None:
    Path("letter.txt").write_bytes(b"Dear reader")
    assert answer_source(None) is None
    assert answer_source("letter.txt") == b"Dear reader"
    for words in ("a letter of 3 May", "x" * 5_000, "a/" * 5_000, "nul \0", "nowhere/letter.txt"):
        assert answer_source(words) == words.encode()
    Path("large").write_bytes(b"x" * 300_000)
    found = answer_source("large")
    assert found is not None and len(found) == (1 << 18) + 1  # enough to be refused


def test_a_folder_that_nothing_can_be_written_to(log: Log) -> None:
    ada = person(log, "ada")
    Path("h.db.sidecars").write_text("a file in its place")
    with pytest.raises(StorageError, match=r"h\.db\.sidecars"):
        next_task(log, queue(log), ada)


def test_whose_key_is_meant(log: Log) -> None:
    with pytest.raises(RefusedError, match="found no key for claims"):
        claim_signer(log.keys, None)
    ada = person(log, "ada")
    assert claim_signer(log.keys, None).verifier == ada.verifier
    person(log, "bob")
    with pytest.raises(InputError, match="found 2 keys for claims"):
        claim_signer(log.keys, None)
    assert claim_signer(log.keys, "ada").verifier == ada.verifier
    assert claim_signer(log.keys, ada.verifier.label).verifier == ada.verifier
    with pytest.raises(RefusedError, match="named cleo"):
        claim_signer(log.keys, "cleo")
    assert reviewer_of(ada.verifier).startswith("sha256:")


# --- the text


def test_the_text_is_found_where_it_was_read(log: Log) -> None:
    found = document_text(log, digest(TEXTS[5]))
    assert (found.dataset, found.text) == (NOTES, TEXTS[5])


def test_a_text_that_is_gone(log: Log) -> None:
    Path("notes.jsonl").write_text(json.dumps({"text": "another"}) + "\n")
    with pytest.raises(RefusedError, match="its text lies in none of its inputs"):
        document_text(log, digest(TEXTS[5]))
    Path("notes.jsonl").unlink()
    with pytest.raises(RefusedError, match="no such file"):
        document_text(log, digest(TEXTS[5]))


def test_a_text_that_moved(log: Log) -> None:
    Path("moved").mkdir()
    Path("notes.jsonl").rename("moved/notes.jsonl")
    assert document_text(log, digest(TEXTS[5]), [Path("moved")]).text == TEXTS[5]


def test_what_a_screen_would_obey_is_spelled_out() -> None:
    lines, rest = visible("a\u202eb\u200bc\x1b[2J\r\nd\u2028e\n")
    assert lines == ["| a\\u202eb\\u200bc\\x1b[2J\\r", "| d\\u2028e", "|"] and rest == 0


def test_a_long_text_is_cut_and_its_lines_are_folded() -> None:
    lines, rest = visible("x" * 1_700, 1_200)
    assert [len(line) for line in lines] == [502, 502, 202] and rest == 500
    assert [line[0] for line in lines] == ["|", "+", "+"]
    assert visible("") == (["|"], 0)
