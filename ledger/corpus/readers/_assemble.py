"""Source columns of one batch to a DOCUMENT table, and the rows that are no documents.

Every reader ends here, so the rules about what a document is stand in one place. Whole columns
at a time; a row costs Python only when it is rejected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.document import CODES, DOCUMENT, PRIVATE, Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._columns import Plan, Source
from ledger.corpus.readers._dates import seconds
from ledger.corpus.readers._sites import sites
from ledger.errors import printable

__all__ = ["LARGEST_COUNT", "assemble"]

LONGEST_CODE = 200  # characters, the claims' limit on short strings
LARGEST_COUNT = 2**53  # exclusive: the log's whole numbers

# what may not stand in a public short string: controls, bidi and zero-width marks, line separators
_FORBIDDEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"


@dataclass
class _Batch:
    """Rows under judgement: the first fault found is a row's reason."""

    size: int
    reasons: dict[int, str]

    def refuse(self, mask: pa.Array, reason: Callable[[int], str]) -> None:
        for index in np.flatnonzero(mask.to_numpy(zero_copy_only=False)):
            self.reasons.setdefault(int(index), reason(int(index)))


def assemble(
    found: Mapping[str, pa.Array],
    rows: pa.Array,
    plan: Plan,
    options: ReadOptions,
    where: Callable[[int], str],
) -> tuple[pa.Table, list[Rejected]]:
    """A DOCUMENT table of the good rows, and the bad ones, both in order.

    `found` holds n values per DOCUMENT name (text as valid large_string; codes and private
    strings as strings; dates and tokens as the source types them; `part` as int32, 0 where it is
    not there), `rows` their ordinals (int64), `where(i)` the place of the i-th, asked for each
    rejected one in order. A bad value of a column nobody vouched for becomes null.
    """
    batch = _Batch(len(rows), {})
    columns: dict[str, pa.Array] = {"row": rows}
    columns["text"] = _text(found["text"], batch, plan, options)
    for name in CODES:
        if name in found:
            columns[name] = _code(name, found[name].cast(pa.string()), batch)
    for name, value in plan.constants.items():
        if name not in columns:
            columns[name] = pa.repeat(pa.scalar(value, pa.string()), batch.size)
    for name in ("collected_at", "claimed_at"):
        if name in found:
            columns[name] = _date(name, found[name], batch, _explicit(plan, name))
    if "tokens" in found:
        columns["tokens"] = _tokens(found["tokens"], batch, _explicit(plan, "tokens"))
    for name in PRIVATE:
        if name in found:
            columns[name] = found[name].cast(pa.string())
    if "record" in columns:  # WARC 1.0 and mail put identifiers in angle brackets
        columns["record"] = pc.replace_substring_regex(columns["record"], "^<(.*)>$", r"\1")
    if "file" in found:
        columns["file"] = found["file"]
    if "site" not in columns and "url" in columns:
        derived = sites(columns["url"])
        plain = pc.less_equal(pc.utf8_length(derived), LONGEST_CODE)
        columns["site"] = pc.if_else(plain, derived, None)
    columns["part"] = found.get("part", pa.array(np.zeros(batch.size, np.int32)))
    table = pa.Table.from_arrays(
        [columns.get(f.name, pa.nulls(batch.size, f.type)) for f in DOCUMENT], schema=DOCUMENT
    )
    if not batch.reasons:
        return table, []
    keep = np.ones(batch.size, bool)
    keep[list(batch.reasons)] = False
    rejected = [Rejected(where(i), reason) for i, reason in sorted(batch.reasons.items())]
    return table.filter(pa.array(keep)), rejected


def _explicit(plan: Plan, name: str) -> bool:
    return plan.sources.get(name, Source(())).explicit


def _text(text: pa.Array, batch: _Batch, plan: Plan, options: ReadOptions) -> pa.Array:
    lengths = pc.binary_length(text)
    limits = pc.min_max(lengths)
    least, most = limits["min"].as_py(), limits["max"].as_py()
    if text.null_count:
        name = printable(plan.sources["text"].name, 60) if "text" in plan.sources else "text"
        batch.refuse(text.is_null(), lambda i: f"no text: {name!r} is missing or null")
        text = pc.fill_null(text, "")
    if least == 0:
        batch.refuse(pc.fill_null(pc.equal(lengths, 0), False), lambda i: "empty text")
    if most is not None and most > options.max_document_bytes:
        over = pc.fill_null(pc.greater(lengths, options.max_document_bytes), False)
        batch.refuse(
            over,
            lambda i: (
                f"text of {lengths[i].as_py()} bytes, expected at most {options.max_document_bytes}"
            ),
        )
    return text


def _code(name: str, column: pa.Array, batch: _Batch) -> pa.Array:
    if column.null_count == len(column):
        return column
    bad = pc.match_substring_regex(column, _FORBIDDEN)
    if pc.any(bad).as_py():
        batch.refuse(
            pc.fill_null(bad, False),
            lambda i: f"{name} {printable(column[i].as_py(), 60)!r} holds a control character",
        )
    over = pc.greater(pc.utf8_length(column), LONGEST_CODE)
    if pc.any(over).as_py():
        batch.refuse(
            pc.fill_null(over, False),
            lambda i: (
                f"{name} of {len(column[i].as_py())} characters, expected at most {LONGEST_CODE}"
            ),
        )
    return pc.if_else(pc.equal(column, ""), None, column)


def _date(name: str, column: pa.Array, batch: _Batch, explicit: bool) -> pa.Array:
    found, wrong = seconds(column, numbers=explicit)
    if explicit and pc.any(wrong).as_py():
        batch.refuse(
            wrong,
            lambda i: f"{name} {printable(column[i].as_py(), 40)!r}: a date that is none",
        )
    return found


def _tokens(column: pa.Array, batch: _Batch, explicit: bool) -> pa.Array:
    if not pa.types.is_integer(column.type):
        wrong, counts = pc.is_valid(column), pa.nulls(len(column), pa.int64())
    else:
        fits = pc.and_(pc.greater_equal(column, 0), pc.less(column, LARGEST_COUNT))
        wrong = pc.fill_null(pc.invert(fits), False)
        counts = pc.if_else(fits, column, None).cast(pa.int64())
    if explicit and pc.any(wrong).as_py():
        batch.refuse(
            wrong,
            lambda i: (
                f"tokens {printable(column[i].as_py(), 40)!r}, expected a whole number below 2^53"
            ),
        )
    return counts
