"""What torch reads: the same batches with any workers, and every document once though killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import DocumentMismatchError, InputError
from ledger.manifests.layout import texts_name
from ledger.manifests.loading import reader as readers
from ledger.manifests.loading.manifest import Manifest
from ledger.manifests.loading.stream import Batch
from tests.manifests.making import Made, make_manifest

torch = pytest.importorskip("torch", reason="torch is of extra [lm]")
pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
]

ROOT = Path(__file__).parents[3]
TEXTS = [f"{n} {'word ' * (n % 17)}" for n in range(400)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("manifest") / "m"
    return make_manifest(
        folder, TEXTS, files=3, stratum=[n % 3 for n in range(400)],
        repeat=[1 + (n % 10 == 0) for n in range(400)],
    )  # fmt: skip


@pytest.fixture(scope="module")
def opened(made: Made) -> Manifest:
    return made.open()


@pytest.fixture(scope="module")
def plain(opened: Manifest) -> list[list[str]]:
    return [batch.sha256 for batch in opened.read(16)]


def read(batches: Iterable[Batch]) -> list[list[str]]:
    return [batch.sha256 for batch in batches]


def test_a_stream_is_no_data_set_of_torch(opened: Manifest) -> None:
    stream = opened.torch(batch_size=16)
    assert isinstance(stream, torch.utils.data.IterableDataset)
    assert isinstance(stream.loader(), torch.utils.data.DataLoader)


@pytest.mark.parametrize("workers", [0, 2, 4])
def test_batches_depend_on_workers(opened: Manifest, plain: list[list[str]], workers: int) -> None:
    loader = opened.torch(batch_size=16).loader(workers)
    assert len(loader) == len(plain)
    assert read(loader) == plain
    assert loader.state_dict() == {"manifest": opened.digest, "epoch": 0, "position": len(opened)}
    assert read(loader) == [batch.sha256 for batch in opened.read(16, 1)]


@pytest.mark.parametrize("workers", [0, 2])
def test_ranks_read_other_batches(opened: Manifest, plain: list[list[str]], workers: int) -> None:
    parts = [read(opened.torch(rank, 4, batch_size=16).loader(workers)) for rank in range(4)]
    assert [sorted(chain(*shares)) for shares in zip(*parts, strict=True)] == [
        sorted(batch) for batch in plain
    ]


def test_spawned_workers_cannot_open_the_manifest(opened: Manifest, plain: list[list[str]]) -> None:
    """They inherit nothing: keys, roots and mapped files are found again."""
    loader = opened.torch(batch_size=16).loader(1, multiprocessing_context="spawn")
    assert read(loader) == plain


@pytest.mark.parametrize("workers", [0, 2])
def test_what_was_read_ahead_counts_as_seen(
    opened: Manifest, plain: list[list[str]], workers: int
) -> None:
    stream = opened.torch(batch_size=16)
    loader = stream.loader(workers)
    for number, batch in enumerate(loader):
        assert stream.state_dict() == batch.state
        if number == 4:
            break
    assert stream.state_dict()["position"] == 5 * 16
    other = opened.torch(batch_size=16)
    other.load_state_dict(stream.state_dict())
    assert read(other.loader(2 - workers)) == plain[5:]
    assert read(loader) == plain[5:], "asked again, it goes on"


def test_a_state_is_taken_with_other_batches_and_ranks(
    opened: Manifest, plain: list[list[str]]
) -> None:
    state = {"manifest": opened.digest, "epoch": 0, "position": 48}
    parts = []
    for rank in range(2):
        stream = opened.torch(rank, 2, batch_size=24)
        stream.load_state_dict(state)
        parts.append(read(stream))
    assert sorted(chain(*chain(*parts))) == sorted(chain(*plain[3:]))


@pytest.mark.parametrize(
    "change", [{"manifest": "sha256:" + "0" * 64}, {"position": 10**6}, {"epoch": -1}, {"step": 1}]
)
def test_a_state_of_something_else_is_taken(opened: Manifest, change: dict[str, Any]) -> None:
    stream = opened.torch(batch_size=16)
    with pytest.raises(InputError, match="state"):
        stream.load_state_dict(stream.state_dict() | change)


def test_the_last_batch_is_not_left_out(opened: Manifest) -> None:
    stream = opened.torch(batch_size=100, drop_last=True)
    assert [len(batch) for batch in stream.loader(2)] == [100] * 4
    assert stream.state_dict() == {"manifest": opened.digest, "epoch": 0, "position": 440}
    assert next(iter(stream)).position.epoch == 1


def test_a_loader_that_counts_nothing_reads(opened: Manifest) -> None:
    stream = opened.torch(batch_size=16)
    foreign = torch.utils.data.DataLoader(stream, batch_size=None, num_workers=1)
    with pytest.raises(InputError, match="does not count"):
        next(iter(foreign))


@pytest.mark.parametrize(
    "options", [{"batch_size": 4}, {"shuffle": True}, {"persistent_workers": True},
                {"in_order": False}],
)  # fmt: skip
def test_an_option_changes_what_comes(opened: Manifest, options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        opened.torch(batch_size=16).loader(2, **options)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_changed_byte_is_trained_on(tmp_path: Path, workers: int) -> None:
    made = make_manifest(tmp_path / "m", TEXTS[:100], files=2)
    path = made.folder / texts_name(1)
    data = path.read_bytes()
    at = data.index(b"77 word")
    path.write_bytes(data[:at] + b"88 word" + data[at + 7 :])
    opened = made.open()
    position = opened.positions(made.digests[77])[0]
    read_before = []
    with pytest.raises(DocumentMismatchError, match=rf"^{path}: row 27: text has digest") as found:
        for batch in opened.torch(batch_size=8).loader(workers):
            read_before += batch.sha256
    assert found.value.hint
    assert len(read_before) <= position
    path.write_bytes(data)
    whole = [document for batch in opened.read(8) for document in batch.sha256]
    assert read_before == whole[: len(read_before)]


def test_torch_is_absent(opened: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    from ledger.errors import MissingExtraError
    from ledger.manifests.loading import torch_stream

    torch_stream._classes.cache_clear()
    monkeypatch.setitem(sys.modules, "torch.utils.data", None)
    with pytest.raises(MissingExtraError) as caught:
        opened.torch(batch_size=16)
    assert "headwater[lm]" in str(caught.value.hint)


@pytest.mark.parametrize(("workers", "then"), [(0, 2), (2, 4), (4, 0)])
def test_a_killed_run_repeats_or_skips_a_document(
    made: Made, opened: Manifest, tmp_path: Path, workers: int, then: int
) -> None:
    """Killed between checkpoints, with documents read ahead and some trained on."""
    checkpoint = tmp_path / "checkpoint"
    job = {
        "folder": str(made.folder), "key": made.signer.verifier.vkey,
        "checkpoint": str(checkpoint), "size": 20,
    }  # fmt: skip
    assert run(job | {"workers": workers, "die": 8}) == -signal.SIGKILL
    held = torch.load(checkpoint, weights_only=True)
    assert held["stream"]["position"] == len(held["seen"]) == 6 * 20
    assert run(job | {"workers": then}) == 0
    held = torch.load(checkpoint, weights_only=True)
    whole = [document for batch in opened.read(20) for document in batch.sha256]
    assert held["seen"] == whole
    assert sorted(whole) == sorted(f"sha256:{digest.hex()}" for digest in made.epoch())
    assert held["stream"] == {"manifest": opened.digest, "epoch": 0, "position": len(opened)}


def run(job: dict[str, Any]) -> int:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.manifests.loading.training", json.dumps(job)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    return done.returncode


def test_workers_that_hash_ahead_do_not_end(
    opened: Manifest, plain: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread in each worker: left in the middle, and read to the end."""
    monkeypatch.setattr(readers, "_MANY", 0)
    monkeypatch.setattr(readers, "_BLOCK_BYTES", 2000)
    loader = opened.torch(batch_size=16).loader(2)
    first = [batch.sha256 for batch in islice(loader, 3)]
    assert first + read(loader) == plain
