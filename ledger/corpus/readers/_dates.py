"""Dates as sources spell them, to Unix seconds. A time without a zone is read as UTC.

Accepted: ISO 8601 dates and date-times, archive stamps of 14 digits, Arrow's own time types.
The bulk path and `one_date` agree on every text that the bulk pattern admits.
"""

import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["one_date", "seconds"]

_BULK = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|\+00:?00)?$"
_ISO = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_STAMP = re.compile(r"[12][0-9]{13}")
_SHORTEST = 19  # characters of YYYY-MM-DDTHH:MM:SS


def seconds(column: pa.Array, *, numbers: bool) -> tuple[pa.Array, pa.Array]:
    """Unix seconds (int64, n; null where unknown) and a mask (bool, n) of dates that are none.

    Fractions are dropped. Whole numbers count as Unix seconds only where `numbers` says that
    somebody vouched for it; otherwise they are unknown, not wrong.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_timestamp(kind):
        found = pc.floor_temporal(column, unit="second").cast(pa.timestamp("s", kind.tz))
        return found.cast(pa.int64()), _none(len(column))
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("s")).cast(pa.int64()), _none(len(column))
    if pa.types.is_integer(kind) and numbers:
        return column.cast(pa.int64(), safe=True), _none(len(column))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _strings(column)
    return pa.nulls(len(column), pa.int64()), pc.is_valid(column)


def _none(count: int) -> pa.Array:
    return pa.array(np.zeros(count, bool))


def _strings(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    bulk = pc.fill_null(pc.match_substring_regex(column, _BULK), False)
    found = pa.nulls(len(column), pa.int64())
    try:
        stamps = pc.utf8_slice_codeunits(pc.if_else(bulk, column, None), 0, _SHORTEST)
        found = stamps.cast(pa.timestamp("s")).cast(pa.int64())
        rest = pc.and_(pc.is_valid(column), pc.invert(bulk))
    except pa.ArrowInvalid:  # a day such as 30 February somewhere: find it one by one
        rest = pc.is_valid(column)
    if not pc.any(rest).as_py():
        return found, _none(len(column))
    values = found.to_numpy(zero_copy_only=False).astype(object)
    known = found.is_valid().to_numpy(zero_copy_only=False).copy()
    wrong = np.zeros(len(column), bool)
    for index in np.flatnonzero(rest.to_numpy(zero_copy_only=False)):
        one = one_date(column[int(index)].as_py())
        known[index], values[index] = one is not None, 0 if one is None else one
        wrong[index] = one is None
    values[~known] = 0
    return pa.array(values.astype(np.int64), mask=~known), pa.array(wrong)


def one_date(text: str) -> int | None:
    """Unix seconds of one date as text, or None if it is no date this module knows."""
    try:
        if _STAMP.fullmatch(text):
            moment = datetime.strptime(text, "%Y%m%d%H%M%S")
        elif _ISO.fullmatch(text):
            moment = datetime.fromisoformat(_six_digits(text))
        else:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return int(moment.replace(microsecond=0).timestamp())
    except (ValueError, OverflowError):
        return None


def _six_digits(text: str) -> str:
    return re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)
