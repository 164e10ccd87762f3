"""JSON lines: a task a line out; a decision a line back, with `document`, `decision`, `reviewer`
and, if there is one, `reason`.
"""

from collections.abc import Iterable, Iterator

import orjson

from ledger.errors import MalformedError, printable
from ledger.provenance.review.forms import Incoming, Outgoing, decision_of, json_of, text_of
from ledger.provenance.review.tasks import REASONS


class _Jsonl:
    name = "jsonl"
    title = "JSON lines"

    def write(self, tasks: Iterable[Outgoing]) -> bytes:
        rows = (
            {"task": one.task, "document": one.document, "text": one.text, "decision": None}
            for one in tasks
        )
        return b"".join(orjson.dumps(row) + b"\n" for row in rows)

    def read(self, data: bytes, where: str) -> Iterator[Incoming]:
        for number, line in enumerate(data.split(b"\n"), 1):
            if not line.strip():
                continue
            place = f"line {number}"
            row = json_of(line, where, number)
            if not isinstance(row, dict):
                raise MalformedError(where, number, "found no object, expected one")
            if row.get("decision") is None:
                continue  # exported, and not decided
            reason = row.get("reason")
            if reason is not None and reason not in REASONS:
                raise MalformedError(
                    where,
                    number,
                    f"reason: found {printable(repr(reason), 60)}, expected {', '.join(REASONS)}",
                )
            yield Incoming(
                text_of(row.get("document"), "document", where, place),
                decision_of(row["decision"], where, place),
                text_of(row.get("reviewer"), "reviewer", where, place),
                reason,
                place,
            )


FORM = _Jsonl()
