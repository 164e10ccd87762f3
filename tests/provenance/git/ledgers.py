"""Ledgers beside scratch repositories, and notes as git-ai writes them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.log.log import Log
from ledger.log.verify import verify_log
from ledger.provenance.opening import create_ledger, open_ledger
from tests.provenance.git.scratch import Scratch

__all__ = ["authorships", "git_ai", "opened", "put_note"]


@contextmanager
def opened(path: Path) -> Iterator[Log]:
    """A ledger for writing, made at first; verified at the end."""
    if not path.exists():
        create_ledger(str(path))
    with open_ledger(str(path), write=True) as log:
        yield log
    with open_ledger(str(path)) as log:
        verify_log(log)


def authorships(log: Log) -> list[Mapping[str, object]]:
    """Every authorship entry's subject and body, in the order of the log."""
    entries = [log.entry(index) for index in range(log.size)]
    return [
        {"subject": entry.subject, "claim": entry.claim_id, **entry.body}
        for entry in entries
        if entry.kind == "authorship"
    ]


def git_ai(
    files: Mapping[str, Mapping[str, str]],
    *,
    sessions: Sequence[tuple[str, str]] = (),
    humans: Sequence[str] = (),
    prompts: Sequence[tuple[str, str]] = (),
    schema: str = "authorship/3.0.0",
) -> bytes:
    """A note. `files`: path -> key -> lines; `sessions` and `prompts`: (id, model)."""
    lines = []
    for path, entries in files.items():
        lines.append(f'"{path}"' if " " in path else path)
        lines += [f"  {key} {ranges}" for key, ranges in entries.items()]

    def agent(name: str, model: str) -> dict[str, object]:
        return {"agent_id": {"tool": "claude", "id": name, "model": model}}

    document = {
        "schema_version": schema,
        "base_commit_sha": "",
        "prompts": {
            name: {**agent(name, model), "total_additions": 3, "overriden_lines": 1}
            for name, model in prompts
        },
        "sessions": {name: agent(name, model) for name, model in sessions},
        "humans": {name: {"author": "Ada Writer <ada@example.org>"} for name in humans},
    }
    return ("\n".join(lines) + "\n---\n" + json.dumps(document)).encode()


def put_note(repo: Scratch, note: bytes, commit: str = "HEAD") -> None:
    blob = repo.git("hash-object", "-w", "--stdin", given=note).strip()
    repo.git("notes", "--ref=ai", "add", "-f", "-C", blob, commit)
