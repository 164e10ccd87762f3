from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from ledger.corpus.ingest import ingest
from ledger.errors import DocumentMismatchError, InputError, UnknownNameError
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.vaultcheck import check_vault
from ledger.provenance.overlap import dataset_reference, sidecar_folder
from ledger.watermarks.scanning import scan as module
from ledger.watermarks.scanning.decide import MAX_MARKS
from ledger.watermarks.scanning.scan import Scanned, scan_dataset
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.unicode_marks import find
from tests.watermarks.scanning.making import (
    DATASET,
    ledger_of,
    marked_ids,
    plain_ids,
    spelled,
    target,
    words_tokenizer,
)

SECRET = 918_273_645
BITS = "".join("\u200b\u200c"[int(bit)] for bit in f"{0x2FF771CC196F44C5:064b}")


@pytest.fixture
def targets(own_place: Path) -> list[ScanTarget]:
    """A public mark, two others, and one that is nowhere."""
    return [
        target("unigram", 1, "public"),
        target("unigram", SECRET, "committed"),
        target("murmur", 3, "sealed"),
        target("lefthash", 4, "committed"),
    ]


@pytest.fixture
def texts(targets: list[ScanTarget]) -> dict[str, str]:
    head = spelled(plain_ids(300, 50))
    return {
        "public.txt": spelled(marked_ids(targets[0], 90)),
        "secret.txt": spelled(marked_ids(targets[1], 90)),
        "part.txt": f"{head} {spelled(marked_ids(targets[1], 70, 2))} {head[:300]}",
        "signs.txt": f"Plain{BITS} text of a few words",
        "both.txt": f"w1{BITS} " + spelled(marked_ids(targets[0], 90, 3)),
        "weak.txt": spelled(marked_ids(targets[0], 24, 4)),
        "short.txt": "w5",
        **{f"plain{seed}.txt": spelled(plain_ids(200, seed)) for seed in range(12)},
    }


@pytest.fixture
def log(texts: dict[str, str]) -> Iterator[Log]:
    with ledger_of(texts) as opened:
        yield opened


def scan(log: Log, targets: Sequence[ScanTarget], **more: Any) -> Scanned:
    return scan_dataset(log, DATASET, targets, [words_tokenizer()], workers=1, **more)


def claims(log: Log) -> list[Entry]:
    entries = (log.entry(index) for index in range(log.size))
    return [entry for entry in entries if entry.kind == "watermark"]


def digest(text: str) -> str:
    from hashlib import sha256

    return f"sha256:{sha256(text.encode()).hexdigest()}"


def test_what_was_found_is_not_what_is_recorded(
    log: Log, targets: list[ScanTarget], texts: dict[str, str]
) -> None:
    found = scan(log, targets)
    assert found.new and found.documents == 19
    assert found.outcomes == {"undecidable": 1, "below_alpha": 14, "detected": 4}
    assert found.unicode == {"zero_width": 2}
    body = log.entry(found.entry).body
    assert log.entry(found.entry).kind == "scan"
    assert body["content_root"] == f"sha256:{dataset_reference(log, DATASET).root.hex()}"
    assert (body["documents"], body["alpha_milli"]) == (19, 9_000)
    assert body["outcomes"] == found.outcomes and body["unicode"] == found.unicode
    said = {mark["mark"]: mark for mark in body["marks"]}
    assert [said[one.subject]["detected"] for one in targets] == [2, 2, 0, 0]
    assert [said[one.subject]["fdr"] for one in targets] == [3, 2, 0, 0]  # weak.txt too
    about = {(entry.subject, entry.body.get("mark", "unicode")): entry for entry in claims(log)}
    assert set(about) == {
        (digest(texts["public.txt"]), targets[0].subject),
        (digest(texts["both.txt"]), targets[0].subject),
        (digest(texts["weak.txt"]), targets[0].subject),
        (digest(texts["secret.txt"]), targets[1].subject),
        (digest(texts["part.txt"]), targets[1].subject),
        (digest(texts["signs.txt"]), "unicode"),
        (digest(texts["both.txt"]), "unicode"),
    }
    weak = about[digest(texts["weak.txt"]), targets[0].subject].body
    assert weak["decision"] == "below_alpha" and 5_603 <= weak["neg_log10_p_milli"] < 9_603
    public = about[digest(texts["public.txt"]), targets[0].subject].body
    assert public["decision"] == "detected" and public["keys"] == 4
    assert public["neg_log10_p_milli"] >= 9_603 and public["tokens"] == 90
    assert public["state"] == targets[0].state and public["vectors"] == targets[0].vectors
    check_vault(log, log.size)


