"""Long readings: hashed a block ahead, in another thread, with the same outcome."""

import gc
import threading
from hashlib import sha256
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import DocumentMismatchError
from ledger.manifests.layout import texts_name
from ledger.manifests.loading import kernel as kernels
from ledger.manifests.loading import reader as readers
from ledger.manifests.loading.kernel import kernel
from ledger.manifests.loading.manifest import Manifest
from tests.manifests.making import Made, make_manifest

TEXTS = [f"{n} ö {'word ' * (n % 29)}" for n in range(300)]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_manifest(tmp_path / "m", TEXTS, files=2, stratum=[n % 3 for n in range(300)])


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, all of them hashed ahead."""
    monkeypatch.setattr(readers, "_MANY", 0)
    monkeypatch.setattr(readers, "_BLOCK_BYTES", 1000)


def read(manifest: Manifest, size: int = 7) -> list[str]:
    return [document for batch in manifest.read(size) for document in batch.sha256]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=30))
def test_the_kernel_hashes_otherwise(texts: list[bytes]) -> None:
    hashed = kernel()
    if hashed is None:
        pytest.skip("this interpreter's OpenSSL cannot be called")
    data = np.frombuffer(b"".join(texts) or b"\0", np.uint8)
    ends = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    found = hashed(data.ctypes.data, ends, lambda: None)
    assert found.tobytes() == b"".join(sha256(text).digest() for text in texts)


def test_what_is_hashed_ahead_differs(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = read(made.open())
    monkeypatch.setattr(readers, "_BLOCK_BYTES", 1000)
    for many in (0, 5000):  # from the first block on, and from one on the way
        monkeypatch.setattr(readers, "_MANY", many)
        opened = made.open()
        for size in (1, 7, 64, 1000):
            assert read(opened, size) == plain
    assert [d.text for d in opened] == [d.text for d in made.open()]


def test_without_the_kernel_nothing_is_read(
    made: Made, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = read(made.open())
    monkeypatch.setattr(kernels, "kernel", lambda: None)
    assert read(made.open()) == plain


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_a_changed_byte_is_passed_over(made: Made, soon: None, size: int) -> None:
    """Told where it is due: every batch before it has come, if it is not in its block."""
    path = made.folder / texts_name(1)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"222 ", b"333 ", 1))
    opened = made.open()
    came: list[str] = []
    with pytest.raises(DocumentMismatchError, match=rf"^{path}: row 72: text has digest"):
        for batch in opened.read(size):
            came += batch.sha256
    assert f"sha256:{made.digests[222].hex()}" not in came
    position = opened.positions(made.digests[222])[0]
    path.write_bytes(data)
    assert came == read(made.open())[: len(came)]
    assert position - max(size, 60) <= len(came) <= position


def test_a_reading_given_up_leaves_a_thread(made: Made, soon: None) -> None:
    before = threading.active_count()
    reading = made.open().read(5)
    assert len(list(islice(reading, 3))) == 3
    reading.close()  # type: ignore[attr-defined]
    del reading
    gc.collect()
    assert threading.active_count() == before


def test_two_readings_disturb_each_other(made: Made, soon: None) -> None:
    opened = made.open()
    plain = read(opened)
    first, second = opened.read(9), opened.read(9)
    pairs = list(zip(first, second, strict=True))
    assert [d for batch, _ in pairs for d in batch.sha256] == plain
    assert [d for _, batch in pairs for d in batch.sha256] == plain
