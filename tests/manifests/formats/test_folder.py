"""Whole or not at all: killed, out of room, in the way, or stopped by what feeds it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import BusyError, InputError, StorageError
from ledger.manifests.formats.folder import whole_folder
from tests.manifests.formats.helpers import epoch, tree, write
from tests.manifests.formats.readers import READERS

each = pytest.mark.parametrize("name", sorted(READERS))

KILLED = """
import os, signal, sys
from pathlib import Path
from tests.manifests.formats.helpers import epoch, write

def rows():
    for number, table in enumerate(epoch()):
        if number == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        yield table

write(sys.argv[1], Path(sys.argv[2]), rows())
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
from ledger.errors import StorageError
from tests.manifests.formats.helpers import epoch, write

resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))
import numpy as np, pyarrow as pa
from tests.manifests.formats.helpers import table
noise = np.random.default_rng(1).integers(0x4E00, 0x9FFF, (9, 3000))  # no codec makes it small
rows = iter([table(["".join(map(chr, line)) for line in noise], tokens=[1] * 9)])
try:
    write(sys.argv[1], Path(sys.argv[2]), rows, 1 << 20)
except StorageError as error:
    print(error, "|", error.hint)
"""


def run(program: str, root: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


@each
def test_a_killed_write_leaves_nothing_under_the_name(name, tmp_path, root):
    out = tmp_path / "out"
    assert run(KILLED, root, name, out).returncode == -signal.SIGKILL
    assert not out.exists()
    (left,) = tmp_path.glob(".out.headwater-export")
    assert not (left / "README.md").exists()
    first = write(name, out, epoch())
    assert write(name, tmp_path / "again", epoch()) == first
    assert tree(out) == tree(tmp_path / "again")
    assert not list(tmp_path.glob(".*"))  # a terabyte that nobody would find


def test_two_write_to_one_place(tmp_path):
    with whole_folder(tmp_path / "out") as held:
        held.put("mine", b"x")
        with pytest.raises(BusyError, match="another process is writing there"):
            write("mds", tmp_path / "out")
        assert (held.root / "mine").read_bytes() == b"x"
    assert tree(tmp_path / "out") == {"mine": b"x"}


@each
def test_a_full_disk_is_said_and_leaves_nothing(name, tmp_path, root):
    done = run(FULL_DISK, root, name, tmp_path / "out")
    assert done.stderr == ""
    assert f"{tmp_path}/out: file too large, expected room to write | free some" in done.stdout
    assert not list(tmp_path.glob("*out*")) and not list(tmp_path.glob(".*"))


@each
def test_what_feeds_it_stops(name, tmp_path):
    class Stopped(Exception):
        pass

    def rows():
        yield from epoch(44)
        raise Stopped

    with pytest.raises(Stopped):
        write(name, tmp_path / "out", rows())
    assert not list(tmp_path.glob("*out*")) and not list(tmp_path.glob(".*"))


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    write("hf", tmp_path / "out")
    assert (tmp_path / "out" / "README.md").exists()


@each
@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_files_are_for_whom_the_umask_says(name, mask, mode, tmp_path):
    before = os.umask(mask)
    try:
        write(name, tmp_path / "out")
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {mode}


def test_folders_above_are_made(tmp_path):
    write("mds", tmp_path / "a" / "b" / "out")
    assert (tmp_path / "a" / "b" / "out" / "index.json").exists()


def test_something_in_the_way(tmp_path):
    full, file, link = tmp_path / "full", tmp_path / "file", tmp_path / "link"
    full.mkdir()
    (full / "mine").write_text("x")
    file.write_text("x")
    link.symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    for place, said in ((full, "other files"), (file, "a file or link"), (link, "a file or link")):
        with pytest.raises(InputError, match=said) as caught:
            write("hf", place)
        assert caught.value.hint == "name another folder"
    with pytest.raises(InputError, match="expected the name of a new folder"):
        write("hf", tmp_path / "full" / "..")
    assert sorted(tmp_path.rglob("*")) == before


def test_somebody_else_was_faster(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(StorageError, match="out: directory not empty"), whole_folder(out) as new:
        new.put("ours", b"x")
        out.mkdir()
        (out / "theirs").write_text("y")
    assert tree(tmp_path) == {"out/theirs": b"y"}


def test_a_place_nobody_can_write(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="expected room to write"):
        write("hf", tmp_path / "file" / "out")


def test_another_writers_trouble_is_not_ours(tmp_path):
    """A source that cannot be stored elsewhere keeps its own place in the message."""
    elsewhere = StorageError("/staging/x.arrow: no space left, expected room to write")
    with pytest.raises(StorageError) as caught, whole_folder(tmp_path / "out"):
        raise elsewhere from OSError(28, os.strerror(28))
    assert caught.value is elsewhere