def test_the_same_scan_is_recorded_twice(log: Log, targets: list[ScanTarget]) -> None:
    first = scan(log, targets)
    size = log.size
    again = scan(log, targets[::-1])
    assert log.size == size
    assert (again.entry, again.new, again.fresh) == (first.entry, False, 0)
    assert again.results == first.results and again.claims == first.claims


def test_a_scan_of_other_files_or_by_other_workers_finds_other_things(
    log: Log, targets: list[ScanTarget], texts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = scan(log, targets)
    folder = sidecar_folder(log.location)
    for path in folder.glob("*.parquet"):
        path.unlink()
    monkeypatch.setattr(module, "_STRIPE", 2_000)
    again = scan_dataset(log, DATASET, targets, [words_tokenizer()], workers=2)
    assert again.results == first.results and not again.new
    assert len(list(folder.glob("watermark-*.parquet"))) > 1


def test_how_strongly_a_secret_mark_was_found_stands_in_the_log(
    log: Log, targets: list[ScanTarget], texts: dict[str, str]
) -> None:
    found = scan(log, targets)
    wanted = digest(texts["secret.txt"])
    index = next(
        index
        for index in log.find(wanted)
        if log.entry(index).kind == "watermark"
    )  # fmt: skip
    body = log.entry(index).body
    assert body["bucket_milli"] in (5_000, 6_000, 9_000, 12_000)
    assert not {"statistic", "neg_log10_p_milli", "counted"} & set(body)
    (hit,) = [hit for one, hit in found.hits if hit.document == wanted]
    assert log.vault is not None
    disclosed = log.vault.disclosure(index)
    assert disclosed is not None
    value = orjson.loads(disclosed.values["result"])
    assert value["neg_log10_p_milli"] == hit.neg_log10_p_milli
    assert value["counted"] == hit.counted
    spans = log.vault.attachment(parse_digest(body["spans"]))
    assert spans is not None and len(orjson.loads(spans)["salt"]) == 64
    scanned = log.entry(found.entry).body["marks"]
    pooled = {mark["mark"]: mark["pooled_milli"] for mark in scanned}
    assert all(pooled[one.subject] in (0, 5_000, 6_000, 9_000, 12_000) for one in targets[1:])


def test_two_documents_with_one_mark_share_a_salt(
    log: Log, targets: list[ScanTarget], texts: dict[str, str]
) -> None:
    scan(log, targets)
    assert log.vault is not None
    salts = []
    for entry in claims(log):
        if entry.body.get("mark") == targets[1].subject:
            spans = log.vault.attachment(parse_digest(entry.body["spans"]))
            assert spans is not None
            salts.append(orjson.loads(spans)["salt"])
    assert len(salts) == len(set(salts)) == 2


def test_a_key_stands_in_a_file_of_the_ledger(
    log: Log, targets: list[ScanTarget], own_place: Path
) -> None:
    found = scan(log, targets)
    secrets = {str(SECRET), targets[1].key["seed"]}
    texts = [repr(found), repr(targets)]
    for path in own_place.rglob("*"):
        if path.is_file() and path.parent.name != "drafts":
            texts.append(path.read_bytes().decode("latin-1"))
    assert len(texts) > 5
    for secret in secrets:
        assert len(secret) > 6 and not any(secret in text for text in texts)


def test_the_place_of_a_mark_is_that_of_the_stripped_copy(
    log: Log, targets: list[ScanTarget], texts: dict[str, str]
) -> None:
    found = scan(log, targets)
    spans = {hit.document: hit.spans for _, hit in found.hits}
    text = texts["both.txt"].encode()
    (span,) = spans[digest(texts["both.txt"])]
    words = texts["both.txt"].replace(BITS, "").split()
    raw = text[span.first_byte : span.end_byte].decode()
    assert raw.replace(BITS, "").split() == words[span.start : span.end]
    assert BITS in text.decode() and span.first_byte == len(f"w1{BITS} ".encode())
    (part,) = spans[digest(texts["part.txt"])]
    assert part.start >= 290 and part.end <= 375
    (mark,) = find(texts["signs.txt"])
    (entry,) = [
        entry
        for entry in claims(log)
        if entry.subject == digest(texts["signs.txt"])
    ]  # fmt: skip
    assert entry.body["unicode"] == "zero_width" and entry.body["marks"] == 64
    assert log.vault is not None
    data = log.vault.attachment(parse_digest(entry.body["spans"]))
    assert data is not None
    assert orjson.loads(data)["spans"] == [{"first_byte": mark.start, "end_byte": mark.end}]


def test_what_is_weaker_than_alpha_is_forgotten_or_called_detected(
    own_place: Path, targets: list[ScanTarget]
) -> None:
    weak = [marked_ids(targets[0], 30, seed) for seed in range(12)]
    with ledger_of({f"{n}.txt": spelled(ids) for n, ids in enumerate(weak)}) as log:
        found = scan(log, targets[:1])
        said = [(e.body["neg_log10_p_milli"], e.body["decision"]) for e in claims(log)]
    assert {decision for _, decision in said} == {"below_alpha", "detected"}
    for milli, decision in said:
        assert milli >= 5_000 and decision == ("detected" if milli >= 9_000 else "below_alpha")
    detected = [milli for milli, _ in said if milli >= 9_000]
    assert len(detected) == found.marks[0].detected < len(said)


def test_marks_that_are_looked_for_together_share_no_error(
    log: Log, targets: list[ScanTarget]
) -> None:
    many = [targets[0], *(target("unigram", key) for key in range(100, 100 + MAX_MARKS - 1))]
    alone, together = scan(log, targets[:1]), scan(log, many)
    least = {mark.target.subject: mark.least for mark in together.marks}
    assert least[targets[0].subject] > alone.marks[0].least
    body = log.entry(together.entry).body
    assert len(body["marks"]) == MAX_MARKS
    assert {entry.body["keys"] for entry in claims(log) if "keys" in entry.body} == {1, MAX_MARKS}


def test_too_many_marks_or_none_are_a_crash(log: Log, targets: list[ScanTarget]) -> None:
    for wrong in ([], targets * 20):
        with pytest.raises(InputError, match=f"{len(wrong)} marks, expected 1 to {MAX_MARKS}"):
            scan(log, wrong)
    with pytest.raises(InputError, match="named twice"):
        scan(log, [targets[0], targets[1], targets[0]])
    for wrong_level in ({"alpha_milli": 4_999}, {"fdr_milli": 999}, {"alpha_milli": 10**9}):
        with pytest.raises(InputError, match="expected 1e-"):
            scan(log, targets, **wrong_level)


def test_ids_of_another_tokenizer_are_scored(log: Log, targets: list[ScanTarget]) -> None:
    other = words_tokenizer(size=900)
    with pytest.raises(InputError, match="tokenizers given: sha256:"):
        scan_dataset(log, DATASET, targets, [other])
    with pytest.raises(InputError, match="tokenizers given: none"):
        scan_dataset(log, DATASET, targets, [])
    assert not claims(log)


def test_an_input_that_changed_is_scanned(log: Log, targets: list[ScanTarget]) -> None:
    Path("drafts/short.txt").write_text("w6")
    with pytest.raises(DocumentMismatchError):
        scan(log, targets)
    assert not claims(log)


def test_an_unknown_dataset_is_a_traceback(log: Log, targets: list[ScanTarget]) -> None:
    with pytest.raises(UnknownNameError):
        scan_dataset(log, "nothing@1", targets, [words_tokenizer()])


def test_what_is_added_later_hides_what_was_there(
    log: Log, targets: list[ScanTarget], texts: dict[str, str]
) -> None:
    first = scan(log, targets)
    Path("more").mkdir()
    Path("more/new.txt").write_text(spelled(marked_ids(targets[1], 90, 77)))
    Path("more/dataset.toml").write_text(Path("drafts/dataset.toml").read_text())
    ingest(log, [Path("more")], dataset=DATASET)
    second = scan(log, targets)
    assert second.documents == first.documents + 1 and second.new
    assert second.fresh == 1  # what was said before is not said again
    assert second.outcomes["detected"] == first.outcomes["detected"] + 1


def test_progress_is_silent(log: Log, targets: list[ScanTarget]) -> None:
    heard: list[tuple[str, int, int, int]] = []
    scan(log, targets, progress=lambda *what: heard.append(what))
    assert {what for what, *_ in heard} == {"tokenizing", "looking for marks"}
    assert heard[-1][1] == heard[-1][2] and heard[-1][3] == 19


def test_a_staged_scheme_loses_a_document(own_place: Path) -> None:
    wanted = target("lefthash", 4)
    documents = [marked_ids(wanted, 220, seed, choices=3) for seed in range(2)]
    documents.append(plain_ids(400, 1) + documents[0][:200] + plain_ids(400, 2))
    documents += [plain_ids(500, seed) for seed in range(30)]
    with ledger_of({f"{n}.txt": spelled(ids) for n, ids in enumerate(documents)}) as log:
        found = scan(log, [wanted])
    assert found.marks[0].detected == 3 and np.isfinite(found.marks[0].pooled)


def test_a_scan_is_said_before_what_it_found(
    log: Log, targets: list[ScanTarget], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 2)
    size = log.size
    found = scan(log, targets)
    assert found.claims == found.fresh == 7 and log.size == size + 8
    assert found.entry == log.size - 1
    monkeypatch.setattr(module, "MAX_BATCH", 3)
    again = scan(log, targets)  # also what another division left half done would be found
    assert (again.entry, again.fresh, log.size) == (found.entry, 0, size + 8)
