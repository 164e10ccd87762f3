"""`<common git folder>/headwater/index`: which blobs of a repository were tagged, for its hooks.

One line a tag, `<blob id> <A0 … AX> <model, or ->`, appended and never rewritten here; a line
`<blob id> - -` takes back the blob's earlier ones. A hook reads it in plain `sh`, without Python,
on the way of a commit.
"""

import os
from hashlib import sha1, sha256
from pathlib import Path

from ledger.corpus.atomic import storage_error
from ledger.provenance.tags.make import Tag

__all__ = ["append_index", "blob_ids", "index_file"]

_MOST_MODEL = 200  # bytes
_LARGEST = 1 << 20  # bytes of a repository's config


def index_file(git: Path) -> Path:
    """The index of the repository whose common git folder is `git`."""
    return git / "headwater" / "index"


def append_index(git: Path, content: bytes, tag: Tag) -> None:
    """Say that `content` was tagged, unless by a form of little weight. What supersedes another
    tag, and the word that no AI wrote any of it, take back what stood here. Raises StorageError.
    """
    if tag.body.weight is not None:
        return
    body, model = tag.body, tag.body.model or "-"
    afresh = body.supersedes is not None or (body.assistance == "A0" and body.spans is None)
    if len(model.encode()) > _MOST_MODEL or not model.isprintable():
        model = "-"
    lines = "".join(
        f"{blob} - -\n" * afresh + f"{blob} {body.assistance} {model}\n"
        for blob in blob_ids(git, content)
    )
    path = index_file(git)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(handle, lines.encode())  # one write: lines of racing tags do not mix
        finally:
            os.close(handle)
    except OSError as error:
        raise storage_error(path, error) from error


def blob_ids(git: Path, content: bytes) -> list[str]:
    """git's ids of the content: as it is and, where it holds CRLF, as git's `autocrlf` stores it.

    SHA-1, or SHA-256 where the repository's config says `objectformat = sha256`.
    """
    forms = [content]
    if b"\r\n" in content:
        forms.append(content.replace(b"\r\n", b"\n"))
    algorithm = sha256 if _is_sha256(git) else sha1
    return [algorithm(b"blob %d\0" % len(form) + form).hexdigest() for form in forms]


def _is_sha256(git: Path) -> bool:
    try:
        with (git / "config").open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8", "replace").lower()
    except OSError:
        return False
    pairs = (line.partition("=") for line in text.splitlines())
    return any(
        (name.strip(), value.strip()) == ("objectformat", "sha256") for name, _, value in pairs
    )
