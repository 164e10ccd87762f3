import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.errors import InputError, MalformedError
from ledger.watermarks.scanning import evaluate as module
from ledger.watermarks.scanning.evaluate import evaluate, overlap_of_spans
from ledger.watermarks.schemes import open_mark

SIZE = 50_257


def green(key: int, count: int, seed: int = 0) -> list[int]:
    mark = open_mark("unigram/shuffle@1", {"fraction": 0.25}, {"watermark_key": key}, SIZE)
    places = np.flatnonzero(mark.mask)  # type: ignore[attr-defined]
    chosen: list[int] = np.random.default_rng(seed).choice(places, count, replace=False).tolist()
    return chosen


def plain(count: int, seed: int) -> list[int]:
    drawn: list[int] = np.random.default_rng(seed).integers(0, SIZE, count).tolist()
    return drawn


def record(ids: Sequence[int], key: int | None = 7, **more: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "family": "marked" if key is not None else "plain",
        "scheme": "unigram" if key is not None else "none",
        "params": {} if key is None else {"fraction": 0.25, "watermark_key": key},
        "watermarked": key is not None,
        "vocab_size": SIZE,
        "prompt_ids": [],
        "generated_ids": list(ids),
    } | more


def write(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in records))
    return path


def test_the_prompt_is_scored_too(tmp_path: Path) -> None:
    hidden = [record(plain(120, seed), prompt_ids=green(7, 300)) for seed in range(5)]
    (row,) = evaluate([write(tmp_path / "a.jsonl", hidden)]).marked
    assert row.detected_1e3 == 0


def test_a_record_is_tested_with_another_records_key(tmp_path: Path) -> None:
    records = [record(green(key, 80), key) for key in (7, 8, 9)]
    records.append(record(green(7, 80), 8, family="wrong key"))
    right, wrong = evaluate([write(tmp_path / "a.jsonl", records)]).plain()
    assert (right["documents"], right["detected_1e6"]) == (3, 3)
    assert (wrong["documents"], wrong["detected_1e3"]) == (1, 0)
    assert right["median_log10_p"] < -20


def test_unmarked_text_is_tested_with_keys_of_its_own_file_alone(tmp_path: Path) -> None:
    spelled_otherwise = record(green(7, 60), 7)
    spelled_otherwise["params"]["strength"] = 2.0
    marked = [record(green(key, 60), key) for key in (7, 8)] + [spelled_otherwise]
    unmarked = [record(plain(200, seed), None) for seed in range(30)]
    unmarked.append(record(green(8, 100), None))
    paths = [write(tmp_path / "n.jsonl", unmarked), write(tmp_path / "m.jsonl", marked)]
    for order in (paths, paths[::-1]):
        (row,) = evaluate(order).unmarked
        assert row.plain() == {
            "family": "plain",
            "documents": 31,
            "keys": 2,
            "pairs": 62,
            "hits_1e3": 1,
            "hits_1e6": 1,
        }


def test_unmarked_text_alone_divides_by_no_key(tmp_path: Path) -> None:
    (row,) = evaluate([write(tmp_path / "n.jsonl", [record(plain(9, 1), None)])]).unmarked
    assert (row.keys, row.pairs, row.hits_1e3) == (0, 0, 0)


def test_batches_change_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [record(green(7, 40 + seed, seed), 7) for seed in range(9)]
    records += [record(plain(60, seed), None) for seed in range(9)]
    records += [record([*plain(300, 50), *green(8, 200)], 8, span=[300, 500], family="mixed")]
    path = write(tmp_path / "a.jsonl", records)
    whole = evaluate([path])
    monkeypatch.setattr(module, "SLICE", 50)
    assert evaluate([path]) == whole
    assert whole.marked[1].iou is not None and whole.marked[1].iou > 0.9


def test_short_parts_are_asked_for_their_place(tmp_path: Path) -> None:
    ids = [*plain(300, 1), *green(7, 199)]
    (row,) = evaluate([write(tmp_path / "a.jsonl", [record(ids, span=[300, 499])])]).marked
    assert row.iou is None
    ids = [*plain(300, 1), *plain(200, 2)]
    (row,) = evaluate([write(tmp_path / "b.jsonl", [record(ids, span=[300, 500])])]).marked
    assert row.iou == 0.0  # not found is not left out


def test_the_union_of_spans_is_counted_twice() -> None:
    assert overlap_of_spans([(10, 20, -9.0), (30, 40, -9.0)], (10, 40)) == pytest.approx(20 / 30)
    assert overlap_of_spans([(0, 100, -9.0)], (40, 60)) == pytest.approx(0.2)
    assert overlap_of_spans([(0, 10, -9.0)], (10, 20)) == 0.0


