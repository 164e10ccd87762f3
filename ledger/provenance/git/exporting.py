"""`git export`: git-ai notes of what the ledger's tags say of the files in a range of commits.

Only what somebody declared, signed or imported as lines of a session is written; a trailer's hint,
a suspicion and a person are not: an `h_` key says that an editor watched somebody type, and we have
not. A session of ours carries the id of the claim behind it, so that reading it back adds nothing.
A note that somebody else wrote keeps every line it has, and gets ours only where it is silent.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

from ledger.errors import printable
from ledger.log.log import Log
from ledger.provenance.conventions.git_ai import Attestation, Note, Session, format_note
from ledger.provenance.git.added import Added, added_lines
from ledger.provenance.git.commits import NOTES, list_commits, list_notes
from ledger.provenance.git.facts import Noted
from ledger.provenance.git.lines import Lines, Owners, line_ends, lines_of
from ledger.provenance.git.objects import Objects, open_objects
from ledger.provenance.git.read_notes import CLAIM, DEGREE, MOVED, NO_MODEL, attribute, read_note
from ledger.provenance.git.run import find_repository, run_git
from ledger.provenance.git.speaking import Speaker, Speaking
from ledger.provenance.git.write_notes import write_notes

__all__ = ["Exported", "export_commits"]

SCHEMA = "authorship/3.0.0"
_TOOL = "headwater"
_CONVENTIONS = (None, "git_ai", "agent_trace")  # what names lines of a session, or was typed to us
Progress = Callable[[int, int, int], None]


@dataclass
class Exported:
    """Counts of commits by what became of their note; `left` are (commit or path, reason)."""

    commits: int = 0
    written: int = 0
    joined: int = 0
    unchanged: int = 0
    removed: int = 0
    lines: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)


def export_commits(
    log: Log,
    start: Path,
    chosen: str | None = None,
    *,
    dry_run: bool = False,
    progress: Progress = lambda done, total, documents: None,
) -> Exported:
    """Write the notes of the chosen commits, HEAD's by default, into refs/notes/ai.

    The same ledger and history give the same notes. Raises InputError for what is no repository or
    no range, RefusedError without git.
    """
    repository = find_repository(start)
    folder = repository.folder
    commits = list_commits(folder, chosen)
    noted, had = Noted(repository, commits), list_notes(folder, NOTES)
    exported, speaker = Exported(commits=len(commits)), Speaker(log)
    fresh: dict[str, bytes | None] = {}
    with open_objects(folder) as objects:
        unseen = set(commits)
        for place, files in enumerate(added_lines(folder, commits)):
            commit = files[0].commit
            unseen.discard(commit)
            progress(place, len(commits), exported.written)
            ours = _note(commit, files, objects, noted, speaker, exported)
            _settle(commit, ours, objects, had.get(commit), fresh, exported)
        for commit in sorted(unseen):  # merges, and commits that only took away
            _settle(commit, Note(SCHEMA, commit), objects, had.get(commit), fresh, exported)
    if fresh and not dry_run:
        newest = run_git(
            folder, ["log", "-1", "--no-show-signature", "--format=%ct", commits[-1], "--"]
        )
        write_notes(folder, fresh, int(newest))
    return exported


# --- ours


def _note(
    commit: str,
    files: list[Added],
    objects: Objects,
    noted: Noted,
    speaker: Speaker,
    exported: Exported,
) -> Note:
    entries: list[Attestation] = []
    sessions: dict[str, Session] = {}
    for file in files:
        path = _path(file.path)
        blob = objects.read(file.blob.encode()) if file.path else None
        if blob is None or blob.data is None:
            continue
        runs = _runs(file, blob.data, objects, noted, speaker)
        if runs and path is None:
            exported.left.append(
                (printable(file.path.decode(errors="replace")), "no note can hold this name")
            )
            continue
        for said, lines in runs:
            assert path is not None
            claim, moved = said.repeats or said.claim_id, said.again or said.repeats is not None
            name = "s_" + _hex(f"{_TOOL}:{claim}:{said.assistance}:{'moved' if moved else ''}")
            sessions[name] = _session(said, claim, moved)
            trace = "t_" + _hex(f"{name}:{path}")
            entries.append(Attestation(path, f"{name}::{trace}", tuple(lines)))
    return Note(SCHEMA, commit, tuple(entries), sessions)


def _runs(
    file: Added, content: bytes, objects: Objects, noted: Noted, speaker: Speaker
) -> list[tuple[Speaking, list[Lines]]]:
    """The claims to write of a file, and the lines on which each has the last word."""
    ends = line_ends(content)
    owners = Owners(len(ends))
    speaking: list[Speaking] = []
    for older in noted.older(file.commit, file.path, file.blob):
        blob = objects.read(older.encode())
        if blob is None or blob.data is None:
            continue  # collected as garbage since
        for said in filter(_is_written, speaker.again(content, blob.data)):
            lines = [
                line for line in lines_of(ends, said.ranges or ()) if _within(line, file.lines)
            ]
            owners.give(len(speaking), lines)
            speaking.append(said)
    for said in filter(_is_written, speaker.of(content)):
        owners.give(len(speaking), lines_of(ends, said.ranges or ()))
        speaking.append(said)
    found: dict[int, list[Lines]] = {}
    for number, lines_ in owners.runs():
        if number is not None:
            found.setdefault(number, []).append(lines_)
    return [(speaking[number], lines) for number, lines in found.items()]


def _within(line: Lines, added: tuple[Lines, ...]) -> bool:
    """Whether the commit added all of those lines: what it did not is an earlier note's."""
    return any(first <= line[0] and line[1] <= last for first, last in added)


