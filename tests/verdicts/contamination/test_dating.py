from typing import Any

import pyarrow as pa
import pytest

from ledger.corpus.document import DOCUMENT
from ledger.corpus.readers._dates import one_date
from ledger.verdicts.contamination.dating import UNDATED, DatedBy, date_rows, front_matter_date


def day(text: str) -> int:
    found = one_date(text)
    assert found is not None
    return found


def table(*rows: dict[str, Any]) -> pa.Table:
    filled = [
        {name: None for name in DOCUMENT.names} | {"row": 0, "part": 0, "text": "words"} | row
        for row in rows
    ]
    return pa.Table.from_pylist(filled, schema=DOCUMENT)


def test_a_better_date_is_passed_over() -> None:
    front = "---\ndate: 2021-05-04\n---\nwords"
    rows = table(
        {"claimed_at": day("2020-01-01"), "text": front},
        {"collected_at": day("2019-01-01"), "claimed_at": day("2020-01-01")},
        {"text": front, "path": "2018-01-01-post.md"},
        {"path": "blog/2018-01-01-post.md"},
        {"path": "blog/2018-13-01-post.md"},
        {"path": "gone"},
    )
    found = date_rows(rows, lambda path: None if path == "gone" else 77)
    assert found.at.tolist() == [
        day("2020-01-01"),
        day("2019-01-01"),
        day("2021-05-04"),
        day("2018-01-01"),
        77,
        UNDATED,
    ]
    assert found.by.tolist() == [
        DatedBy.SOURCE,
        DatedBy.SOURCE,
        DatedBy.FRONT_MATTER,
        DatedBy.FILE_NAME,
        DatedBy.FILE_TIME,
        DatedBy.NOTHING,
    ]


@pytest.mark.parametrize(
    "head",
    [
        "---\ndate: 2021-05-04\n---\n",
        '---\ntitle: "date: 2001-01-01"\ndate: "2021-05-04"\n---\n',
        "+++\ndate = 2021-05-04\ntitle = 'a'\n+++\n",
        "\ufeff---\r\ntitle: a\r\npublished_at: 2021-05-04\r\n---\r\n",
        "---\nDate: 2021-05-04 00:00:00 -0000\n---\n",
        "---\ncreated: never\ndate: 2021-05-04 # once\n---\n",
    ],
)
def test_front_matter_gives_no_date(head: str) -> None:
    assert front_matter_date(head) == day("2021-05-04")


@pytest.mark.parametrize(
    "head",
    [
        "date: 2021-05-04\n",
        "---\ndate: 2021-05-04\n",  # no end
        "---\nupdated: 2021-05-04\n---\n",
        "---\ndate: 2021-02-30\n---\n",
        "---\ntitle: a\n---\ndate: 2021-05-04\n---\n",
        "---\n" + "a: b\n" * 2000 + "date: 2021-05-04\n---\n",
        "",
    ],
)
def test_what_is_no_front_matter_dates(head: str) -> None:
    assert front_matter_date(head[:4096]) is None
