"""evidence.jsonl of a seal: every date that a row has stands in a line, and every line is used.

One canonical JSON object a line, in the order of their bytes. A line's `documents` is how many rows
were dated by it; the proof it names lies in proofs/. A date that the source itself gives a text is
asserted and has no line.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import encode, parse_digest
from ledger.reserves.opening.members import Members
from ledger.reserves.selection.dating import OWN_DATE

__all__ = ["check_evidence"]

Date = tuple[str, int, str, int]  # type, level, outcome, existed_by


def check_evidence(data: bytes, members: Members, proofs: Collection[str], where: str) -> None:
    """Check the lines against the rows and against the hex names in proofs/.

    Raises VerificationError naming the line, or the date that no line has.
    """
    lines: Counter[Date] = Counter()
    named: set[str] = set()
    for number, line in _lines(data, where):
        place = f"{where}:{number}"
        lines[_date(line, members, place)] += line["documents"]
        if "proof" in line:
            named.add(str(line["proof"]).removeprefix("sha256:"))
    _compare(lines, members, where)
    for digest in sorted(named.symmetric_difference(proofs))[:1]:
        found = "no line names it" if digest in proofs else "it is not there"
        raise VerificationError(f"{where}: proof {digest}: {found}")


def _lines(data: bytes, where: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if not data:
        return
    if not data.endswith(b"\n"):
        raise VerificationError(f"{where}: its last line has no end")
    last = b""
    for number, raw in enumerate(data[:-1].split(b"\n"), 1):
        try:
            line = orjson.loads(raw)
            if not isinstance(line, dict) or encode(line) != raw:
                raise ValueError("another spelling")
        except (InputError, ValueError) as error:
            raise VerificationError(
                f"{where}:{number}: not a canonical JSON object: {printable(error)}"
            ) from error
        if raw <= last:
            raise VerificationError(f"{where}:{number}: expected distinct lines in order")
        last = raw
        yield number, line


def _date(line: Mapping[str, Any], members: Members, where: str) -> Date:
    """What a line dates by. It is about a file, or about one of the documents."""
    try:
        about = parse_digest(line["about"])
        date = (line["type"], line["level"], line["outcome"], line["existed_by"])
        kinds = tuple(map(type, date))
        if kinds != (str, int, str, int) or line["documents"] < 1:
            raise ValueError("a date is type, level, outcome and existed_by, of documents")
        if line["about_kind"] not in ("file", "document"):
            raise ValueError("about_kind is neither file nor document")
    except (InputError, KeyError, TypeError, ValueError) as error:
        raise VerificationError(f"{where}: not evidence: {printable(error)}") from error
    if line["about_kind"] == "document" and not members.has(about):
        raise VerificationError(f"{where}: about {about.hex()}, which is not among the documents")
    return date


def _compare(lines: "Counter[Date]", members: Members, where: str) -> None:
    """Rows and lines count the same documents by the same dates."""
    rows: Counter[Date] = Counter()
    place = {name: members.keys.index(name) for name in ("evidence", "level", "standing")}
    for code, key in enumerate(members.kinds):
        if key[place["evidence"]] in (None, OWN_DATE):
            continue
        kind = key[place["evidence"]], key[place["level"]], key[place["standing"]]
        dates, counts = np.unique(members.existed_by[members.codes == code], return_counts=True)
        for date, count in zip(dates.tolist(), counts.tolist(), strict=True):
            rows[*kind, date] += count
    for date in sorted({*rows, *lines}):
        if rows[date] != lines[date]:
            raise VerificationError(
                f"{where}: E{date[1]} by {printable(date[0])}, {date[2]}, existed by {date[3]}: "
                f"of {lines[date]} documents, {rows[date]} rows have that date"
            )
