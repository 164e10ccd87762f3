"""Label Studio: a JSON list of tasks in, its JSON export back (one element a task, with its
`annotations`, whose `completed_by` is a number or a user). The labelling interface has one
`<Choices>` with the decisions.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from ledger.errors import MalformedError
from ledger.provenance.review.forms import Incoming, Outgoing, decision_of, json_of, text_of

_USER = ("email", "username", "id")


class _LabelStudio:
    name = "label_studio"
    title = "Label Studio"

    def write(self, tasks: Iterable[Outgoing]) -> bytes:
        rows = [
            {"data": {"text": one.text, "document": one.document, "task": one.task}}
            for one in tasks
        ]
        return orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n"

    def read(self, data: bytes, where: str) -> Iterator[Incoming]:
        found = json_of(data, where)
        if not isinstance(found, list):
            raise MalformedError(where, None, "found no list, expected Label Studio's JSON export")
        for number, task in enumerate(found, 1):
            place = f"task {number}"
            given = task.get("data") if isinstance(task, dict) else None
            if not isinstance(given, dict):
                raise MalformedError(where, None, f"{place}: found no data, expected an object")
            document = text_of(given.get("document"), "document", where, place)
            annotations = task.get("annotations") or []
            if not isinstance(annotations, list):
                raise MalformedError(where, None, f"{place}: annotations: expected a list")
            for annotation in annotations:
                if not isinstance(annotation, dict):
                    raise MalformedError(where, None, f"{place}: found no annotation, expected one")
                decision = _choice(annotation)
                if decision is None or annotation.get("was_cancelled"):
                    continue  # skipped
                yield Incoming(
                    document,
                    decision_of(decision, where, place),
                    text_of(_user(annotation), "completed_by", where, place),
                    None,
                    place,
                )


def _choice(annotation: Mapping[str, Any]) -> Any:
    """The first choice that was made, or None."""
    results = annotation.get("result")
    for result in results if isinstance(results, list) else []:
        value = result.get("value") if isinstance(result, dict) else None
        choices = value.get("choices") if isinstance(value, dict) else None
        if isinstance(choices, list) and choices:
            return choices[0]
    return None


def _user(annotation: Mapping[str, Any]) -> Any:
    by = annotation.get("completed_by")
    if isinstance(by, dict):
        return next((by[name] for name in _USER if by.get(name) is not None), None)
    return by


FORM = _LabelStudio()
