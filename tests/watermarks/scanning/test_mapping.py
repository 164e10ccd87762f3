import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger.engines import Scan, Sidecar, content_root, run
from ledger.watermarks.detector import detect
from ledger.watermarks.scanning.mapping import KEPT, RESULTS, TokenSource, detecting
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.tokenization import read_tokens, token_scan, tokenize
from ledger.watermarks.tokens import Tokens
from tests.watermarks.scanning.making import (
    Texts,
    marked_ids,
    plain_ids,
    spelled,
    target,
    words_tokenizer,
)

NONE = np.zeros(0, np.uint32)
SECRET = 918_273_645


def targets() -> list[ScanTarget]:
    return [target("unigram", SECRET), target("murmur", 5), target("unigram", 8)]


def documents() -> list[list[int]]:
    wanted = targets()
    found = [plain_ids(150 + seed, seed) for seed in range(14)]
    found += [marked_ids(wanted[0], 100), [], [3] * 400, marked_ids(wanted[2], 90)]
    found += [plain_ids(300, 90) + marked_ids(wanted[0], 80, 1) + plain_ids(200, 91)]
    return found


def scanned(sources: Sequence[Texts], folder: Path, scan: Scan, workers: int = 1) -> list[Sidecar]:
    tokenizer = words_tokenizer()
    made = tokenize(tokenizer, sources, folder, workers=1)
    digest = token_scan(tokenizer, folder).digest
    return run(scan, [TokenSource(sidecar, digest) for sidecar in made], folder, workers=workers)


def test_results_depend_on_batches_order_or_workers(own_place: Path) -> None:
    texts = tuple(spelled(ids) for ids in documents())
    scan = detecting(targets(), [20, 20, 20], NONE)
    roots = set()
    for number, (rows, workers) in enumerate([(1, 1), (3, 1), (1000, 1), (5, 2)]):
        order = np.random.default_rng(number).permutation(len(texts)).tolist()
        mixed = [texts[place] for place in order]
        half = len(mixed) // (number + 2)
        assert workers == 1 or half  # two sources, or there is nothing to share
        parts = [Texts(tuple(mixed[:half]), rows), Texts(tuple(mixed[half:]), rows)]
        sidecars = scanned(parts, own_place / f"{number}", scan, workers)
        assert sum(sidecar.rows for sidecar in sidecars) == len(texts)
        roots.add(content_root(sidecars))
    assert len(roots) == 1


def test_rows_say_other_than_the_detector(own_place: Path) -> None:
    wanted, ids = targets(), documents()
    (sidecar,) = scanned(
        [Texts(tuple(map(spelled, ids)))], own_place / "s", detecting(wanted, [20] * 3, NONE)
    )
    (table,) = sidecar.tables()
    assert table.schema.equals(RESULTS)
    exact = [detect(Tokens.of(ids), one.open()) for one in wanted]
    listed = 0
    for document, row in enumerate(table.to_pylist()):
        assert row["tokens"] == len(ids[document])
        assert row["counted"] == [found.counted[document] for found in exact]
        micro = [int(-found.log_p[document] / np.log(10) * 1e6) for found in exact]
        expected = [mark for mark in range(3) if micro[mark] >= KEPT]
        assert row["marks"] == expected
        assert row["neg_log10_p_micro"] == [micro[mark] for mark in expected]
        assert row["statistic_micro"] == [
            int(exact[mark].statistic[document] * 1e6) for mark in expected
        ]
        spans = [exact[mark].spans.of(document) for mark in expected]
        assert row["spans"] == [len(each) for each in spans]
        flat = [span for each in spans for span in each]
        assert row["span_start"] == [span[0] for span in flat]
        assert row["span_end"] == [span[1] for span in flat]
        assert row["span_neg_log10_p_micro"] == [int(-span[2] / np.log(10) * 1e6) for span in flat]
        listed += len(expected)
    assert listed >= 3 and any(table.column("span_start").to_pylist())


def test_a_key_lies_in_the_parameters_or_beside_the_ledger(own_place: Path) -> None:
    wanted = targets()
    scan = detecting(wanted, [20] * 3, NONE)
    # the unigram family keeps 32 bits of a hash; both the given and the effective key are secret
    secrets = {str(SECRET), *(value for one in wanted for value in one.key.values())}
    scanned([Texts(tuple(map(spelled, documents())))], own_place / "s", scan)
    shown = [str(scan.params), repr(scan), repr(wanted), scan.digest, str(scan.map)]
    shown += [path.read_bytes().decode("latin-1") for path in (own_place / "s").iterdir()]
    shown += [path.name for path in (own_place / "s").iterdir()]
    for secret in secrets:
        assert len(secret) < 5 or not any(secret in text for text in shown)
    assert (own_place / "s").stat().st_mode & 0o077 == 0


def test_a_worker_gets_a_decoder_without_its_key(own_place: Path) -> None:
    scan = detecting(targets(), [20] * 3, NONE)
    lists = pa.large_list(pa.field("item", pa.uint32(), nullable=False))
    ids = pa.array([marked_ids(targets()[0], 90)], lists)
    table = pa.table({"sha256": pa.array([b"\0" * 32], pa.binary(32)), "ids": ids})
    there = pickle.loads(pickle.dumps(scan))
    assert there.apply(table).equals(scan.apply(table))
    assert there.apply(table).column("marks").to_pylist() == [[0]]


def test_another_key_or_least_length_finds_the_results_of_the_first() -> None:
    def digest(*targets: ScanTarget, least: int = 20, hot: int = 0) -> str:
        hot_ids = np.arange(hot, dtype=np.uint32)
        return detecting(list(targets), [least] * len(targets), hot_ids).digest

    one, other = target("unigram", 1), target("unigram", 2)
    digests = {
        digest(one),
        digest(other),
        digest(one, other),
        digest(other, one),
        digest(one, least=21),
        digest(one, hot=3),
        digest(target("unigram", 1, vectors="sha256:" + "5" * 64)),
    }
    assert len(digests) == 7
    assert digest(target("unigram", 1, calibration="sha256:" + "6" * 64)) == digest(one)


def test_an_empty_table_is_a_crash() -> None:
    scan = detecting(targets(), [20] * 3, NONE)
    ids = pa.large_list(pa.field("item", pa.uint32(), False))
    empty = pa.table({"sha256": pa.array([], pa.binary(32)), "ids": pa.array([], ids)})
    assert scan.apply(empty).num_rows == 0
    sliced = pa.table({
        "sha256": pa.array([bytes([n]) * 32 for n in range(4)], pa.binary(32)),
        "ids": pa.array([[1, 2], [3], [], [4, 5]], ids),
    }).slice(1, 3)  # fmt: skip
    assert scan.apply(sliced).column("tokens").to_pylist() == [1, 0, 2]
    assert read_tokens(sliced).ids.tolist() == [3, 4, 5]
