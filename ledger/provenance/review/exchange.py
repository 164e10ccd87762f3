"""Tasks for another program, and what people decided in it.

Decisions that come back are recorded without a signature, each with the name of the program: they
are counted in statistics and make no fact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.claims import Review
from ledger.corpus.atomic import whole_file
from ledger.errors import InputError, MalformedError, RefusedError, UnknownNameError, printable
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.log.vault import commit, scope_of
from ledger.provenance.documents import find_dataset
from ledger.provenance.review.forms import MOST_ROWS, Form, Incoming, Outgoing, forms
from ledger.provenance.review.queue import Queue, among
from ledger.provenance.review.tasks import Task
from ledger.provenance.review.text import document_text

__all__ = ["Exported", "Imported", "export_tasks", "find_form", "import_decisions", "write_export"]

LONGEST_FILE = 64 << 20
_FIELD = "reviewer"
_NOWHERE = bytes(32)


@dataclass(frozen=True)
class Exported:
    """`data` is the file with `tasks` in it; the text of `unread` others was not to be found."""

    data: bytes
    tasks: int
    unread: int


@dataclass(frozen=True)
class Imported:
    """`rows` decisions by `reviewers` people, of which `new` were not recorded before."""

    rows: int
    reviewers: int
    new: int


def find_form(name: str) -> Form:
    """The form of a program, by its name, `-` for `_`. Raises UnknownNameError."""
    known = forms()
    found = known.get(name.replace("-", "_"))
    if found is None:
        raise UnknownNameError("form", name, [one.replace("_", "-") for one in known])
    return found


def export_tasks(
    log: Log, queue: Queue, form: Form, limit: int, roots: Sequence[Path] = ()
) -> Exported:
    """The first `limit` tasks that wait, with their texts, as a program reads them.

    Why a document is asked about is not in the file. Raises InputError where no text is found.
    """
    waiting = queue.waiting[:limit]
    unread: list[str] = []

    def found() -> Iterator[Outgoing]:
        for one in waiting:
            try:
                text = document_text(log, one.task.document, roots).text
            except RefusedError as error:
                unread.append(str(error))
                continue
            yield Outgoing(one.task.identity, one.task.document, text)

    data = form.write(list(found()))
    if waiting and len(unread) == len(waiting):
        raise InputError(unread[0], hint="--root DIR names the folder that the files lie below now")
    return Exported(data, len(waiting) - len(unread), len(unread))


def import_decisions(log: Log, queue: Queue, form: Form, path: Path) -> Imported:
    """Record the decisions in a program's file about documents of the queue's dataset.

    The same file again records nothing new. Raises InputError or MalformedError for the file and
    for a document that the dataset does not hold, and what appending raises.
    """
    rows = _rows(form, path)
    tasks = {one.task.document: one.task for one in queue.queued}
    names = _pseudonyms(log, form, sorted({row.reviewer for row in rows}))
    claims = []
    for row in rows:
        task = tasks.get(row.document) or _complaint(log, queue, row, path)
        body = Review.model_validate(
            {
                "task": task.identity,
                "reviewer": names[row.reviewer],
                "mode": task.mode,
                "stage": "blind",
                "decision": row.decision,
                "reason": row.reason or "other",
                "draw": task.draw,
                "inclusion_ppb": task.inclusion_ppb,
                "tool": form.name,
            }
        )
        claims.append(Claim("review", task.document, body))
    drawn = any(task.mode == "audit" for task in map(tasks.get, {r.document for r in rows}) if task)
    recorded = record(log, claims, attachments=[queue.drawn.data] if drawn else [])
    return Imported(len(rows), len(names), sum(one.new for one in recorded))


def _rows(form: Form, path: Path) -> list[Incoming]:
    try:
        with open(path, "rb") as file:
            data = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{printable(path)}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > LONGEST_FILE:
        raise MalformedError(path, None, f"over {LONGEST_FILE:,} bytes, expected decisions")
    rows: list[Incoming] = []
    for row in form.read(data, str(path)):
        if len(rows) == MOST_ROWS:
            raise MalformedError(path, None, f"over {MOST_ROWS:,} decisions, expected fewer")
        rows.append(row)
    if not rows:
        raise MalformedError(path, None, "found no decision, expected at least 1")
    return rows


def _complaint(log: Log, queue: Queue, row: Incoming, path: Path) -> Task:
    try:
        digest = parse_digest(row.document)
    except InputError as error:
        raise MalformedError(path, None, f"{row.place}: document: {error}") from None
    if digest not in among(log, find_dataset(log.connection, queue.dataset), [digest]):
        raise MalformedError(
            path, None, f"{row.place}: {row.document} is no document of {queue.dataset}"
        )
    return Task(row.document, "complaint")


def _pseudonyms(log: Log, form: Form, names: Sequence[str]) -> dict[str, str]:
    """A name in a program → a commitment to it: the same for the same name in one ledger."""
    if log.vault is None:
        raise RefusedError(f"{log.location}: opened for reading, expected for writing")
    scopes = {name: scope_of("reviewer", f"{form.name}\0{name}") for name in names}
    keys = log.vault.ensure_keys(list(scopes.values()))
    place = (_NOWHERE, 0, 0)
    found = {}
    for name, scope in scopes.items():
        made = commit(keys[scope], _FIELD, sha256(scope).digest(), place, name)
        found[name] = f"sha256:{made.hex()}"
    return found


def write_export(path: Path, exported: Exported) -> None:
    """Write the file whole, for its owner's eyes: it holds texts. Raises StorageError."""
    with whole_file(path) as file:
        file.write(exported.data)
