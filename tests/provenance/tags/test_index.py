"""The index that hooks read: git's own blob ids, one line a tag."""

import subprocess
from pathlib import Path

import pytest

from ledger.provenance.tags.index import append_index, blob_ids, index_file
from ledger.provenance.tags.make import make_tag


def git(folder: Path, *arguments: str, data: bytes = b"") -> str:
    ran = subprocess.run(
        ["git", "-C", str(folder), *arguments], input=data, capture_output=True, check=True
    )
    return ran.stdout.decode().strip()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_blob_ids_are_those_of_git(tmp_path: Path, algorithm: str) -> None:
    git(tmp_path, "init", "-q", f"--object-format={algorithm}")
    for content in (b"", b"one\n", "é\r\n\r\n".encode(), b"a\r\nb\n"):
        ids = blob_ids(tmp_path / ".git", content)
        assert ids[0] == git(tmp_path, "hash-object", "--stdin", data=content)
        stored = git(
            tmp_path, "-c", "core.autocrlf=input", "hash-object", "--stdin", "--path=f",
            data=content,
        )  # fmt: skip
        assert stored in ids
        assert len(ids) == 1 + (b"\r\n" in content)


def test_a_line_a_tag(tmp_path: Path) -> None:
    folder = tmp_path / "common"
    first = make_tag(b"one", "A2", model="Model One")
    for content, tag in (
        (b"one", first),
        (b"two", make_tag(b"two", "AX", model="m\u00a0" + "é" * 150)),
        (b"two", make_tag(b"two", "A3", weight="weak")),
        (b"two", make_tag(b"two", "A0")),
        (b"one", make_tag(b"one", "A1", supersedes=first.claim_id)),
    ):
        append_index(folder, content, tag)
    one, two = blob_ids(folder, b"one")[0], blob_ids(folder, b"two")[0]
    assert index_file(folder).read_text().splitlines() == [
        f"{one} A2 Model One",
        f"{two} AX -",
        f"{two} - -",
        f"{two} A0 -",
        f"{one} - -",
        f"{one} A1 -",
    ]
