from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import VerificationError
from ledger.verdicts.calibration.sample import (
    FORMAT,
    Part,
    SampleFile,
    format_sample,
    parse_sample,
)

_NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable())


@st.composite
def parts(draw: st.DrawFn) -> Part:
    digests = sorted(draw(st.sets(st.binary(min_size=32, max_size=32), max_size=5)))
    count = len(digests)
    numbers = st.lists(st.integers(-(2**40), 2**40), min_size=count, max_size=count)
    return Part(
        np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32),
        np.array(draw(numbers), np.int64),
        np.abs(np.array(draw(numbers), np.int64)),
    )


samples = st.builds(SampleFile, st.dictionaries(_NAMES, parts(), min_size=1, max_size=3), parts())


def same(one: Part, other: Part) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("digests", "milli", "words")
    )


@given(samples)
def test_a_sample_is_read_as_it_was_not_written(sample: SampleFile) -> None:
    data = format_sample(sample)
    found = parse_sample(data, "here")
    assert format_sample(found) == data and set(found.human) == set(sample.human)
    assert all(same(found.human[name], part) for name, part in sample.human.items())
    assert same(found.synthetic, sample.synthetic)


def plain(**changes: Any) -> dict[str, Any]:
    part = {"documents": ["00" * 32, "01" * 32], "scores_milli": [1, -2], "words": [100, 200]}
    return {
        "format": FORMAT, "human": [{"source": "a@1", **part}], "synthetic": part,
    } | changes  # fmt: skip


GOOD = plain()["synthetic"]


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        plain(format="headwater calibration sample v2"),
        plain(human=[]),
        plain(human=None),
        plain(synthetic=None),
        plain(synthetic=GOOD | {"documents": ["00" * 32]}),
        plain(synthetic=GOOD | {"documents": ["01" * 32, "00" * 32]}),
        plain(synthetic=GOOD | {"documents": ["00" * 32, "00" * 32]}),
        plain(synthetic=GOOD | {"documents": ["00" * 31, "00" * 33]}),
        plain(synthetic=GOOD | {"documents": ["zz" * 32, "01" * 32]}),
        plain(synthetic=GOOD | {"documents": [0, 1]}),
        plain(synthetic=GOOD | {"scores_milli": [1]}),
        plain(synthetic=GOOD | {"scores_milli": [1, True]}),
        plain(synthetic=GOOD | {"scores_milli": ["1", "2"]}),
        plain(synthetic=GOOD | {"words": 2}),
        plain(human=[{"source": "b@1", **GOOD}, {"source": "a@1", **GOOD}]),
        plain(human=[{"source": "a@1", **GOOD}, {"source": "a@1", **GOOD}]),
    ],
)
def test_anything_is_a_sample(document: Any) -> None:
    with pytest.raises(VerificationError, match=f"^here: not a {FORMAT}"):
        parse_sample(orjson.dumps(document, option=orjson.OPT_SORT_KEYS), "here")


def test_bytes_that_are_no_json_are_a_traceback() -> None:
    for data in (b"", b"{", b"\xff", b"1e999", orjson.dumps(plain(), option=orjson.OPT_INDENT_2)):
        with pytest.raises(VerificationError):
            parse_sample(data, "here")
    assert parse_sample(orjson.dumps(plain(), option=orjson.OPT_SORT_KEYS), "here")
