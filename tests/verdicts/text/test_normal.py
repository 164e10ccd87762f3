"""The normal form: what formatting does not change, and what no input may cost."""

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.verdicts.text.normal import SIGNS, normal_text, normal_texts

PLAIN = "He said that it's the end, and he would not wait for a second answer (or a third)."

_ODD = st.text(alphabet="ab1 .,()'`\"*_-<>/[]&;#:\n\t’“—é\u0301\u200b\x00Ã中", max_size=60)


@given(st.one_of(st.text(), _ODD))
def test_the_form_of_a_form_is_another(text: str) -> None:
    form = normal_text(text)
    assert normal_text(form) == form


@given(st.one_of(st.text(), _ODD))
def test_a_form_holds_other_signs(text: str) -> None:
    form = normal_text(text)
    assert "  " not in form and form == form.strip()
    assert all(c.isalnum() or c in SIGNS or c in " '" for c in form)
    assert not form or form[-1] not in SIGNS


@pytest.mark.parametrize(
    "same",
    [
        f"\n\n  {PLAIN}  \n",
        PLAIN.replace(" ", "\n"),
        PLAIN.replace(" and", "\r\n\r\nand"),
        PLAIN.replace(" ", "\u00a0"),
        PLAIN.replace("said", "sa\u00adid").replace("end", "e\u200bnd"),
        PLAIN.replace("it's", "it’s"),
        PLAIN.replace("it's", "it´s"),
        PLAIN.replace("it's", "it`s"),
        PLAIN.replace("it's the end", '"it\'s the end"'),
        PLAIN.replace("it's the end", "“it’s the end”"),
        PLAIN.replace("it's the end", "'it's the end'"),
        PLAIN.replace("it's the end", "‘it’s the end’"),
        PLAIN.replace("it's the end", "«it's the end»"),
        PLAIN.replace(",", " ,"),
        PLAIN.replace("(or a third)", "( or a third )"),
        PLAIN[:-1],
        PLAIN[:-1] + "!!!",
        PLAIN[:-1] + "…",
        f"# {PLAIN}",
        f"- {PLAIN}",
        f"* {PLAIN}",
        f"12. {PLAIN}",
        f"> {PLAIN}",
        PLAIN.replace("second", "**second**"),
        PLAIN.replace("second", "_second_"),
        PLAIN.replace("second", "`second`"),
        PLAIN.replace("second answer", "[second answer](https://example.org/a?b=c_d)"),
        PLAIN.replace("second answer", "<b>second answer</b>"),
        PLAIN.replace("it's", "it&#39;s").replace("said", "&nbsp;said"),
        PLAIN.replace("end", "\x00e\x07nd\x1b"),
        PLAIN.replace("end", "e\u202end\u202c"),
    ],
)
def test_formatting_is_seen(same: str) -> None:
    assert normal_text(same) == normal_text(PLAIN)


@pytest.mark.parametrize("dash", ["-", "–", "—", "‒", "\u2011", "−", "--", "---"])
def test_kinds_of_dashes_differ(dash: str) -> None:
    assert normal_text(f"a well{dash}known man {dash} or not") == "a well known man or not"
    assert normal_text(f"it ended{dash}badly") == "it ended badly"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", ""),
        ("...", ""),
        ("don't 'do' o'clock", "don't do o'clock"),
        ("naïve café ﬁne", "naive cafe fine"),
        ("cost $3.50 (10%)", "cost $3.50 (10"),
        ("see http://example.org/x?y for more", "see for more"),
        ("Steps: 1. Open it. 2) Close it.", "Steps: Open it. Close it"),
        ("```python\nx = 1\n```", "python x 1"),
        ("Case Is Kept", "Case Is Kept"),
        ("Привет, мир", "Привет, мир"),
    ],
)
def test_a_form_is_another_than_it_was(text: str, form: str) -> None:
    assert normal_text(text) == form


@pytest.mark.parametrize("size", [1_000_000])
@pytest.mark.parametrize(
    "part", ["[", "](", "<a", "&", "'", "e\u0301\u0323", "\u0301\u0323", " .", "( ", "1. ", "http://",
             "\x00", "a", "\U0001f600", "](a", "<", "&amp;"],
)  # fmt: skip
def test_no_pattern_takes_more_than_linear_time(part: str, size: int) -> None:
    """With a quadratic step in it this would not end."""
    form = normal_text(part * (size // len(part)))
    assert len(form) <= size
    assert not re.search(r"[\x00-\x1f]", form)


def test_columns_and_nulls() -> None:
    texts = pa.chunked_array([["One."], [None, "Two."]])
    assert normal_texts(texts) == ["One", "", "Two"]
    assert normal_texts(pa.array([], pa.large_string())) == []
