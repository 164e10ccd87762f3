"""A manifest and a scan are the same from every engine and from SQL, in any order and division."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ledger.corpus.texts import text_sources
from ledger.engines import Engine, content_root, run
from ledger.manifests.building import plan
from ledger.manifests.sampling.engine_keys import digest_lists, engine_keys, keying
from ledger.manifests.sampling.keys import document_keys
from ledger.manifests.strata.tokens import counting
from tests.engines.cluster import WITH_RAY, Cluster, two_nodes
from tests.manifests.building.corpus import Corpus, make_corpus
from tests.manifests.building.plain_sql import rows_root, scan_root
from tests.manifests.sampling.oracle import documents

MIX = """
unit = "tokens"
budget = 300
datasets = ["diary@1", "wiki@1"]
strata = ["dataset", "topic", "language"]
"""
DATASETS = ("diary", "wiki", "model")
SHARDS = [(11, 1), (12, 3), (13, 7)]  # how shuffled, how many files a dataset


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with two_nodes() as made:
        yield made


def _folders(corpus: Corpus) -> dict[str, Path]:
    return {f"{name}@1": corpus.place / name for name in DATASETS}


def _same(tmp_path: Path, shuffle: int, files: int, *engines: Engine) -> bytes:
    """Build and scan with each engine, beside SQL; the content_root of the manifest."""
    corpus = make_corpus(tmp_path / "corpus", shuffle=shuffle, files=files)
    roots = set()
    for number, engine in enumerate(engines):
        for kept in Path(f"{corpus.location}.sidecars").glob("*"):
            kept.unlink()  # every engine counts by itself
        made = corpus.build(MIX, tmp_path / f"out{number}", workers=engine)
        strata = json.loads((tmp_path / f"out{number}" / "strata.json").read_bytes())["strata"]
        found = rows_root(_folders(corpus), made.statement.axes, strata)
        assert found == made.statement.content_root, "SQL finds other rows"
        roots.add(found)
        with corpus.open() as log:
            sources = [one for name in DATASETS for one in text_sources(log, f"{name}@1")]
        assert len(sources) == len(DATASETS) * files
        scanned = run(counting(), sources, tmp_path / f"scan{number}", workers=engine)
        assert content_root(scanned) == scan_root(_folders(corpus)), "SQL counts otherwise"
    corpus.verify()
    assert len(roots) == 1
    return roots.pop()


def test_the_pool_sql_order_and_shards_differ(tmp_path: Path) -> None:
    found = {
        _same(tmp_path / str(files), shuffle, files, Engine(workers=1), Engine(workers=2))
        for shuffle, files in SHARDS
    }
    assert len(found) == 1


@pytest.mark.parametrize("mark", [pytest.param("ray", marks=WITH_RAY)])
def test_ray_differs(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    """Keys are drawn there too, of so few documents only because we say so."""
    monkeypatch.setattr(plan, "engine_keys", partial(engine_keys, part=50))
    ray, found = Engine(mark, address=cluster.address), set[bytes]()
    for shuffle, files in SHARDS:
        place = tmp_path / str(files)
        found.add(_same(place, shuffle, files, ray, Engine(workers=1)))
    (kept,) = {len(list(tmp_path.glob(f"{files}/corpus/*.sidecars"))) for _, files in SHARDS}
    assert kept == len(found) == 1


@pytest.mark.parametrize("seed", [0, 2**64 - 1])
def test_keys_hang_on_where_lists_are_cut(tmp_path: Path, seed: int) -> None:
    digests = np.frombuffer(b"".join(sorted(documents(100))), np.uint8).reshape(-1, 32)
    expected = document_keys(digests, seed)
    for part, workers in ((100, 1), (33, 2), (1000, 1)):
        place = tmp_path / str(part)
        place.mkdir()
        lists = digest_lists(digests, place, part)
        assert len(lists) == -(-100 // part)
        found = run(keying(seed), lists, place / "s", workers=workers)
        keys = [table["key"].to_numpy() for sidecar in found for table in sidecar.tables()]
        assert np.array_equal(np.concatenate(keys), expected)
    assert np.array_equal(engine_keys(digests, seed, tmp_path), expected)
