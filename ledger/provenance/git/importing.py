"""`git import`: notes and trailers of a range of commits into a ledger. Idempotent.

Notes first: they say which lines, so what they say explains the trailers of the same commits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ledger.errors import RefusedError
from ledger.log.canonical import encode
from ledger.log.log import Log
from ledger.log.record import OPERATOR, live
from ledger.provenance import notes as uploads
from ledger.provenance.conventions.git_ai import Note, parse_note
from ledger.provenance.git.commits import NOTES, list_commits, list_notes
from ledger.provenance.git.objects import Objects, open_objects
from ledger.provenance.git.read_notes import FromNote, read_note, tags_of
from ledger.provenance.git.read_trailers import disclosures_of, tags_of_trailers
from ledger.provenance.git.run import find_repository
from ledger.provenance.tags.drain import record_tags
from ledger.provenance.tags.make import Tag

__all__ = ["Imported", "Quarantined", "import_commits"]

_BATCH = 500  # tags
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Quarantined:
    """A note, or a file of one (`path`), that was not read. `note` is the digest of its bytes."""

    commit: str
    note: str
    path: str | None
    reason: str


@dataclass
class Imported:
    """Counts of commits and claims, and what was set aside."""

    commits: int = 0
    notes: int = 0
    trailers: int = 0
    explained: int = 0
    no_text: int = 0
    new: int = 0
    again: int = 0
    withdrawn: int = 0
    quarantined: list[Quarantined] = field(default_factory=list)


class _Recorder:
    """Records tags in batches, each once; one that was withdrawn stays so."""

    def __init__(self, log: Log, imported: Imported) -> None:
        self._log, self._imported = log, imported
        self._waiting: dict[str, Tag] = {}
        self._done: set[str] = set()

    def add(self, tag: Tag, claims: frozenset[str] = frozenset()) -> None:
        """Record `tag`, unless a live claim of `claims` about the same text says it already."""
        if tag.claim_id in self._done or tag.claim_id in self._waiting:
            return
        about = [(index, self._log.entry(index)) for index in self._log.find(tag.subject)]
        alive = {entry.claim_id for _, entry in live(about) if entry.kind == "authorship"}
        if alive & (claims | {tag.claim_id}):
            self._imported.again += 1
            self._done.add(tag.claim_id)
        elif any(entry.claim_id == tag.claim_id and entry.actor == OPERATOR for _, entry in about):
            self._imported.withdrawn += 1
            self._done.add(tag.claim_id)
        else:
            self._waiting[tag.claim_id] = tag
            if len(self._waiting) >= _BATCH:
                self.flush()

    def flush(self) -> None:
        if self._waiting:
            record_tags(self._log, list(self._waiting.values()))
            self._imported.new += len(self._waiting)
            self._done.update(self._waiting)
            self._waiting.clear()

    def explained(self, content: bytes) -> bool:
        """Whether a live claim says, of this very text, that AI had part in it, and no trailer."""
        digest = f"sha256:{sha256(content).hexdigest()}"
        about = [(index, self._log.entry(index)) for index in self._log.find(digest)]
        return any(
            entry.kind == "authorship"
            and entry.body["assistance"] in ("A1", "A2", "A3", "A4")
            and entry.body.get("convention") != "trailer"
            for _, entry in live(about)
        )


def import_commits(
    log: Log,
    start: Path,
    chosen: str | None = None,
    *,
    notes: bool = True,
    trailers: bool = True,
    progress: Progress = lambda done, total, documents: None,
) -> Imported:
    """Record what the notes and trailers of the chosen commits say of the texts in them.

    `chosen` is a range as git takes it, HEAD by default. Raises InputError for what is no
    repository or no range, RefusedError without git, and what `Log.append` raises.
    """
    folder = find_repository(start).folder
    commits = list_commits(folder, chosen)
    imported = Imported(commits=len(commits))
    recorder = _Recorder(log, imported)
    with open_objects(folder) as objects:
        if notes:
            _notes(log, objects, folder, commits, recorder, imported, progress)
        if trailers:
            _trailers(objects, folder, commits, recorder, imported, progress)
    if log.vault is not None and imported.quarantined:
        log.vault.keep([_kept(item) for item in imported.quarantined])
    return imported


def _notes(
    log: Log,
    objects: Objects,
    folder: Path,
    commits: list[str],
    recorder: _Recorder,
    imported: Imported,
    progress: Progress,
) -> None:
    noted, uploaded = list_notes(folder, NOTES), set(uploads.note_commits(log))
    having = [commit for commit in commits if commit in noted or commit in uploaded]
    imported.notes = len(having)
    for place, commit in enumerate(having):
        progress(place, len(having), imported.new)
        for note in _notes_of(log, objects, commit, noted.get(commit), commit in uploaded):
            _one(objects, commit, note, recorder, imported)
    recorder.flush()


def _notes_of(
    log: Log, objects: Objects, commit: str, blob: str | None, uploaded: bool
) -> Iterator[Note]:
    """The commit's note in the repository, and the one that an agent uploaded, if it is another."""
    first = None if blob is None else read_note(objects, blob)
    if first is not None:
        yield first
    if uploaded:
        try:
            data = uploads.read_note(log, commit)
        except RefusedError as error:  # the vault withholds it
            yield Note(quarantined=str(error))
            return
        second = parse_note(data or b"", commit[:12])
        if first is None or second.digest != first.digest:
            yield second


def _one(
    objects: Objects, commit: str, note: Note, recorder: _Recorder, imported: Imported
) -> None:
    if note.quarantined is not None:
        imported.quarantined.append(Quarantined(commit, note.digest, None, note.quarantined))
        return
    for found in tags_of(objects, commit, note):
        if isinstance(found, FromNote):
            recorder.add(found.tag, found.claims)
        else:
            imported.quarantined.append(Quarantined(commit, note.digest, *found))


def _trailers(
    objects: Objects,
    folder: Path,
    commits: list[str],
    recorder: _Recorder,
    imported: Imported,
    progress: Progress,
) -> None:
    said = {}
    for place, commit in enumerate(commits):
        progress(place, len(commits), imported.new)
        if disclosed := disclosures_of(objects, commit):
            said[commit] = disclosed
    imported.trailers = len(said)
    if not said:
        return
    for found in tags_of_trailers(folder, objects, said, recorder.explained):
        imported.explained += found.explained
        imported.no_text += found.rejected
        for tag in found.tags:
            recorder.add(tag)
    recorder.flush()


def _kept(item: Quarantined) -> bytes:
    """What the vault keeps of a note that was not read: canonical JSON, no text of the note."""
    said = {"commit": item.commit, "note": item.note, "path": item.path, "reason": item.reason}
    return encode(
        {"quarantined_note": {name: value for name, value in said.items() if value is not None}}
    )
