"""Any vendor's results with a column for the score: whoever imports says which."""

from collections.abc import Mapping
from typing import Any

from ledger.verdicts.imported.forms import Result, share, short

__all__ = ["FORM"]


class Columns:
    """The score's column is the detector's name, so that two scores of a vendor stay apart."""

    name = "columns"
    vendor = None

    def parse(self, record: Mapping[str, Any], columns: Mapping[str, str]) -> Result | None:
        score = columns.get("score", "score")
        value = record[score]
        if value is None or value == "":
            return None
        stated = short(record.get(columns.get("stated", "stated")))
        version = short(record.get(columns.get("version", "version")))
        return Result(share(value, score), short(score) or "score", stated, version)


FORM = Columns()
