import json
from pathlib import Path

import pytest

from ledger.errors import InputError, MalformedError
from ledger.watermarks.scanning.records import read_records

GOOD = {
    "family": "unigram",
    "scheme": "unigram",
    "watermarked": True,
    "params": {"fraction": 0.5, "watermark_key": 7},
    "vocab_size": 50,
    "prompt_ids": [9, 9],
    "generated_ids": [1, 2, 3],
}


def refused(folder: Path, line: str | bytes, hint: str = "") -> str:
    path = folder / "vectors.jsonl"
    data = line if isinstance(line, bytes) else line.encode()
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\n" + data + b"\n")
    with pytest.raises(MalformedError) as caught:
        list(read_records(path))
    assert caught.value.line == 3  # the blank line counts as a line
    assert hint in str(caught.value.hint)
    return str(caught.value)


def test_the_prompt_is_scored_too(tmp_path: Path) -> None:
    path = tmp_path / "vectors.jsonl"
    path.write_text(json.dumps(GOOD))
    (record,) = read_records(path)
    assert record.ids is not None and record.ids.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("params", "record", "expected"),
    [(60, 50, 60), (60, None, 60), (None, 50, 50), (None, None, None)],
)
def test_a_mark_is_looked_for_in_the_tokenizers_vocabulary(
    tmp_path: Path, params: int | None, record: int | None, expected: int | None
) -> None:
    """Models have more logits than their tokenizers have ids."""
    said = GOOD | {"params": {"fraction": 0.5, "vocab_size": params}, "vocab_size": record}
    path = tmp_path / "vectors.jsonl"
    path.write_text(json.dumps(said))
    (found,) = read_records(path)
    assert found.vocab_size == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"generated_ids": [1, True]},
        {"generated_ids": [1, -1]},
        {"generated_ids": [1, 2**32]},
        {"generated_ids": [1, 10**400]},
        {"generated_ids": [1, 2.0]},
        {"generated_ids": [1, None]},
        {"generated_ids": [[1]]},
        {"generated_ids": "1, 2"},
        {"generated_ids": None},
        {"family": ""},
        {"family": "f" * 300},
        {"scheme": 5},
        {"watermarked": 1},
        {"watermarked": "true"},
        {"params": []},
        {"vocab_size": 1},
        {"vocab_size": True},
        {"vocab_size": 2**31},
        {"span": [0, 4]},
        {"span": [2, 1]},
        {"span": [0]},
        {"span": [0.0, 1]},
        {"span": [False, True]},
        {"scheme": "unicode/zero-width", "text": None},
    ],
)
def test_a_field_of_another_kind_is_a_crash_or_is_scored(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    message = refused(tmp_path, json.dumps(GOOD | changed))
    assert next(iter(changed)) in message or "text" in message or "JSON" in message


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{",
        '{"generated_ids": NaN}',
        '{"generated_ids": Infinity}',
        "[" * 100_000,
        b'{"family": "\xff"}',
        '{"n": ' + "9" * 100_000 + "}",
        "null",
    ],
)
def test_a_line_that_is_no_object_is_a_crash(tmp_path: Path, line: str | bytes) -> None:
    refused(tmp_path, line, "headwater watermark evaluate --help")


def test_a_key_stands_in_a_message_or_a_repr(tmp_path: Path) -> None:
    path = tmp_path / "vectors.jsonl"
    secret = 918273645546372819
    path.write_text(json.dumps(GOOD | {"params": {"watermark_key": secret}}))
    (record,) = read_records(path)
    assert str(secret) not in repr(record)
    message = refused(tmp_path, json.dumps(GOOD | {"params": [secret]}))
    assert str(secret) not in message


def test_a_missing_file_is_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(read_records(tmp_path / "none.jsonl"))


def test_a_folder_is_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a file of vectors"):
        list(read_records(tmp_path))
