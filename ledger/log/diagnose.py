"""Says where a ledger is wrong, once verifying has failed: the most basic place comes first.

Verifying reads everything in one pass, so what fails first may be a consequence: a dropped batch
shows as a projection that is too long. Here each layer is checked alone, from the bottom up.
"""

from collections.abc import Callable

from ledger.errors import BrokenChainError, LedgerError, VerificationError
from ledger.log.decode import decode
from ledger.log.log import Log
from ledger.log.notes import Verifier
from ledger.log.walk import Head, walk

__all__ = ["diagnose"]

_CHUNK = 16 * 256
Who = Callable[[Log], tuple[str, list[Verifier], bool]]


def diagnose(log: Log, who: Who, error: Exception) -> Exception:
    """The error that names the place; `error` itself if nothing below it is wrong."""
    for look in (_text, lambda log: _authority(log, who), _entries):
        log.database.begin_read(log.connection)
        try:
            look(log)
        except VerificationError as found:
            return found
        except Exception:  # a consequence, or a bug: `error` is the first sight of it
            return error
        finally:
            log.database.rollback(log.connection)
    return error


def _text(log: Log) -> None:
    place = log.database.undecodable(log.connection)
    if place is not None:
        raise BrokenChainError(f"{place}: text is not UTF-8")


def _authority(log: Log, who: Who) -> None:
    """The authority tables alone; their checkpoints too if the log can say whose they are."""
    try:
        name, verifiers, _ = who(log)
    except LedgerError:
        for _ in walk(log.connection, "", None, Head()):
            pass
        raise
    for _ in walk(log.connection, name, verifiers, Head()):
        pass


def _entries(log: Log) -> None:
    """The log's own projection alone, on which every other check relies."""
    size = log.size
    check = log.projections[0].check(log.connection, log.store, size)
    for first, entries in log.store.chunks(0, size, _CHUNK):
        end = first + len(entries)
        check.feed(decode(range(first, end), entries), check.fetch(log.connection, first, end))
    check.finish(size)
