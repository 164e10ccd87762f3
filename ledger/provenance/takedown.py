"""Takes a document down: it stays recorded, and nothing sealed or selected from now on has it."""

from hashlib import sha256
from typing import get_args

from ledger.claims import Takedown
from ledger.errors import UnknownNameError
from ledger.log.log import Log
from ledger.log.record import Claim, Recorded, record

__all__ = ["REASONS", "take_down"]

REASONS: tuple[str, ...] = get_args(Takedown.model_fields["reason"].annotation)


def take_down(log: Log, document: str, reason: str, because: str | None = None) -> Recorded:
    """Record that `document` (its subject in the log) is taken down.

    `because` says it in words; they go to the vault, since they may be personal. Raises
    UnknownNameError for a reason that is none, and what appending raises.
    """
    if reason not in REASONS:
        raise UnknownNameError("reason", reason, REASONS)
    words = None if because is None else because.encode()
    body = Takedown.model_validate(
        {"reason": reason}
        | ({} if words is None else {"because": f"sha256:{sha256(words).hexdigest()}"})
    )
    attachments = () if words is None else (words,)
    (recorded,) = record(log, [Claim("takedown", document, body)], attachments=attachments)
    return recorded
