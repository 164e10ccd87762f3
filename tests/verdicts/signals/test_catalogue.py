"""What every measure promises, whichever it is."""

import math
import re

import pyarrow as pa
import pytest

from ledger.errors import UnknownNameError
from ledger.verdicts.signals import Batch, Signal, measure, signal, signals
from ledger.verdicts.signals.reference import reference_of
from ledger.verdicts.signals.words import find_words
from tests.verdicts.signals.given import sample, table

REFERENCE = reference_of(find_words(table(sample(1, 3000))).stable_ids())
TEXTS = [
    sample(2, 500),
    "",
    "Word.",
    "One sentence of a few words. Another one!",
    None,
    sample(3, 120, types=30),
    "\x00\x1b\ufffd \u202e 12 + 3 = 15;\n\n\n" * 20,
    "Ã©tÃ© â€œmojibakeâ€\x9d" * 30,
    "def f(x):\n    return {x: [1, 2, 3]}\n" * 12,
    "這是一個沒有空格的句子。" * 40,
    sample(2, 500),
]
ALL = sorted(signals())


def _values(name: str, texts: pa.Array | pa.ChunkedArray) -> list[str]:
    """Written out, so that NaN equals itself and one bit makes a difference."""
    return [repr(float(value)) for value in signal(name).measure(Batch(texts, REFERENCE))]


@pytest.fixture(scope="module")
def alone() -> dict[str, list[str]]:
    """Each text measured without neighbours."""
    return {name: [value for text in TEXTS for value in _values(name, table(text))] for name in ALL}


@pytest.mark.parametrize("name", ALL)
class TestEvery:
    def test_neighbours_and_order_change_not_one_bit(
        self, name: str, alone: dict[str, list[str]]
    ) -> None:
        assert _values(name, table(*TEXTS)) == alone[name]
        assert _values(name, table(*TEXTS[::-1])) == alone[name][::-1]

    def test_how_arrow_holds_the_texts_is_no_matter(
        self, name: str, alone: dict[str, list[str]]
    ) -> None:
        whole = table("before", *TEXTS, "after")
        assert _values(name, whole.slice(1, len(TEXTS))) == alone[name]
        assert _values(name, whole.cast(pa.large_string()).slice(1, len(TEXTS))) == alone[name]
        chunks = pa.chunked_array([table(*TEXTS[:3]), table(), table(*TEXTS[3:])])
        assert _values(name, chunks) == alone[name]

    def test_no_text_and_empty_text_are_answers(
        self, name: str, alone: dict[str, list[str]]
    ) -> None:
        assert _values(name, table()) == []
        assert _values(name, pa.chunked_array([], pa.string())) == []
        assert alone[name][1] == alone[name][4] == "nan"

    def test_defined_for_prose_and_finite_or_undefined_for_anything(
        self, name: str, alone: dict[str, list[str]]
    ) -> None:
        values = [float(value) for value in alone[name]]
        assert math.isfinite(values[0])
        assert not any(math.isinf(value) for value in values)

    def test_it_says_what_it_is(self, name: str) -> None:
        one = signal(name)
        assert isinstance(one, Signal) and one.name == name and one.version >= 1
        assert re.fullmatch(r"[a-z0-9_]{1,40}", name)
        for said in (one.definition, one.source, one.unit, one.direction):
            assert said == said.strip() and len(said) > 3
        assert not one.definition.endswith(".")  # a clause for a table, not a sentence
        assert not one.definition[0].isspace()


def test_a_table_has_a_column_a_measure_and_a_row_a_text() -> None:
    found = measure(table(*TEXTS), reference=REFERENCE)
    assert found.column_names == ALL and found.num_rows == len(TEXTS)
    assert set(found.schema.types) == {pa.float64()}
    few = measure(table(*TEXTS), ["raw_ttr", "mtld"])
    assert few.column_names == ["raw_ttr", "mtld"]


def test_an_unknown_name_is_told_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown signal: mattr_5") as told:
        measure(table("x"), ["mattr_5\x1b"])
    assert "mattr_50" in (told.value.hint or "")


def test_without_a_reference_rare_words_are_undefined() -> None:
    for name in ("tail_coverage", "rare_token_mass"):
        assert all(math.isnan(v) for v in signal(name).measure(Batch(table(*TEXTS))))
