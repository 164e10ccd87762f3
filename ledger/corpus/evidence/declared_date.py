"""Somebody says when the input existed, and why they say so. Always asserted: nothing checks it."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ledger.corpus.evidence import BY_NAME, Evidence, Reading
from ledger.corpus.evidence._proofs import check_settings
from ledger.corpus.evidence._subject import Subject
from ledger.errors import InputError, printable

__all__ = ["EVIDENCE"]

_DATE = re.compile(r"([12][0-9]{3})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_LONGEST = 2000  # characters of a reason
_DAY = 86_400


class _DeclaredDate:
    name = "declared_date"
    version = 1
    proof_setting = None
    pins = ()

    def check(
        self,
        path: Path,
        settings: Mapping[str, str],
        base: Path = Path(),
        reading: Reading = BY_NAME,
    ) -> Evidence:
        """Settings: `date` (a year, month or day; the date is the end of it, UTC), `because`, and
        `issuer` (who says so). The reason is stored, the claim holds its digest.

        Raises InputError for a date that is none or a missing reason.
        """
        check_settings(self.name, settings, ("because", "date", "issuer"))
        existed_by = _end_of(settings.get("date", ""))
        because = settings.get("because", "").strip()
        if not because or len(because) > _LONGEST:
            raise InputError(
                f"{self.name} evidence with a reason of {len(because)} characters, "
                f"expected 1 to {_LONGEST}",
                hint='because = "how you know", in the [[evidence]] table',
            )
        found = Subject(path, reading).all
        date, documents = found.dates(existed_by)
        reason = because.encode()
        return Evidence(
            type=self.name,
            binding="exact_bytes",
            outcome="asserted",
            checker=f"{self.name}/{self.version}",
            detail=f"declared to have existed in {settings['date']}{found.words}, not checked: "
            + printable(because, 120),
            existed_by=date,
            issuer=settings.get("issuer"),
            response_digest=sha256(reason).digest(),
            response=reason,
            documents=documents,
        )


def _end_of(text: str) -> int:
    """The last second of the period. Raises InputError."""
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        year, month = int(match[1]), int(match[2] or 12)
        day = int(match[3] or monthrange(year, month)[1] if 1 <= month <= 12 else 0)
        start = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        raise InputError(
            f"{printable(text, 40)!r}: a date that is none, expected 2019, 2019-05 or 2019-05-01",
            hint='date = "2019-05" in the [[evidence]] table',
        ) from None
    return int(start.timestamp()) + _DAY - 1


EVIDENCE = _DeclaredDate()
