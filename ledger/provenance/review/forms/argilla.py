"""Argilla: a JSON list of records in, the same back with `responses`. The dataset's question is
called `decision`; a response is submitted, or it does not count.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from ledger.errors import MalformedError
from ledger.provenance.review.forms import Incoming, Outgoing, decision_of, json_of, text_of

_QUESTION = "decision"


class _Argilla:
    name = "argilla"
    title = "Argilla"

    def write(self, tasks: Iterable[Outgoing]) -> bytes:
        rows = [
            {
                "id": one.task,
                "fields": {"text": one.text},
                "metadata": {"document": one.document, "task": one.task},
            }
            for one in tasks
        ]
        return orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n"

    def read(self, data: bytes, where: str) -> Iterator[Incoming]:
        found = json_of(data, where)
        if not isinstance(found, list):
            raise MalformedError(where, None, "found no list, expected Argilla's records")
        for number, record in enumerate(found, 1):
            place = f"record {number}"
            known = record.get("metadata") if isinstance(record, dict) else None
            if not isinstance(known, dict):
                raise MalformedError(where, None, f"{place}: found no metadata, expected an object")
            document = text_of(known.get("document"), "document", where, place)
            for value, user in _responses(record.get("responses"), where, place):
                yield Incoming(
                    document,
                    decision_of(value, where, place),
                    text_of(user, "user_id", where, place),
                    None,
                    place,
                )


def _responses(found: Any, where: str, place: str) -> Iterator[tuple[Any, Any]]:
    """(value, user): by question, as release 2 spells them, or a list of all, as release 1 did."""
    if found is None:
        return
    if isinstance(found, dict):
        answers = found.get(_QUESTION) or []
        if not isinstance(answers, list):
            raise MalformedError(where, None, f"{place}: responses: expected a list")
        for answer in answers:
            if not isinstance(answer, dict):
                raise MalformedError(where, None, f"{place}: found no response, expected an object")
            if answer.get("status") in (None, "submitted"):
                yield answer.get("value"), answer.get("user_id")
        return
    if not isinstance(found, list):
        raise MalformedError(where, None, f"{place}: responses: expected a list or an object")
    for answer in found:
        if not isinstance(answer, Mapping):
            raise MalformedError(where, None, f"{place}: found no response, expected an object")
        if answer.get("status") not in (None, "submitted"):
            continue
        values = answer.get("values")
        asked = values.get(_QUESTION) if isinstance(values, Mapping) else None
        if isinstance(asked, Mapping):
            yield asked.get("value"), answer.get("user_id")


FORM = _Argilla()
