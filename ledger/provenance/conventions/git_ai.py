"""git-ai authorship logs, `authorship/3.*`: the text of a note in refs/notes/ai. Knows no git.

    path/one.md                       a file, quoted where its name holds white space
      s_<id>::t_<id> 1-10,15          a session's lines; from 1, both ends included
      h_<id> 20-31                    lines that a person was observed typing
      <16 hex> 40                     an older prompt's
    ---
    {"base_commit_sha": …, "humans": …, "prompts": …, "schema_version": …, "sessions": …}

Lines that nothing covers are unknown; they are not a person's. A file whose entries are not what
the standard says loses them all, with a reason; a note of another version is set aside whole. The
numbers hold for one blob only, so whoever has it still compares them with its length.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Any

import orjson

from ledger.errors import printable
from ledger.provenance.conventions import MAX_BYTES, MAX_DISCLOSURES, Disclosure, Lines, short

__all__ = ["CONVENTION", "Attestation", "Human", "Note", "Session", "format_note", "parse_note"]

_SCHEMA = re.compile(r"authorship/3\.\d{1,6}\.\d{1,6}")
_ENTRY = re.compile(r"  (\S+) ([0-9,-]+)")
_KEY = re.compile(r"s_[0-9A-Za-z]{1,64}(::t_[0-9A-Za-z]{1,64})?|h_[0-9A-Za-z]{1,64}|[0-9a-f]{7,64}")
_RANGES = re.compile(r"[1-9][0-9]{0,8}(-[1-9][0-9]{0,8})?(,[1-9][0-9]{0,8}(-[1-9][0-9]{0,8})?)*")
_MOST_RANGES = 2_000_000  # of one note
_WHITE = re.compile(r"[ \t\n]")


@dataclass(frozen=True)
class Attestation:
    """One key's lines of one file: first and last, ascending, disjoint."""

    path: str
    key: str
    lines: tuple[Lines, ...]


@dataclass(frozen=True)
class Session:
    """An agent's session, or with `prompt` an older prompt. `members`: the others as written."""

    tool: str
    id: str
    model: str
    human_author: str | None = None
    prompt: bool = False
    members: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Human:
    """`Name <e-mail>` of somebody observed typing: personal, never in a leaf."""

    author: str


@dataclass(frozen=True)
class Note:
    """What a note says. `digest` is of its bytes, whatever became of it.

    `rejected` are (file, reason); `quarantined` is why the whole note says nothing here, or None.
    """

    schema: str = "authorship/3.0.0"
    base_commit: str = ""
    entries: tuple[Attestation, ...] = ()
    sessions: Mapping[str, Session] = field(default_factory=dict)
    humans: Mapping[str, Human] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)
    rejected: tuple[tuple[str, str], ...] = ()
    quarantined: str | None = None
    digest: str = ""

    def session_of(self, key: str) -> Session | None:
        """The session or prompt that an entry's key names; None for a human's or a missing one."""
        return None if key.startswith("h_") else self.sessions.get(key.partition("::")[0])

    def disclosures(self, where: str = "note") -> list[Disclosure]:
        """One per entry: A3 for a session's lines, A0 for lines observed typed."""
        if self.quarantined is not None:
            return [Disclosure("git_ai", "AX", where=where, note=self.quarantined)]
        found = [self._disclosure(entry, where) for entry in self.entries]
        return found + [
            Disclosure("git_ai", "AX", where=where, note=reason, path=path)
            for path, reason in self.rejected
        ]

    def _disclosure(self, entry: Attestation, where: str) -> Disclosure:
        if entry.key.startswith("h_"):
            human = self.humans.get(entry.key)
            degree, model, person = "A0", None, None if human is None else human.author
        else:
            session = self.session_of(entry.key)
            degree = "A3"
            model = None if session is None else short(session.model)
            person = None if session is None else session.human_author
        return Disclosure(
            "git_ai", degree, model, where=where, note=entry.key, person=person,
            path=entry.path, lines=entry.lines,
        )  # fmt: skip


class _Set(Exception):
    """A note that is set aside; its message is the reason."""


