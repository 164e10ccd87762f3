"""git-ai's notes backend, version 1: notes about commits, uploaded and asked for.

POST /worker/notes/upload  {"entries": [{"commit_sha", "content"}]} → 200 {"success_count",
                           "failure_count"}; 400 is permanent, anything else may be tried again
GET  /worker/notes/?commits=A,B  → 200 {"notes": {A: content}}, or 404 {"notes": {}}
"""

from urllib.parse import parse_qs

from ledger.errors import InputError, MalformedError
from ledger.log.log import Log
from ledger.provenance.notes import read_note
from ledger.web.limits import MAX_ANSWER, MAX_COMMITS, MAX_ENTRIES
from ledger.web.strict import fields, parse_json

__all__ = ["TooMuchError", "parse_commits", "parse_upload", "read_notes"]


class TooMuchError(InputError):
    """An answer that would be larger than we give at a time."""


def parse_upload(data: bytes) -> list[tuple[str, bytes]]:
    """(commit, note) pairs of an upload, in its order. Raises MalformedError."""
    document = fields(parse_json(data), "body", {"entries": list}, {"entries"})
    entries = document["entries"]
    if len(entries) > MAX_ENTRIES:
        raise MalformedError(
            "entries", None, f"{len(entries):,} of them, expected at most {MAX_ENTRIES:,}"
        )
    pairs = []
    for place, item in enumerate(entries):
        where = f"entries[{place}]"
        found = fields(item, where, {"commit_sha": str, "content": str}, {"commit_sha", "content"})
        pairs.append((found["commit_sha"], found["content"].encode()))
    return pairs


def parse_commits(query: bytes) -> list[str]:
    """The commits that a query asks for, each once. Raises MalformedError."""
    try:
        found = parse_qs(query.decode("ascii"), strict_parsing=True, max_num_fields=4)
    except ValueError:
        found = {}
    if set(found) != {"commits"} or len(found["commits"]) != 1:
        raise MalformedError("query", None, "expected ?commits=A,B and nothing else")
    commits = [commit for commit in found["commits"][0].split(",") if commit]
    if len(commits) > MAX_COMMITS:
        raise MalformedError(
            "commits", None, f"{len(commits):,} of them, expected at most {MAX_COMMITS:,}"
        )
    return list(dict.fromkeys(commits))


def read_notes(log: Log, commits: list[str]) -> dict[str, str]:
    """Commit -> newest note, of those that have one. Raises TooMuchError, and as `read_note`."""
    notes: dict[str, str] = {}
    size = 0
    for commit in commits:
        try:
            data = read_note(log, commit)
        except InputError:
            continue  # no commit's name, so nobody uploaded one
        if data is None:
            continue
        size += len(data)
        if size > MAX_ANSWER:
            raise TooMuchError(
                f"more than {MAX_ANSWER:,} bytes of notes, ask for fewer commits at a time"
            )
        notes[commit] = data.decode()
    return notes
