"""Values out of a TOML table; what is wrong is named with its file and its table."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, TypeGuard

from ledger.errors import MalformedError, printable

__all__ = ["Fields", "is_whole", "load_toml", "shown"]

_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_RATIO = re.compile(r"[0-9]{1,9}/[1-9][0-9]{0,8}")
_LONGEST = 200
_MOST_VALUES = 1_000


@dataclass(frozen=True)
class _Real:
    """A TOML float as it was written, so that 0.1 can be one tenth."""

    text: str

    def __repr__(self) -> str:
        return self.text


def load_toml(source: bytes, place: str) -> dict[str, Any]:
    """The tables of a file; floats stay as written. Raises MalformedError with `place` and line."""
    try:
        return tomllib.loads(source.decode(), parse_float=_Real)
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise MalformedError(place, line, "bytes that are not UTF-8") from error
    except RecursionError as error:
        raise MalformedError(place, None, "tables nested too deep for a mix") from error
    except ValueError as error:  # TOMLDecodeError, and integers too long to convert
        reason = str(error)
        at = re.search(r" \(at line (\d+), column \d+\)$", reason)
        line_or_none = int(at[1]) if at else None
        reason = reason[: at.start()] if at else reason
        raise MalformedError(place, line_or_none, f"not TOML: {printable(reason)}") from error


def is_whole(value: Any, least: int, most: int) -> TypeGuard[int]:
    """Whether it is an integer in this range; TOML's true is none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def shown(value: Any) -> str:
    """A value as a message shows it: with its type's signs, printable, cut."""
    if value is None:
        return "nothing"
    if isinstance(value, int) and value.bit_length() > 256:
        return "an integer of over 256 bits"
    return printable(repr(value), 60)


class Fields:
    """One table of a file. `prefix` says which, as `bound 2: `."""

    def __init__(self, table: Any, place: str, prefix: str = "") -> None:
        self._place, self._prefix = place, prefix
        if not isinstance(table, dict):
            raise self.error(f"found {shown(table)}, expected a table")
        self._table: Mapping[str, Any] = table

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def error(self, reason: str, hint: str | None = None) -> MalformedError:
        return MalformedError(self._place, None, self._prefix + reason, hint=hint)

    def below(self, key: str) -> "Fields":
        """The table at `key`."""
        return Fields(self._table[key], self._place, f"{self._prefix}{key}: ")

    def tables(self, key: str, most: int) -> list["Fields"]:
        """The array of tables at `key`, numbered from 1; none where the key is absent."""
        found = self._table.get(key, [])
        if not isinstance(found, list):
            raise self.error(f"{key}: found {shown(found)}, expected [[{key}]] tables")
        if len(found) > most:
            raise self.error(f"{key}: found {len(found)} tables, at most {most}")
        return [Fields(table, self._place, f"{key} {at}: ") for at, table in enumerate(found, 1)]

    def raw(self, key: str) -> Any:
        return self._table.get(key)

    @property
    def names(self) -> Iterable[str]:
        return self._table.keys()

    def known(self, keys: Collection[str], what: str = "field") -> None:
        """Refuse any other key."""
        for key in self._table:
            if key not in keys:
                near = get_close_matches(key, keys, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(keys)}"
                raise self.error(f"unknown {what} {printable(key, 60)}", hint=hint)

    def whole(self, key: str, least: int, most: int, *, hint: str | None = None) -> int:
        value = self._table.get(key)
        if not is_whole(value, least, most):
            wanted = f"a whole number from {least} to {most}"
            raise self.error(f"{key}: found {shown(value)}, expected {wanted}", hint=hint)
        return value

    def flag(self, key: str) -> bool:
        """false where the key is absent."""
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise self.error(f"{key}: found {shown(value)}, expected true or false")
        return value

    def text(self, key: str) -> str:
        value = self._table.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
            raise self.error(
                f"{key}: found {shown(value)}, expected up to {_LONGEST} characters of text"
            )
        if printable(value, _LONGEST) != value:
            raise self.error(f"{key}: found characters that cannot be seen: {shown(value)}")
        return value

    def choice(self, key: str, choices: Collection[str]) -> str:
        value = self._table.get(key)
        if not isinstance(value, str) or value not in choices:
            near = get_close_matches(str(value), choices, n=1)
            raise self.error(
                f"{key}: found {shown(value)}, expected {', '.join(choices)}",
                hint=f"did you mean {near[0]}?" if near else None,
            )
        return value

    def texts(self, key: str, most: int = _MOST_VALUES) -> tuple[str, ...]:
        """A list of distinct texts, at least one; in the order given."""
        value = self._table.get(key)
        if not isinstance(value, list) or not value:
            raise self.error(f"{key}: found {shown(value)}, expected a list of texts")
        if len(value) > most:
            raise self.error(f"{key}: found {len(value)} values, at most {most}")
        for item in value:
            if not isinstance(item, str) or not 0 < len(item) <= _LONGEST:
                raise self.error(f"{key}: found {shown(item)}, expected text")
            if value.count(item) > 1:
                raise self.error(f"{key}: found {printable(item, 60)} twice")
        return tuple(value)

    def rational(self, key: str, least: Fraction | int, most: Fraction | int) -> Fraction:
        """The exact value of a number, or of a text such as "0.1" or "1/3"."""
        return self._rational(key, self._table.get(key), least, most)

    def rationals(
        self, key: str, least: Fraction | int, most: Fraction | int, longest: int
    ) -> tuple[Fraction, ...]:
        """A list of exact values."""
        value = self._table.get(key)
        if not isinstance(value, list) or not 0 < len(value) <= longest:
            raise self.error(f"{key}: found {shown(value)}, expected 1 to {longest} numbers")
        return tuple(self._rational(key, item, least, most) for item in value)

    def _rational(
        self, key: str, value: Any, least: Fraction | int, most: Fraction | int
    ) -> Fraction:
        text = value.text.replace("_", "") if isinstance(value, _Real) else value
        if is_whole(text, 0, 10**9):
            text = str(text)
        if not isinstance(text, str) or not (_DECIMAL.fullmatch(text) or _RATIO.fullmatch(text)):
            raise self.error(
                f"{key}: found {shown(value)}, expected a number from {least} to {most}",
                hint='such as 0.1, "0.1" or "1/3"; at most nine digits either side',
            )
        exact = Fraction(text)
        if not least <= exact <= most:
            raise self.error(f"{key}: found {text}, expected {least} to {most}")
        return exact