def parse_note(data: bytes, where: str = "note") -> Note:
    """What a note says. Never raises for its content: `quarantined` and `rejected` hold reasons.

    Time grows with its length. CRLF line ends are read as LF.
    """
    digest = "sha256:" + sha256(data).hexdigest()
    try:
        if len(data) > MAX_BYTES:
            raise _Set(f"{len(data)} bytes, expected at most {MAX_BYTES}")
        head, metadata = _halves(data)
        members = _object(metadata)
        schema = members.pop("schema_version", None)
        if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
            raise _Set(f"schema_version {printable(schema, 60)}, expected authorship/3.*")
        base = members.pop("base_commit_sha", None)
        if not isinstance(base, str) or not re.fullmatch(r"[0-9a-f]{0,64}", base):
            raise _Set("no base_commit_sha of hex digits")
        sessions = dict(_sessions(_mapping(members, "prompts", required=True), prompt=True))
        sessions.update(_sessions(_mapping(members, "sessions"), prompt=False))
        humans = dict(_humans(_mapping(members, "humans")))
        entries, rejected = _entries(head, {**sessions, **humans})
        return Note(schema, base, entries, sessions, humans, members, rejected, None, digest)
    except _Set as reason:
        return Note("", "", quarantined=f"{printable(reason, 300)}", digest=digest)


def _halves(data: bytes) -> tuple[list[str], bytes]:
    """The attestation lines and the JSON after the first line that is `---`."""
    if b"\r\n" in data:
        data = data.replace(b"\r\n", b"\n")
    head, mark, metadata = (b"\n" + data).partition(b"\n---\n")
    if not mark:
        raise _Set("no line that is exactly ---")
    try:
        return [line for line in head.decode("utf-8").split("\n") if line], metadata
    except UnicodeDecodeError as error:
        raise _Set(f"byte {error.start} of the attestations is no UTF-8") from error


