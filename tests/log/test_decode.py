"""Reading origins in bulk says what reading them one by one says, for every row or for none."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.errors import VerificationError
from ledger.log.canonical import Entry, format_entry, parse_entry
from ledger.log.decode import Decoded, decode
from ledger.log.originrows import MISSING, TEXT_COLUMNS
from tests.log.making import authorship, digest, evidence, origin, signer

ADA = signer("ada.example/claims")
SHORT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
OPTIONAL = {
    "claimed_at": st.integers(-5, 2**52),
    "collected_at": st.integers(-5, 2**52),
    "content_type": SHORT,
    "crawler": SHORT,
    "language": st.sampled_from(["en", "fr", "é", '"', "\\"]),
    "language_ppm": st.sampled_from([0, 7, 450_000, 980_000, 1_000_000]),
    "license": SHORT,
    "license_stated": SHORT,
    "site": SHORT,
    "tokenizer": SHORT,
    "tokens": st.integers(0, 2**52),
    "topic": SHORT,
    "bytes": st.integers(0, 2**53 - 1),
    "row": st.integers(0, 2**53 - 1),
    "part": st.integers(0, 3),
    "file": st.sampled_from("fg"),
    "actor": st.sampled_from(["operator", "key:ada+00000000"]),
    "by": st.sampled_from([(), (), (), (ADA,)]),
    "private": st.dictionaries(
        st.sampled_from(["author", "path", "record", "rights_holder", "title", "url"]),
        st.integers(0, 9).map(digest),
        min_size=1,
    ),
}
ORIGINS = st.builds(
    lambda n, rest: origin(digest(n), **rest),
    st.integers(0, 50),
    st.fixed_dictionaries({}, optional=OPTIONAL),  # type: ignore[arg-type]
)
OTHERS = st.sampled_from(
    [evidence(digest("f"), 5), authorship(digest(1), "A0", by=[ADA]), authorship(digest(2), "AX")]
)


def spelled(decoded: Decoded) -> list[dict[str, Any]]:
    """Each row as the columns have it."""
    rows: list[dict[str, Any]] = []
    where = {row: place for place, row in enumerate(decoded.origin_rows.tolist())}
    for row, kind in enumerate(decoded.kinds):
        found: dict[str, Any] = {"kind": kind, "subject": decoded.subjects[row].tobytes().hex()}
        if row in where:
            columns, place = decoded.origins, where[row]
            found |= {
                name: None
                if columns.codes[name][place] < 0
                else columns.values[name][columns.codes[name][place]]
                for name in TEXT_COLUMNS
            }
            collected = int(columns.collected_at[place])
            found["collected_at"] = None if collected == MISSING else collected
            found["bytes"] = int(columns.bytes[place])
        else:
            found["entry"] = decoded.others[row]
        rows.append(found)
    return rows


def one_by_one(entries: list[bytes]) -> list[dict[str, Any]]:
    rows = []
    for data in entries:
        entry = json.loads(data)
        found = {"kind": entry["kind"], "subject": entry["subject"][-64:]}
        if entry["kind"] == "origin":
            body = entry["body"] | {"file": entry["body"]["locator"]["file"]}
            found |= {name: body.get(name) for name in (*TEXT_COLUMNS, "collected_at", "bytes")}
        else:
            found["entry"] = parse_entry(data, "entry")
        rows.append(found)
    return rows


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(ORIGINS, ORIGINS, OTHERS), min_size=1, max_size=12), st.integers(1, 30))
def test_columns_say_what_the_entries_say(said: list[Entry], copies: int) -> None:
    """Repeated often enough, rows of one layout are read as a matrix; else one at a time."""
    entries = [format_entry(item) for item in said * copies]
    decoded = decode(range(7, 7 + len(entries)), entries)
    assert decoded.indices.tolist() == list(range(7, 7 + len(entries)))
    assert spelled(decoded) == one_by_one(entries)


def test_many_rows_of_one_layout() -> None:
    entries = [
        format_entry(
            origin(
                digest(n),
                row=n,
                language=("en", "fr")[n % 2],
                collected_at=1_500_000_000 + n,
                bytes=10 ** (n % 9),
            )
        )
        for n in range(9_000)
    ]
    assert spelled(decode(range(9_000), entries)) == one_by_one(entries)


ALIKE = [
    format_entry(
        origin(digest(n), row=n + 10, language="en", site="example.org", private={"url": digest(n)})
    )
    for n in range(60)
]


def attempt(entries: list[bytes]) -> None:
    """Every row is canonical and what one-by-one reading says, or the first bad one is named."""
    try:
        decoded = decode(range(len(entries)), entries)
    except VerificationError as error:
        assert "entry " in str(error) or "entries " in str(error)
        return
    for data in entries:
        parse_entry(data, "not canonical, but read")
    assert spelled(decoded) == one_by_one(entries)


@settings(max_examples=500, deadline=None)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, 59),
            st.integers(0, len(ALIKE[0])),
            st.sampled_from(
                [
                    b'"',
                    b"\\",
                    b",",
                    b"}",
                    b"{",
                    b":",
                    b"0",
                    b"-",
                    b"a",
                    b"A",
                    b"g",
                    b" ",
                    b"\n",
                    b"\xff",
                    b"\0",
                    b"",
                    b"\xc3\xa9",
                ]
            ),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=4,
    )
)
@example([(3, ALIKE[3].index(b'"en"') + 1, b'"', 1)])
@example([(3, ALIKE[3].index(b'"row":13') + 6, b"0", 1)])
@example([(3, ALIKE[3].index(b"example.org"), b'","topic":"', 11)])
@example([(0, ALIKE[0].index(b'"en"') + 1, b"\xff", 1)])
@example([(0, ALIKE[0].index(b"operator"), b"\xff", 1)])
@example([(n, ALIKE[n].index(b"operator"), b"\xff", 1) for n in range(60)])
@example([(3, ALIKE[3].index(b'"},"site"') + 1, b",", 0)])
@example([(0, ALIKE[0].index(b'"bytes":100') + 8, b"-", 1)])
def test_a_row_that_only_looks_alike(edits: list[tuple[int, int, bytes, int]]) -> None:
    entries = [*ALIKE]
    for row, place, new, length in edits:
        entries[row] = entries[row][:place] + new + entries[row][place + length :]
    attempt(entries)


@pytest.mark.parametrize("score", [1_000_001, 9_999_999])
def test_a_score_over_the_whole_hides_among_rows_of_its_layout(score: int) -> None:
    good = [origin(digest(n), row=n + 10, language_ppm=1_000_000) for n in range(41)]
    entries = [format_entry(entry) for entry in good]
    entries[40] = entries[40].replace(b'"language_ppm":1000000', b'"language_ppm":%d' % score)
    with pytest.raises(VerificationError, match=r"entry 40: an origin's language_ppm"):
        decode(range(41), entries)


BODY = {
    "bytes": 1,
    "channel": "other",
    "dataset": "r@1",
    "locator": {"file": digest("f"), "part": 0, "row": 0},
}
STRANGE = {
    "no_bytes": {k: v for k, v in BODY.items() if k != "bytes"},
    "no_dataset": {k: v for k, v in BODY.items() if k != "dataset"},
    "no_locator": {k: v for k, v in BODY.items() if k != "locator"},
    "negative_bytes": BODY | {"bytes": -1},
    "bytes_text": BODY | {"bytes": "1"},
    "bytes_true": BODY | {"bytes": True},
    "dataset_without_version": BODY | {"dataset": "r"},
    "dataset_a_number": BODY | {"dataset": 5},
    "locator_text": BODY | {"locator": "f"},
    "file_no_digest": BODY | {"locator": {"file": "f", "part": 0, "row": 0}},
    "file_sha512": BODY | {"locator": {"file": "sha512:" + "0" * 64, "part": 0, "row": 0}},
    "score_over_the_whole": BODY | {"language_ppm": 1_000_001},
    "language_an_object": BODY | {"language": {"a": 1}},
    "collected_text": BODY | {"collected_at": "now"},
    "empty": {},
}


@pytest.mark.parametrize("copies", [1, 40])
@pytest.mark.parametrize("name", STRANGE)
def test_an_origin_of_another_shape_is_named(name: str, copies: int) -> None:
    """Canonical JSON and signed by nobody's schema: refused by name, never a traceback."""
    bad = format_entry(Entry("origin", digest("d"), STRANGE[name], "operator", 1))
    with pytest.raises(VerificationError, match=r"entr(y|ies) "):
        decode(range(5, 6 + copies), [ALIKE[0], *[bad] * copies])


def test_subjects_are_rows_of_bytes() -> None:
    decoded = decode([4], [ALIKE[4]])
    assert decoded.subjects.shape == (1, 32) and decoded.subjects.dtype == np.uint8
