"""Agent Trace records (application/vnd.agent-trace.record+json, 0.1): lines of files by agents.

    {"version": "0.1.0", "id": UUID, "timestamp": RFC 3339, "files": [{"path": …,
     "conversations": [{"contributor": {"type": "ai", "model_id": "provider/name"},
                        "ranges": [{"start_line": 1, "end_line": 9}]}]}]}

A range's own contributor goes before its conversation's. `content_hash` is 32 bits, no evidence,
and not looked at. One record a file, or one a line. Lines that nothing names are unknown.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson

from ledger.errors import InputError, printable
from ledger.provenance.conventions import MAX_DISCLOSURES, Disclosure, Lines, bounded, short
from ledger.provenance.vocabularies.agent_trace import VOCABULARY

__all__ = ["CONVENTION", "format_record"]

_NAME = "agent_trace"
_VERSION = re.compile(r"0\.1(\.[0-9]{1,6})?")
_LAST_LINE = 10**9
_MODEL = 250  # characters of a model_id


class _AgentTrace:
    name = _NAME
    suffixes = ()
    of_files = False

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        """What records say, file by file; a record of another version is set aside."""
        found: list[Disclosure] = []
        for number, record in _records(bounded(content, where)):
            place = f"{where}:{number}"
            for one in _record(record, place):
                found.append(one)
                if len(found) >= MAX_DISCLOSURES:
                    return [_nothing(where, f"over {MAX_DISCLOSURES} ranges: not read")]
        return found


def format_record(
    disclosures: Iterable[Disclosure], record_id: UUID, at: int, revision: str | None = None
) -> bytes:
    """One record of disclosures that name a `path` and `lines`; AX is left out.

    `at`: Unix time. `revision`: of git. Raises InputError for one without a file or its lines.
    """
    files: dict[str, list[dict[str, Any]]] = {}
    for one in disclosures:
        if one.assistance == "AX":
            continue
        if one.path is None or not one.lines:
            raise InputError("a disclosure of no file's lines; Agent Trace has no other")
        contributor: dict[str, Any] = {"type": VOCABULARY.said[one.assistance]}
        if one.model is not None:
            contributor["model_id"] = one.model[:_MODEL]
        ranges = [{"end_line": last, "start_line": first} for first, last in one.lines]
        conversation = {"contributor": contributor, "ranges": ranges}
        files.setdefault(one.path, []).append(conversation)
    record: dict[str, Any] = {
        "files": [{"conversations": files[path], "path": path} for path in sorted(files)],
        "id": str(record_id),
        "timestamp": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "version": "0.1.0",
    }
    if revision is not None:
        record["vcs"] = {"revision": revision, "type": "git"}
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS) + b"\n"


def _records(content: bytes) -> Iterator[tuple[int, Any]]:
    """(line, record or the reason why it is none)."""
    try:
        value = orjson.loads(content)
        yield from ((1, one) for one in (value if isinstance(value, list) else [value]))
        return
    except orjson.JSONDecodeError as error:
        if b"\n" not in content.strip():
            yield 1, str(error)
            return
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield number, str(error)
                return


def _record(record: Any, where: str) -> Iterator[Disclosure]:
    if not isinstance(record, dict):
        why = record if isinstance(record, str) else "no JSON object"
        yield _nothing(where, f"no record: {printable(why, 80)}")
        return
    version = record.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        yield _nothing(where, f"version {printable(version, 40)}, expected 0.1")
        return
    files = record.get("files")
    at = _seconds(record.get("timestamp"))
    for one in files if isinstance(files, list) else ():
        path = one.get("path") if isinstance(one, dict) else None
        if not isinstance(path, str) or not path or "\0" in path:
            yield _nothing(where, "a file without a path")
            continue
        try:
            found = list(_file(one, path, where, at))
        except ValueError as error:
            yield _nothing(where, str(error), path)
        else:
            yield from found


def _file(file: dict[str, Any], path: str, where: str, at: int | None) -> Iterator[Disclosure]:
    """One per contributor of each conversation. Raises ValueError: the file says nothing then."""
    for conversation in _list(file.get("conversations"), "conversations"):
        if not isinstance(conversation, dict):
            raise ValueError("a conversation that is no object")
        by: dict[tuple[str, str | None], list[Lines]] = {}
        default = conversation.get("contributor")
        for span in _list(conversation.get("ranges"), "ranges"):
            if not isinstance(span, dict):
                raise ValueError("a range that is no object")
            first, last = span.get("start_line"), span.get("end_line")
            if type(first) is not int or type(last) is not int:
                raise ValueError("a range without start_line and end_line")
            if not 1 <= first <= last <= _LAST_LINE:
                raise ValueError(f"lines {first} to {last}")
            by.setdefault(_contributor(span.get("contributor", default)), []).append((first, last))
        for (degree, model), lines in by.items():
            lines.sort()
            if any(a[1] >= b[0] for a, b in pairwise(lines)):
                raise ValueError("lines given twice")
            note = "contributor unknown" if degree == "AX" else None
            yield Disclosure(
                _NAME, degree, model, at=at, where=where, note=note, path=path, lines=tuple(lines)
            )


def _contributor(value: Any) -> tuple[str, str | None]:
    if not isinstance(value, dict):
        return "AX", None
    kind = value.get("type")
    read = VOCABULARY.read(kind) if isinstance(kind, str) else None
    if read is None:
        raise ValueError(f"contributor type {printable(kind, 40)}")
    degree = read.assistance
    return degree, None if degree in ("A0", "AX") else short(value.get("model_id"))


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name}: no list")
    return value


def _seconds(value: Any) -> int | None:
    try:
        found = datetime.fromisoformat(value[:40])
        return int(found.timestamp()) if found.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


def _nothing(where: str, note: str, path: str | None = None) -> Disclosure:
    return Disclosure(_NAME, "AX", where=where, note=note, path=path)


CONVENTION = _AgentTrace()