def _object(metadata: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(metadata)
    except orjson.JSONDecodeError as error:
        raise _Set(f"after --- no JSON: {error}") from error
    if not isinstance(value, dict):
        raise _Set("after --- no JSON object")
    return value


def _mapping(members: dict[str, Any], name: str, *, required: bool = False) -> dict[str, Any]:
    value = members.pop(name, None)
    if value is None and not required:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise _Set(f"{name}: not an object of objects")
    return value


def _sessions(found: dict[str, Any], *, prompt: bool) -> Iterator[tuple[str, Session]]:
    kind = "prompt" if prompt else "session"
    for key, one in found.items():
        if key.startswith("s_") == prompt or key.startswith("h_"):
            continue  # an entry's key is routed by its prefix, so nothing can name this
        agent = one.get("agent_id")
        names = ("tool", "id", "model")
        if not isinstance(agent, dict) or not all(isinstance(agent.get(n), str) for n in names):
            raise _Set(f"{kind} {key[:60]}: no agent_id with tool, id and model")
        author = one.get("human_author")
        if author is not None and not isinstance(author, str):
            raise _Set(f"{kind} {key[:60]}: human_author is no text")
        rest = {k: v for k, v in one.items() if k not in ("agent_id", "human_author")}
        rest.update({f"agent_id.{k}": v for k, v in agent.items() if k not in names})
        yield key, Session(agent["tool"], agent["id"], agent["model"], author, prompt, rest)


def _humans(found: dict[str, Any]) -> Iterator[tuple[str, Human]]:
    for key, one in found.items():
        if not isinstance(one.get("author"), str):
            raise _Set(f"human {key[:60]}: no author")
        yield key, Human(one["author"])


def _entries(
    lines: list[str], known: Mapping[str, object]
) -> tuple[tuple[Attestation, ...], tuple[tuple[str, str], ...]]:
    """The entries of the files that keep to the standard, and the others with a reason."""
    files: dict[str, list[Attestation]] = {}
    bad: dict[str, str] = {}
    path: str | None = None
    ranges = 0
    for line in lines:
        if not line.startswith(" "):
            path = _path(line)
            if path is None:
                bad.setdefault(line[:4096], "no file name")
            elif path in files:
                bad.setdefault(path, "named twice")
            else:
                files[path] = []
            continue
        if path is None:
            bad.setdefault("", "lines of no file")
            continue
        ranges += line.count(",") + 1
        if ranges > _MOST_RANGES or len(files) > MAX_DISCLOSURES:
            raise _Set(f"over {_MOST_RANGES} ranges or {MAX_DISCLOSURES} files")
        entry = _entry(path, line, known)
        if isinstance(entry, str):
            bad.setdefault(path, entry)
        else:
            files[path].append(entry)
    for path, found in files.items():
        every = sorted(span for entry in found for span in entry.lines)
        if not every:
            bad.setdefault(path, "no entry")
        if any(before[1] >= after[0] for before, after in pairwise(every)):
            bad.setdefault(path, "lines given to two")
    kept = (entry for path, found in files.items() if path not in bad for entry in found)
    return tuple(kept), tuple(bad.items())


def _path(line: str) -> str | None:
    if not line.startswith('"'):
        return None if _WHITE.search(line) or "\0" in line else line
    inside = line[1:-1]
    return inside if len(line) > 2 and line[-1] == '"' and "\0" not in inside else None


def _entry(path: str, line: str, known: Mapping[str, object]) -> Attestation | str:
    """One entry, or the reason why it is none."""
    match = _ENTRY.fullmatch(line)
    if match is None or not _KEY.fullmatch(match[1]):
        return f"{printable(line.strip(), 60)}: not a key and its lines"
    if match[1].partition("::")[0] not in known:
        return f"{match[1][:60]}: a key that the note does not explain"
    if not _RANGES.fullmatch(match[2]):
        return f"{match[2][:60]}: not line ranges"
    spans = []
    for part in match[2].split(","):
        first, _, last = part.partition("-")
        spans.append((int(first), int(last or first)))
    if any(first > last for first, last in spans):
        return f"{match[2][:60]}: a range that ends before it begins"
    if any(a[1] >= b[0] for a, b in pairwise(spans)):
        return f"{match[2][:60]}: lines not ascending"
    return Attestation(path, match[1], tuple(spans))


def format_note(note: Note) -> bytes:
    """The note, one spelling: files by name, keys as given by first line, JSON keys ascending.

    `parse_note` of it gives the same entries, sessions and humans. Raises ValueError for a path
    that the standard cannot spell.
    """
    by_path: dict[str, list[Attestation]] = {}
    for entry in note.entries:
        by_path.setdefault(entry.path, []).append(entry)
    lines = []
    for path in sorted(by_path):
        lines.append(_spelled(path))
        for entry in sorted(by_path[path], key=lambda one: (one.lines, one.key)):
            spans = (f"{a}" if a == b else f"{a}-{b}" for a, b in entry.lines)
            lines.append(f"  {entry.key} {','.join(spans)}")
    document = {
        **note.members,
        "base_commit_sha": note.base_commit,
        "humans": {key: {"author": one.author} for key, one in note.humans.items()},
        "prompts": {k: _session(s) for k, s in note.sessions.items() if s.prompt},
        "schema_version": note.schema,
        "sessions": {k: _session(s) for k, s in note.sessions.items() if not s.prompt},
    }
    lines += ["---", ""]
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2
    return "\n".join(lines).encode() + orjson.dumps(document, option=options) + b"\n"


def _spelled(path: str) -> str:
    line = f'"{path}"' if _WHITE.search(path) or path.startswith('"') else path
    if not path or path == "---" or _path(line) != path or "\n" in path or "\r" in path:
        raise ValueError(f"{printable(path)}: a file name that no note can hold")
    return line


def _session(one: Session) -> dict[str, Any]:
    agent: dict[str, Any] = {"id": one.id, "model": one.model, "tool": one.tool}
    said: dict[str, Any] = {"agent_id": agent}
    for name, value in one.members.items():
        if name.startswith("agent_id."):
            agent[name.removeprefix("agent_id.")] = value
        else:
            said[name] = value
    if one.human_author is not None:
        said["human_author"] = one.human_author
    return said


class _GitAi:
    name = "git_ai"
    suffixes = ()
    of_files = False

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        """What a note says, file by file."""
        return parse_note(content, where).disclosures(where)


CONVENTION = _GitAi()
