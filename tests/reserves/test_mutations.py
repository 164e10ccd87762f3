"""Ten thousand ways to touch a sealed folder: every one of them is found.

A change that leaves every file with its name and bytes is no change and is not counted.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.errors import VerificationError
from ledger.reserves import layout
from ledger.reserves.opening.open import verify_reserve
from tests.reserves.sealing import Corpus, copy, make_corpus, scratch
from tests.reserves.stamps import stamped

MUTATIONS = 10_000
SEED = 20260921

Tree = dict[str, bytes | None]  # relative path -> bytes; None for a folder


class Folder:
    """A sealed folder that is mutated in place and put back; `before` is what it was."""

    def __init__(self, path: Path, other: Path) -> None:
        self.path = path
        self.before = tree_of(path)
        self.files = sorted(name for name, data in self.before.items() if data is not None)
        self.folders = sorted(name for name, data in self.before.items() if data is None)
        self.other = {name: data for name, data in tree_of(other).items() if data is not None}
        self.random = random.Random(SEED)

    def pick(self) -> tuple[str, bytes]:
        name = self.random.choice(self.files)
        data = self.before[name]
        assert data is not None
        return name, data

    def write(self, name: str, data: bytes) -> None:
        (self.path / name).write_bytes(data)

    def restore(self, now: Tree) -> None:
        """Put back what in `now` differs from `before`."""
        for name in sorted(now, reverse=True):
            path = self.path / name
            kept = name in self.before and (now[name] is None) == (self.before[name] is None)
            if path.is_symlink():
                path.unlink()
            elif not kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, data in sorted(self.before.items()):
            if data is None:
                (self.path / name).mkdir(exist_ok=True)
            elif now.get(name) != data:
                (self.path / name).write_bytes(data)


def tree_of(folder: Path) -> Tree:
    """Every file and folder below. A link is bytes that no file has."""
    found: Tree = {}
    _collect(str(folder), "", found)
    return found


def _collect(folder: str, prefix: str, found: Tree) -> None:
    with os.scandir(folder) as items:
        for item in items:
            name = prefix + item.name
            if item.is_symlink():
                found[name] = b"link to " + os.fsencode(os.readlink(item.path))
            elif item.is_dir():
                found[name] = None
                _collect(item.path, name + "/", found)
            else:
                with open(item.path, "rb", buffering=0) as file:
                    found[name] = file.read()


# --- ways to touch it


def flip_a_bit(folder: Folder) -> None:
    name, data = folder.pick()
    changed = bytearray(data)
    changed[folder.random.randrange(len(data))] ^= 1 << folder.random.randrange(8)
    folder.write(name, bytes(changed))


def truncate(folder: Folder) -> None:
    name, data = folder.pick()
    folder.write(name, data[: folder.random.randrange(len(data))])


def insert(folder: Folder) -> None:
    name, data = folder.pick()
    at = folder.random.randrange(len(data) + 1)
    extra = folder.random.choice([b"\n", b" ", b"\0", b"A", folder.random.randbytes(9)])
    folder.write(name, data[:at] + extra + data[at:])


def delete_bytes(folder: Folder) -> None:
    name, data = folder.pick()
    at = folder.random.randrange(len(data))
    folder.write(name, data[:at] + data[at + folder.random.randrange(1, 33) :])


def repeat_bytes(folder: Folder) -> None:
    name, data = folder.pick()
    at = folder.random.randrange(len(data))
    part = data[at : at + folder.random.randrange(1, 65)]
    folder.write(name, data[:at] + part + data[at:])


def swap_bytes(folder: Folder) -> None:
    name, data = folder.pick()
    changed = bytearray(data)
    one, two = folder.random.randrange(len(data)), folder.random.randrange(len(data))
    changed[one], changed[two] = changed[two], changed[one]
    folder.write(name, bytes(changed))


def swap_files(folder: Folder) -> None:
    (one, first), (two, second) = folder.pick(), folder.pick()
    folder.write(one, second)
    folder.write(two, first)


def overwrite_by_another(folder: Folder) -> None:
    folder.write(folder.pick()[0], folder.pick()[1])


def remove(folder: Folder) -> None:
    (folder.path / folder.pick()[0]).unlink()


def rename(folder: Folder) -> None:
    name, _ = folder.pick()
    path = Path(name)
    target = folder.random.choice(
        [f"{name}x", str(path.with_name(path.name.upper())), name[:-1], f"{name}.tsr",
         f"content/{path.name}", f"receipts/{path.name}", path.name, f".{path.name}"]
    )  # fmt: skip
    if (folder.path / target).is_dir():
        target += "_"
    (folder.path / name).rename(folder.path / target)


def add(folder: Folder) -> None:
    place = folder.random.choice(["", *(f"{name}/" for name in folder.folders)])
    name = folder.random.choice(
        ["README.md", ".DS_Store", "00001.parquet", "SHA256SUM", "a b", "é", "x" * 200, "\udcff",
         folder.random.randbytes(32).hex(), folder.random.randbytes(32).hex() + ".tsr"]
    )  # fmt: skip
    target = os.fsencode(folder.path / (place + name))
    with open(target, "wb") as file:
        file.write(folder.random.choice([b"", b"x", folder.pick()[1]]))


def add_folder(folder: Folder) -> None:
    place = folder.random.choice(["", *(f"{name}/" for name in folder.folders)])
    name = folder.random.choice(["empty", "text", "proofs", "timestamps", "content"])
    (folder.path / (place + name)).mkdir(exist_ok=True)


def move_a_folder(folder: Folder) -> None:
    name = folder.random.choice(folder.folders)
    (folder.path / name).rename(folder.path / (name + "2"))


def link_instead(folder: Folder) -> None:
    """The same bytes, but they lie elsewhere."""
    name, data = folder.pick()
    elsewhere = folder.path.parent / "elsewhere"
    elsewhere.write_bytes(data)
    (folder.path / name).unlink()
    (folder.path / name).symlink_to(elsewhere)


def folder_instead(folder: Folder) -> None:
    name, _ = folder.pick()
    (folder.path / name).unlink()
    (folder.path / name).mkdir()


def permute_lines(folder: Folder) -> None:
    name, data = folder.pick()
    lines = data.split(b"\n")
    folder.random.shuffle(lines)
    folder.write(name, b"\n".join(lines))


def drop_a_line(folder: Folder) -> None:
    name, data = folder.pick()
    lines = data.splitlines(keepends=True)
    del lines[folder.random.randrange(len(lines))]
    folder.write(name, b"".join(lines))


def repeat_a_line(folder: Folder) -> None:
    name, data = folder.pick()
    lines = data.splitlines(keepends=True)
    lines.insert(folder.random.randrange(len(lines)), folder.random.choice(lines))
    folder.write(name, b"".join(lines))


def other_spelling(folder: Folder) -> None:
    name, data = folder.pick()
    spell: Callable[[bytes], bytes] = folder.random.choice(
        [bytes.upper, bytes.lower, lambda b: b.replace(b"\n", b"\r\n"), lambda b: b + b"\n",
         lambda b: b.rstrip(b"\n"), lambda b: b.replace(b":", b": "), lambda b: b"\xef\xbb\xbf" + b]
    )  # fmt: skip
    folder.write(name, spell(data))


def from_another_seal(folder: Folder) -> None:
    """A file that holds by itself, of a seal by the same keys in the same log."""
    name = folder.random.choice(sorted(set(folder.files) & set(folder.other)))
    folder.write(name, folder.other[name])


def several_from_another_seal(folder: Folder) -> None:
    common = sorted(set(folder.files) & set(folder.other))
    for name in folder.random.sample(common, folder.random.randrange(1, len(common))):
        folder.write(name, folder.other[name])


WAYS = [
    flip_a_bit, flip_a_bit, flip_a_bit, flip_a_bit, truncate, insert, insert, delete_bytes,
    repeat_bytes, swap_bytes, swap_files, overwrite_by_another, remove, rename, rename, add, add,
    add_folder, move_a_folder, link_instead, folder_instead, permute_lines, drop_a_line,
    repeat_a_line, other_spelling, from_another_seal, several_from_another_seal,
]  # fmt: skip


@pytest.fixture
def place() -> Iterator[Path]:
    folder = scratch()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def sealed(place: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Corpus, Folder]:
    """A seal of several shards with a proof and a time stamp, and another one to take files of."""
    monkeypatch.setattr(layout, "SHARD_BYTES", 800)
    corpus = make_corpus(place / "corpus")
    one = corpus.seal(place / "one", allow_asserted=True)
    two = corpus.seal(place / "two", name="other")
    if shutil.which("openssl"):  # it makes the authority; the rest needs no time stamp
        for sealed in (one, two):
            stamped(sealed.folder, place)
    return corpus, Folder(copy(one.folder, place / "sealed"), copy(two.folder, place / "second"))


def test_every_one_of_ten_thousand_mutations_is_found(sealed: tuple[Corpus, Folder]) -> None:
    corpus, folder = sealed
    keys = corpus.keys
    verify_reserve(folder.path, keys)
    assert len([name for name in folder.files if name.startswith("content/text/")]) > 1
    assert [name for name in folder.files if name.startswith("content/proofs/")]
    assert [name for name in folder.files if name.endswith(".tsr")]
    counted: Counter[str] = Counter()
    missed = []
    while counted.total() < MUTATIONS:
        way = folder.random.choice(WAYS)
        way(folder)
        now = tree_of(folder.path)
        if now != folder.before:
            counted[way.__name__] += 1
            try:
                verify_reserve(folder.path, keys)
            except VerificationError as error:
                assert str(error)
            else:
                missed.append((way.__name__, sorted(set(now.items()) ^ set(folder.before.items()))))
        folder.restore(now)
        if counted.total() % 100 == 0:
            assert tree_of(folder.path) == folder.before
    assert missed == []
    assert min(counted[way.__name__] for way in WAYS) > 50
    assert tree_of(folder.path) == folder.before
    verify_reserve(folder.path, keys)
