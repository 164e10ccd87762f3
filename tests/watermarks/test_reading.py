"""Parameters and keys as people write them: what a refusal may say."""

from typing import Any

import pytest

from ledger.errors import InputError, UnknownNameError
from ledger.watermarks.schemes._reading import key_names, known_names, whole
from tests.watermarks.conformance.examples import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_key_written_where_its_name_goes_is_shown(example: Example) -> None:
    known = example.known()
    secret = "98765432123456789"
    given = {**known.key, secret: 1}
    with pytest.raises(InputError) as caught:
        known.family.key(known.variant, known.parameters, given, 50_257)
    assert secret not in f"{caught.value} {caught.value.hint} {caught.value!r}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_parameter_that_nobody_knows_is_passed_over(example: Example) -> None:
    known = example.known()
    with pytest.raises(UnknownNameError, match=f"unknown parameter of {known.family.name}"):
        known.family.parameters(known.variant, {**known.parameters, "gama": "0.5"}, 50_257)


@pytest.mark.parametrize(
    "value", [True, 1.0, "1_0", "0x10", "+5", "007", " 5", "٣", "", [5], None, 10**40, "9" * 101]
)
def test_what_is_no_number_is_one(value: Any) -> None:
    with pytest.raises(InputError, match=r"^n: found "):
        whole({"n": value}, "n", 0, 2**64 - 1)
    with pytest.raises(InputError) as caught:
        whole({"n": value}, "n", 0, 2**64 - 1, secret=True)
    assert str(value) not in str(caught.value) or len(str(value)) < 3


def test_a_name_of_a_key_is_counted_and_not_quoted() -> None:
    with pytest.raises(InputError, match=r"^k: found 2 unknown fields, expected a, b$"):
        key_names({"a": 1, "x": 2, "y": 3}, ("b", "a"), "k")
    with pytest.raises(UnknownNameError, match="unknown p: x"):
        known_names({"x": 2}, ("b", "a"), "p")
