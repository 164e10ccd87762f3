"""GPTZero's results: the probability of the class `ai`, or in older releases one probability.

Source: the fields that its clients show (github.com/GPTZero/gptzero-js; the R package gptzeror).
A response lists its documents; each record here is one document, alone or in such a list.
"""

from collections.abc import Mapping
from typing import Any

from ledger.verdicts.imported.forms import Result, share, short

__all__ = ["FORM"]

_STATED = ("predicted_class", "document_classification", "result_message")


class GPTZero:
    """`detector` says which of the two numbers it is."""

    name = "gptzero"
    vendor = "gptzero"

    def parse(self, record: Mapping[str, Any], columns: Mapping[str, str]) -> Result | None:
        version = short(record.get("version"))
        listed = record.get("documents")
        if listed is not None:
            if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
                raise ValueError("documents: expected a list of one object")
            record = listed[0]
        classes = record.get("class_probabilities")
        if classes is not None and not isinstance(classes, dict):
            raise ValueError("class_probabilities: expected an object")
        number = "completely_generated_prob" if classes is None else "class_probabilities.ai"
        value = record["completely_generated_prob"] if classes is None else classes["ai"]
        stated = next((short(record[name]) for name in _STATED if short(record.get(name))), None)
        version = version or short(record.get("version"))
        return Result(share(value, number), number, stated, version)


FORM = GPTZero()
