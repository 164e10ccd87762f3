"""Every document as often as it should, in the same order however it is read, and hashed."""

import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError, VerificationError
from ledger.manifests.loading.manifest import Document, Manifest
from ledger.manifests.loading.reader import SCHEMA
from ledger.manifests.loading.stream import Batch
from tests.manifests.making import Made, make_manifest

COUNT, STRATA = 211, 5
TEXTS = [f"{n} ü {'word ' * (n % 13)}" for n in range(COUNT)]
STRATUM = [0 if n < 100 else 1 + n % (STRATA - 1) for n in range(COUNT)]
REPEAT = [1 + n % 3 * (n % 2) for n in range(COUNT)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("manifest") / "m"
    return make_manifest(folder, TEXTS, files=4, stratum=STRATUM, repeat=REPEAT)


@pytest.fixture(scope="module")
def opened(made: Made) -> Manifest:
    return made.open()


def digests(tables: Iterator[pa.Table]) -> list[bytes]:
    return [digest for table in tables for digest in table.column("sha256").to_pylist()]


@pytest.mark.parametrize("epoch", [0, 1, 2**32 - 1])
def test_an_epoch_lacks_a_document_or_repeats_one(made: Made, opened: Manifest, epoch: int) -> None:
    order = digests(opened.batches(64, epoch))
    assert sorted(order) == made.epoch()
    assert len(opened) == len(order) == sum(REPEAT)


def test_epochs_come_in_one_order(opened: Manifest) -> None:
    assert digests(opened.batches(50, 0)) != digests(opened.batches(50, 1))


def test_the_order_is_that_of_the_files(made: Made, opened: Manifest) -> None:
    assert digests(opened.batches(50))[:20] != list(made.digests[:20])


def test_a_table_is_not_what_it_says(made: Made, opened: Manifest) -> None:
    stratum = dict(zip(made.digests, made.stratum, strict=True))
    for table in opened.batches(50):
        assert table.schema == SCHEMA
        table.validate(full=True)
        for row in table.to_pylist():
            assert sha256(row["text"].encode()).digest() == row["sha256"]
            assert stratum[row["sha256"]] == row["stratum"]


def test_a_stretch_lacks_a_stratum(opened: Manifest) -> None:
    """Of every stretch each stratum has its share, but for two at each of its ends."""
    strata = np.concatenate([t.column("stratum").to_numpy() for t in opened.batches(64)])
    total = np.bincount(strata, minlength=STRATA)
    for size in (10, 40):
        for start in range(0, len(strata) - size, 7):
            found = np.bincount(strata[start : start + size], minlength=STRATA)
            assert (abs(found - total * size / len(strata)) <= 4).all()


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 300), start=st.integers(0, sum(REPEAT)), epoch=st.integers(0, 3))
def test_what_comes_depends_on_batches(opened: Manifest, size: int, start: int, epoch: int) -> None:
    whole = digests(opened.batches(1000, epoch))
    assert digests(opened.batches(size, epoch, start)) == whole[start:]
    kept = digests(opened.batches(size, epoch, start, drop_last=True))
    assert kept == whole[start : start + (len(whole) - start) // size * size]


def together(opened: Manifest, size: int, world: int, workers: int, start: int) -> list[set[bytes]]:
    """The global batches, put together from what ranks and their workers read."""
    readers = {
        (rank, worker): opened.read(
            size, 1, start, rank=rank, world=world, worker=worker, workers=workers
        )
        for rank in range(world)
        for worker in range(workers)
    }
    batches = []
    for number in range(-(-(len(opened) - start) // size)):
        parts = [next(readers[rank, number % workers]) for rank in range(world)]
        assert len({part.position for part in parts}) == 1
        found = [digest for part in parts for digest in part.table.column("sha256").to_pylist()]
        batches.append(set(found))
    assert all(next(reader, None) is None for reader in readers.values())
    return batches


@settings(max_examples=25, deadline=None)
@given(
    share=st.integers(1, 9),
    world=st.sampled_from([1, 2, 3, 8]),
    workers=st.sampled_from([1, 2, 5]),
    start=st.integers(0, sum(REPEAT)),
)
def test_batches_depend_on_ranks_and_workers(
    opened: Manifest, share: int, world: int, workers: int, start: int
) -> None:
    expected = [
        set(table.column("sha256").to_pylist()) for table in opened.batches(share * world, 1, start)
    ]
    assert together(opened, share * world, world, workers, start) == expected


def test_a_document_by_position_is_another(made: Made, opened: Manifest) -> None:
    order = digests(opened.batches(64))
    documents = list(opened)
    assert documents == [opened[at] for at in range(len(opened))]
    assert [document.sha256 for document in documents] == [f"sha256:{d.hex()}" for d in order]
    assert all(
        isinstance(document, Document)
        and document.text == TEXTS[made.digests.index(order[at])]
        and document.stratum == STRATUM[made.digests.index(order[at])]
        for at, document in enumerate(documents)
    )
    assert opened[-1] == documents[-1] and opened[np.int64(3)] == documents[3]
    assert opened[5:25:7] == documents[5:25:7] and opened[4:4] == []
    for wrong in (len(opened), -len(opened) - 1):
        with pytest.raises(IndexError, match=f"expected one of an epoch of {len(opened)}"):
            opened[wrong]


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 50), start=st.integers(0, 100), epoch=st.integers(0, 2), data=st.data())
def test_an_audit_names_other_documents(
    opened: Manifest, size: int, start: int, epoch: int, data: st.DataObject
) -> None:
    batches = list(opened.read(size, epoch, start))
    number = data.draw(st.integers(0, len(batches) - 1))
    assert opened.audit(number, size, epoch, start) == batches[number].sha256
    with pytest.raises(InputError, match=f"batch {len(batches)}"):
        opened.audit(len(batches), size, epoch, start)


def test_the_batches_of_a_document_are_unknown(made: Made, opened: Manifest) -> None:
    order = digests(opened.batches(64, 2))
    for digest, count in Counter(made.epoch()).items():
        found = opened.positions(f"sha256:{digest.hex()}", 2)
        assert found == [at for at, other in enumerate(order) if other == digest]
        assert len(found) == count
    assert opened.positions(bytes(32)) == []
    with pytest.raises(InputError):
        opened.positions(b"short")


def test_a_batch_does_not_say_where_to_go_on(opened: Manifest) -> None:
    whole = digests(opened.batches(1000))
    seen: list[bytes] = []
    for batch in opened.read(17):
        seen += batch.table.column("sha256").to_pylist()
        assert batch.state == {"manifest": opened.digest, "epoch": 0, "position": len(seen)}
        assert digests(opened.batches(100, 0, batch.position.position)) == whole[len(seen) :]
    assert len(seen) == len(whole)


def test_another_process_reads_other_documents(opened: Manifest) -> None:
    again = pickle.loads(pickle.dumps(opened))
    assert list(again) == list(opened)


def test_a_manifest_is_replaced_under_a_reader(tmp_path: Path) -> None:
    made = make_manifest(tmp_path / "m", TEXTS)
    sent = pickle.dumps(made.open())
    made.sign(replace(made.statement, version=2))
    with pytest.raises(VerificationError, match="expected") as caught:
        pickle.loads(sent)
    assert "replaced while it was read" in str(caught.value.hint)


@pytest.mark.parametrize("strata", [1, 4])
def test_a_run_resumes_at_a_billion(tmp_path: Path, strata: int) -> None:
    """65,535 times 20,000 rows: at position 10^9 the same documents as on the way there."""
    count, at = 20_000, 10**9
    made = make_manifest(
        tmp_path / "m", [f"{n}" for n in range(count)], batch=4096, repeat=[65_535] * count,
        stratum=[n % strata for n in range(count)],
    )  # fmt: skip
    opened = made.open()
    assert len(opened) == 65_535 * count > at
    first = next(opened.batches(512, 3, at - 100))
    resumed = next(opened.batches(512, 3, at))
    assert first.column("sha256").to_pylist()[100:] == resumed.column("sha256").to_pylist()[:412]
    assert at in opened.positions(resumed.column("sha256")[0].as_py(), 3)


def test_a_text_that_is_not_utf8_is_given_out_as_text(tmp_path: Path) -> None:
    opened = make_manifest(tmp_path / "m", [b"fine", b"caf\xe9"]).open()
    with pytest.raises(VerificationError, match="not UTF-8"):
        list(opened)
    with pytest.raises(VerificationError, match=r"part-00000\.arrow: a text from row 0 on"):
        opened.verify()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"batch_size": 0}, "batches of 0"),
        ({"batch_size": 4, "start": 10**6}, "position 1000000"),
        ({"batch_size": 4, "epoch": -1}, "epoch -1"),
        ({"batch_size": 4, "epoch": 2**32}, "epoch 4294967296"),
        ({"batch_size": 4, "rank": 2, "world": 2}, "rank 2 of 2"),
        ({"batch_size": 4, "world": 3}, "batches of 4 for 3 ranks"),
        ({"batch_size": 4, "worker": 1, "workers": 1}, "worker 1 of 1"),
    ],
)
def test_what_cannot_be_read_is_read(
    opened: Manifest, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        list(opened.read(**arguments))


def test_a_rank_without_documents_of_the_last_batch_is_left_behind(opened: Manifest) -> None:
    """So that ranks which wait for each other have as many batches."""
    lasts: list[Batch] = []
    for rank in range(5):
        lasts.append(list(opened.read(5, 0, len(opened) - 7, rank=rank, world=5))[-1])
    assert [len(batch) for batch in lasts] == [1, 1, 0, 0, 0]
    assert all(batch.position.position == len(opened) for batch in lasts)
