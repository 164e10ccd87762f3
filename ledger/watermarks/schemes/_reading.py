"""Reads the parameters and keys that people give: one canonical text for each value.

They come from people's files and from other projects' records. A parameter's refusal says what was
found; a key's never does, whatever was found, and neither do the names in it: somebody may have
written the key where its name goes.
"""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from ledger.errors import InputError, UnknownNameError, printable

__all__ = ["flag", "fraction", "key_names", "key_numbers", "known_names", "number", "printed",
           "whole"]  # fmt: skip

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,99})", re.ASCII)
_LARGEST = 128  # bits of a number that a message still spells


def known_names(given: Mapping[str, Any], names: Collection[str], what: str) -> None:
    """Raises UnknownNameError for a name that is none of `names`: a typing error is no default."""
    for name in given:
        if name not in names:
            raise UnknownNameError(what, str(name), names)


def key_names(given: Mapping[str, Any], names: Collection[str], what: str) -> None:
    """As `known_names`, for a key. Raises InputError, which does not show the name."""
    strange = sum(name not in names for name in given)
    if strange:
        raise InputError(
            f"{what}: found {strange} unknown field{'s' * (strange > 1)}, "
            f"expected {', '.join(sorted(names))}"
        )


def number(value: object) -> int | None:
    """A whole number, or the decimal digits of one; None for anything else, booleans included."""
    if type(value) is int:
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return int(value)
    return None


def whole(
    given: Mapping[str, Any],
    name: str,
    least: int,
    most: int,
    default: int | None = None,
    *,
    secret: bool = False,
) -> int:
    """A whole number from `least` to `most`. Raises InputError, with the value unless `secret`."""
    value = given.get(name, default)
    found = number(value)
    if found is None or not least <= found <= most:
        shown = _kind(value) if secret else printed(value)
        raise InputError(
            f"{name}: found {shown}, expected a whole number from {_bound(least)} to {_bound(most)}"
        )
    return found


def fraction(given: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """A number between 0 and 1, neither included. Raises InputError, naming the parameter."""
    value = given.get(name, default)
    found = math.nan
    if type(value) in (int, float) or (isinstance(value, str) and len(value) <= 40):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = math.nan
    if not 0.0 < found < 1.0:
        raise InputError(f"{name}: found {printed(value)}, expected a number between 0 and 1")
    return found


def flag(given: Mapping[str, Any], name: str, default: bool) -> str:
    """`true` or `false`. Raises InputError, naming the parameter."""
    value = given.get(name, default)
    if type(value) is bool:
        return "true" if value else "false"
    if value in ("true", "false"):
        return str(value)
    raise InputError(f"{name}: found {printed(value)}, expected true or false")


def key_numbers(given: Mapping[str, Any], name: str, most: int, depth: int) -> list[int]:
    """1 to `depth` whole numbers from -2^63 to `most`: a list, or their digits with commas.

    Raises InputError without a value.
    """
    value = given.get(name)
    if isinstance(value, str):
        value = value.split(",") if len(value) <= 22 * depth else None
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= depth:
        raise InputError(f"{name}: expected 1 to {depth} whole numbers")
    found = [number(each) for each in value]
    if any(each is None or not -(2**63) <= each <= most for each in found):
        raise InputError(f"{name}: expected whole numbers of 64 bits")
    return [each for each in found if each is not None]


def printed(value: object) -> str:
    """A parameter that was found, for a message."""
    if value is None:
        return "nothing"
    if type(value) is int:  # Python refuses to spell the longest ones
        bits = value.bit_length()
        return str(value) if bits <= _LARGEST else f"a number of {bits} bits"
    if isinstance(value, str | float | bool):
        return printable(str(value), 40)
    return f"a {type(value).__name__}"


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _bound(value: int) -> str:
    for power in (32, 61, 63, 64, 128):
        for shown, bound in ((f"2^{power}", 2**power), (f"2^{power} - 1", 2**power - 1)):
            if abs(value) == bound:
                return f"-{shown}" if value < 0 else shown
    return str(value)
