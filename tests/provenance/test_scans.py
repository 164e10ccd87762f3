"""What stands of registered marks and of scans, at a glance: never what was taken back."""

from pathlib import Path
from typing import Any

import pytest

from ledger.errors import UnknownNameError
from ledger.log.canonical import Entry, subject_of
from ledger.provenance.datasets import show_dataset
from ledger.provenance.policy import DEFAULT_POLICY, load_policy
from ledger.provenance.scans import LastScan, MarkCounts, count_marks, last_scans
from ledger.provenance.status import status_of
from tests.log.making import (
    assert_whole,
    digest,
    entry,
    key,
    new_ledger,
    origin,
    signer,
    withdrawal,
)

PROVIDER = signer("example.org/marks")
NEWS = subject_of("dataset", "news", "1")


def state(name: str, *, signed: bool = True, **changes: Any) -> Entry:
    body = {
        "algorithm": "gumbel-philox/single@1", "issued_at": 1_600_000_000, "key_class": "committed",
        "key_commitment": digest("key"), "name": name, "parameters": {"context_width": "4"},
        "provider": "Example Ltd", "provider_key": PROVIDER.verifier.vkey, "status": "active",
        "vectors": digest("vectors"), "version": "1", "vocab_size": 50_257,
    } | changes  # fmt: skip
    return entry("scheme", subject_of("scheme", name, "1"), body, by=[PROVIDER] if signed else ())


def scan(documents: int, *, kind: str = "watermark", **outcomes: int) -> Entry:
    mark = {
        "mark": digest("m"), "state": digest("s"), "detected": 0, "undecidable": 0, "least": 2,
        "fdr": 0, "pooled_milli": 0,
    }  # fmt: skip
    body = {
        "dataset": "news@1", "content_root": digest("root"), "scan": kind, "version": "w/1",
        "parameters": digest("p"), "results": digest("r"), "documents": documents, "tokens": 9,
        "alpha_milli": 9_000, "fdr_milli": 2_000, "outcomes": outcomes, "marks": [mark] * 2,
        "unicode": {},
    }  # fmt: skip
    return entry("scan", NEWS, body)


def test_a_mark_is_counted_as_it_once_stood(tmp_path: Path) -> None:
    ledger, first, gone = new_ledger(tmp_path), state("a"), state("c")
    later = {"status": "revoked", "supersedes": first.claim_id}
    ledger.append([
        key(PROVIDER, "provider"), first, state("b"), gone, state("d", signed=False),
        state("e", status="retired"), state("a", **later), withdrawal(gone),
    ])  # fmt: skip
    assert_whole(ledger)
    with ledger.open() as log:
        found = count_marks(log)
        assert found == MarkCounts(active=1, retired=1, revoked=1)
        assert found.registered == 3
        assert status_of(log, load_policy(DEFAULT_POLICY)).marks == found


def test_a_scan_that_was_taken_back_is_the_last(tmp_path: Path) -> None:
    ledger, taken = new_ledger(tmp_path), scan(3, detected=3)
    with ledger.open() as log:
        assert (last_scans(log), count_marks(log).registered) == ([], 0)
    ledger.append([
        origin(digest("d"), dataset="news@1"), scan(1, detected=1), scan(2, detected=2), taken,
        scan(2, kind="verdict", like_ai_sample=1, uncertain=1), scan(9, kind="aura", seen=4),
        withdrawal(taken),
    ])  # fmt: skip
    assert_whole(ledger)
    with ledger.open() as log:
        at = {index: log.entry(index).at for index in range(log.size)}
        first = log.find(NEWS)[0]
        expected = [
            LastScan("news@1", "aura", first + 4, at[first + 4], 9, 2, None),
            LastScan("news@1", "verdict", first + 3, at[first + 3], 2, 2, 1),
            LastScan("news@1", "watermark", first + 1, at[first + 1], 2, 2, 2),
        ]
        assert last_scans(log) == last_scans(log, "news@1") == expected
        assert show_dataset(log, "news@1").scans == tuple(expected)
        assert status_of(log, load_policy(DEFAULT_POLICY)).scans == tuple(expected)
        assert last_scans(log, "news@2") == []
        with pytest.raises(UnknownNameError):
            show_dataset(log, "news@2")
