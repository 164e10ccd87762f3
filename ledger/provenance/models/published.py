"""How much of what an organisation published is declared AI, year by year. Counts what was said."""

from dataclasses import dataclass

from ledger.log.log import Log
from ledger.provenance.documents import find_dataset
from ledger.provenance.facts import FLAGS

__all__ = ["Published", "published"]

_AI = FLAGS["declared_ai"]
_HUMAN = FLAGS["declared_human"] | FLAGS["attested"]
_FAR = 1 << 62


@dataclass(frozen=True)
class Published:
    """Distinct documents of a year, None where no date is known, and their bytes.

    `declared_bytes` are those of the spans that are declared A2 to A4; without spans the whole
    document. `without_ai` were declared A0 or A1 as a whole, and not AI as well.
    """

    year: int | None
    documents: int
    bytes: int
    declared: int
    declared_bytes: int
    without_ai: int

    @property
    def silent(self) -> int:
        """Documents of which nobody said either."""
        return self.documents - self.declared - self.without_ai


def published(log: Log, dataset: str) -> list[Published]:
    """A dataset by year, unknown ones last: of the least checked date of any level, else the least
    asserted one, else of when it was collected. Raises UnknownNameError, InputError.
    """
    number = find_dataset(log.connection, dataset)
    rows = log.connection.execute(
        f"SELECT CAST(strftime('%Y', {_WHEN}, 'unixepoch') AS INTEGER) AS year, count(*), "
        f"sum(m.bytes), sum(p.flags & {_AI} <> 0), "
        f"sum(CASE WHEN p.flags & {_AI} THEN m.bytes * ifnull(p.ai_ppm, 1000000) / 1000000 "
        f"ELSE 0 END), sum(p.flags & {_AI} = 0 AND p.flags & {_HUMAN} <> 0) "
        "FROM member AS m JOIN fact AS f ON f.document = m.document "
        "JOIN profile AS p ON p.id = f.profile WHERE m.dataset = ? "
        "GROUP BY year ORDER BY year IS NULL, year",
        (number,),
    ).fetchall()
    return [Published(*row) for row in rows]


def _least(how: str) -> str:
    dates = ", ".join(f"ifnull(p.{how}_e{level}, {_FAR})" for level in range(6))
    return f"nullif(min({dates}), {_FAR})"


_WHEN = f"coalesce({_least('checked')}, {_least('asserted')}, m.collected_at)"
