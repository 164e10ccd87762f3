from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from ledger.errors import InputError, MalformedError
from ledger.verdicts.contamination.reviews import read_decisions, reviews_of


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def written(*lines: str, name: str = "reviews.csv") -> Path:
    Path(name).write_text("\n".join(lines) + "\n")
    return Path(name)


SAMPLED = np.frombuffer(b"".join(map(digest, "abcd")), np.uint8).reshape(-1, 32)


def test_a_decision_is_about_another_document() -> None:
    file = written(
        "note,document,decision,probability",
        f"x,sha256:{digest('c').hex()},AI,0.5",
        f'"two\nlines",{digest("a").hex()}, human ,1',
    )
    found = reviews_of(read_decisions(file), SAMPLED)
    said = {
        int(index): (bool(ai), float(chance))
        for index, ai, chance in zip(found.index, found.ai, found.probability, strict=True)
    }
    assert said == {2: (True, 0.5), 0: (False, 1.0)}


def test_without_a_chance_they_are_no_random_draw() -> None:
    file = written("document,decision", f"{digest('b').hex()},ai")
    assert reviews_of(read_decisions(file), SAMPLED).probability.tolist() == [0.25]


def test_the_order_of_rows_is_digested() -> None:
    rows = [f"{digest('a').hex()},ai", f"{digest('b').hex()},human"]
    first = read_decisions(written("document,decision", *rows)).digest
    assert read_decisions(written("document,decision", *rows[::-1])).digest == first
    rows[0] = rows[0].replace("ai", "human")
    assert read_decisions(written("document,decision", *rows)).digest != first


def test_a_document_that_nobody_drew_is_reviewed() -> None:
    file = written("document,decision", *(f"{digest(text).hex()},ai" for text in "axyz"))
    with pytest.raises(InputError, match=r"found 3 reviewed documents that were not sampled"):
        reviews_of(read_decisions(file), SAMPLED)


A = digest("a").hex()


@pytest.mark.parametrize(
    ("lines", "place", "said"),
    [
        ((), 1, "found no column"),
        (("document,verdict", f"{A},ai"), 1, "expected document and decision"),
        (("document,decision",), None, "found no decision"),
        (("document,decision", "abc,ai"), 2, "expected the SHA-256"),
        (("document,decision", f"hmac-sha256:{A},ai"), 2, "expected the SHA-256"),
        (("document,decision", f"{A},maybe\u202e"), 2, r"'maybe\\u202e', expected ai or human"),
        (("document,decision", f"{A},ai,7"), 2, "found 3 cells, expected 2"),
        (("document,decision", f"{A},ai", f"{A},human"), 3, "twice, expected once"),
        (("document,decision,probability", f"{A},ai,0"), 2, "expected a probability"),
        (("document,decision,probability", f"{A},ai,nan"), 2, "expected a probability"),
        (("document,decision,probability", f"{A},ai,"), 2, "expected a probability"),
    ],
)
def test_a_file_that_is_none_is_read(lines: tuple[str, ...], place: int | None, said: str) -> None:
    file = written(*lines) if lines else Path("reviews.csv")
    if not lines:
        file.write_bytes(b"")
    with pytest.raises(MalformedError) as error:
        read_decisions(file)
    assert said in str(error.value) and error.value.line == place


def test_what_is_no_file_is_read() -> None:
    with pytest.raises(InputError, match="no such file"):
        read_decisions(Path("nowhere.csv"))
    Path("bytes.csv").write_bytes(b"document,decision\n\xff")
    with pytest.raises(MalformedError, match=r"bytes\.csv:2: invalid UTF-8"):
        read_decisions(Path("bytes.csv"))