def test_characters_that_belong_there_are_flagged(tmp_path: Path) -> None:
    base = {"family": "signs", "params": {}}
    bits = "".join("\u200b\u200c"[int(bit)] for bit in f"{0x2FF771CC196F44C5:064b}")
    records = [
        base | {"scheme": "unicode/zero-width", "watermarked": True, "text": f"Some{bits} text"},
        base | {"scheme": "unicode/zero-width", "watermarked": True, "text": "Nothing"},
        base | {"scheme": "unicode/none-plain", "watermarked": False, "text": "Nothing"},
        base | {"scheme": "unicode/none-plain", "watermarked": False, "text": f"Some{bits}"},
    ]
    (row,) = evaluate([write(tmp_path / "u.jsonl", records)]).unicode
    assert (row.documents, row.detected, row.false_flags) == (4, 1, 1)


def test_a_lone_surrogate_is_a_traceback(tmp_path: Path) -> None:
    line = {"family": "s", "params": {}, "scheme": "unicode/x", "watermarked": True}
    with pytest.raises(MalformedError, match=r"u\.jsonl:1: text"):
        evaluate([write(tmp_path / "u.jsonl", [line | {"text": "\ud800"}])])


@pytest.mark.parametrize(
    "changed",
    [
        {"scheme": "rot13"},
        {"params": {"fraction": 0.25, "watermark_key": 2**70}},
        {"params": {"fraction": 7, "watermark_key": 1}},
        {"params": {"fraction": 0.25, "watermark_key": True}},
        {"params": {"fraction": 0.25, "watermark_key": [1]}},
        {"params": {"fraction": 0.25}},
        {"params": {}},
        {"vocab_size": None},
    ],
)
def test_a_mark_nobody_can_decode_ends_in_a_traceback_or_in_silence(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    path = write(tmp_path / "a.jsonl", [record(green(7, 60)), record([1], family="odd") | changed])
    with pytest.raises(MalformedError, match=r"a\.jsonl:2: ") as caught:
        evaluate([path])
    assert str(2**70) not in str(caught.value)
    found = evaluate([path], unsupported="count")
    assert [row.detected_1e6 for row in found.marked] == [1]
    (odd,) = found.unsupported
    assert (odd.family, odd.documents, odd.unsupported) == ("odd", 1, 1) and odd.reason


@pytest.mark.parametrize(
    ("scheme", "params", "reason", "hint"),
    [
        ("unigarm", {}, "unknown watermark scheme: unigarm", "did you mean unigram"),
        ("KGW-lefthsh", {}, "unknown watermark scheme: KGW-lefthsh", "did you mean kgw-lefthash"),
        ("rot13", {}, "unknown watermark scheme: rot13", "known: "),
        ("unigram", {}, "vocab_size: found nothing", "logits"),
        (
            "three_bricks",
            {"method": "x", "vocab_size": SIZE},
            "three_bricks: none of its",
            "--skip",
        ),
    ],
)
def test_a_size_is_asked_for_where_the_scheme_is_unknown(
    tmp_path: Path, scheme: str, params: dict[str, Any], reason: str, hint: str
) -> None:
    """What is wrong first is said first, with what would mend it."""
    line = record([1], family="odd") | {"scheme": scheme, "params": params, "vocab_size": None}
    path = write(tmp_path / "a.jsonl", [line])
    with pytest.raises(MalformedError) as caught:
        evaluate([path])
    assert reason in str(caught.value) and hint in str(caught.value.hint)
    (odd,) = evaluate([path], unsupported="count").unsupported
    assert odd.reason.startswith(reason)
    assert odd.hint is None if hint.startswith("--") else hint in str(odd.hint)


def test_ids_beyond_the_vocabulary_are_a_crash_or_a_hit(tmp_path: Path) -> None:
    records = [record([SIZE, 2**32 - 1] * 100), record([]), record([5] * 5000)]
    (row,) = evaluate([write(tmp_path / "a.jsonl", records)]).marked
    assert row.detected_1e3 == 0 and row.log10_p.tolist()[:2] == [0.0, 0.0]


def test_a_missing_file_is_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        evaluate([tmp_path / "none.jsonl"])


def test_json_that_others_read_has_other_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [record(green(7, 60)), record(plain(5, 1), None)])
    marked, unmarked = evaluate([path]).plain()
    assert list(marked) == [
        "family", "documents", "detected_1e3", "detected_1e6", "median_log10_p", "iou",
    ]  # fmt: skip
    assert list(unmarked) == ["family", "documents", "keys", "pairs", "hits_1e3", "hits_1e6"]
    assert json.loads(json.dumps(marked)) == marked


def test_parameters_that_lie_deep_are_a_crash(tmp_path: Path) -> None:
    for depth in (300, 800, 900, 980, 5_000):
        line = json.dumps(record([1])).replace(
            '"fraction"', f'"x": {"[" * depth}{"]" * depth}, "a"'
        )
        path = tmp_path / "a.jsonl"
        path.write_text(line)
        with pytest.raises(MalformedError, match=r"a\.jsonl:1: "):
            evaluate([path])