def _is_written(said: Speaking) -> bool:
    return (
        said.assistance in ("A2", "A3", "A4")
        and said.weight is None
        and said.convention in _CONVENTIONS
        and bool(said.ranges)
    )


def _session(said: Speaking, claim: str, moved: bool) -> Session:
    custom = {CLAIM: claim, DEGREE: said.assistance}
    if moved:
        custom[MOVED] = "yes"
    return Session(_TOOL, claim, said.model or NO_MODEL, members={"custom_attributes": custom})


def _path(path: bytes) -> str | None:
    """As a note spells it; None for what it cannot hold."""
    try:
        name = path.decode()
    except UnicodeDecodeError:
        return None
    whole = Note(entries=(Attestation(name, "0" * 16, ((1, 1),)),))
    try:
        format_note(whole)
    except ValueError:
        return None
    return name


def _hex(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:14]


# --- beside what is there


def _settle(
    commit: str,
    ours: Note,
    objects: Objects,
    blob: str | None,
    fresh: dict[str, bytes | None],
    exported: Exported,
) -> None:
    """Decide what the commit's note becomes, and count it."""
    lines = sum(last - first + 1 for entry in ours.entries for first, last in entry.lines)
    if blob is None:
        if ours.entries:
            fresh[commit] = format_note(ours)
            exported.written += 1
            exported.lines += lines
        return
    there = read_note(objects, blob)
    if there.quarantined is not None or there.rejected:
        if ours.entries:
            reason = there.quarantined or f"a file of it: {there.rejected[0][1]}"
            exported.left.append((commit, f"its note cannot be read, and stays: {reason}"))
        return
    foreign = _foreign(there)
    alone = bool(there.sessions) and not (foreign.entries or foreign.sessions or foreign.humans)
    wanted = ours if alone else _joined(foreign, ours)
    if format_note(wanted) == format_note(there):
        exported.unchanged += bool(ours.entries)
    elif alone and not ours.entries:
        fresh[commit] = None
        exported.removed += 1
    else:
        fresh[commit] = format_note(wanted)
        exported.written += alone
        exported.joined += not alone
        exported.lines += lines


def _foreign(note: Note) -> Note:
    """The note without the sessions that bear a claim of ours."""
    ours = {name for name, one in note.sessions.items() if attribute(one, CLAIM) is not None}
    return replace(
        note,
        entries=tuple(e for e in note.entries if e.key.partition("::")[0] not in ours),
        sessions={name: one for name, one in note.sessions.items() if name not in ours},
    )


def _joined(foreign: Note, ours: Note) -> Note:
    """Theirs, and ours on the lines of which they say nothing."""
    taken: dict[str, list[Lines]] = {}
    for entry in foreign.entries:
        taken.setdefault(entry.path, []).extend(entry.lines)
    entries, sessions = list(foreign.entries), dict(foreign.sessions)
    for entry in ours.entries:
        free = _less(entry.lines, sorted(taken.get(entry.path, ())))
        if free:
            entries.append(replace(entry, lines=tuple(free)))
            name = entry.key.partition("::")[0]
            sessions[name] = ours.sessions[name]
    return replace(foreign, entries=tuple(entries), sessions=sessions)


def _less(lines: tuple[Lines, ...], taken: list[Lines]) -> list[Lines]:
    """`lines` without `taken`; both ascending and disjoint."""
    found, ends = [], [end for _, end in taken]
    for first, last in lines:
        at = first
        for begin, end in islice(taken, bisect_left(ends, first), None):
            if begin > last:
                break
            if begin > at:
                found.append((at, begin - 1))
            at = end + 1
        if at <= last:
            found.append((at, last))
    return found
