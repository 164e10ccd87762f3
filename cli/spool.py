"""Tags that wait in a spool enter the ledger with the first command that opens it.

Whatever is wrong with a receipt, or with recording it, never blocks the command itself.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import printable

from .failures import explain

if TYPE_CHECKING:
    from .output import Output

__all__ = ["drain_spools"]


def drain_spools(out: "Output", location: str) -> None:
    """Record what waits here, in this repository's spool and in the config folder's."""
    from ledger.databases import database_for
    from ledger.log.keys import config_folder
    from ledger.provenance.tags.spool import spool_folder, waiting

    folders = dict.fromkeys((spool_folder(Path.cwd()), config_folder() / "spool"))
    for folder in folders:
        count = len(waiting(folder))
        if not count:
            continue
        try:
            if database_for(location).exists(location):
                _drain(out, location, folder)
        except Exception as error:
            failure = explain(error)
            if failure is None:
                raise
            left = len(waiting(folder))
            out.say(f"tags that wait in {printable(folder)}: {left:,}; {failure.message}")


def _drain(out: "Output", location: str, folder: Path) -> None:
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.tags.drain import drain

    with open_ledger(location, write=True) as log:
        drained = drain(log, folder)
    if drained.new:
        out.say(f"recorded {drained.new:,} tag{'' if drained.new == 1 else 's'} that waited")
    for path, reason in drained.aside:
        out.warn(f"set aside a tag that no ledger can record: {path}: {reason}")
    for note in drained.notes:
        out.warn(note)
