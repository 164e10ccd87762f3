"""Pangram's results: `fraction_ai` of the text, or in older releases one `ai_likelihood`.

Source: the fields that its client's documentation shows (pypi.org/project/pangram-sdk, 0.1 to 0.2;
pangram.readthedocs.io). A text that is partly AI-assisted counts by its `fraction_ai` alone.
"""

from collections.abc import Mapping
from typing import Any

from ledger.verdicts.imported.forms import Result, share, short

__all__ = ["FORM"]

_STATED = ("prediction_short", "prediction", "headline")


class Pangram:
    """`detector` says which of the two numbers it is: they mean different things."""

    name = "pangram"
    vendor = "pangram"

    def parse(self, record: Mapping[str, Any], columns: Mapping[str, str]) -> Result | None:
        if record.get("stage", "STAGE_SUCCESS") != "STAGE_SUCCESS":
            return None
        number = "fraction_ai" if "fraction_ai" in record else "ai_likelihood"
        stated = next((short(record[name]) for name in _STATED if short(record.get(name))), None)
        version = short(record.get("version"))
        return Result(share(record[number], number), number, stated, version)


FORM = Pangram()
