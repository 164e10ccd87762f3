"""Comparisons that a certificate repeats: of this dataset, in this state, not taken back."""

from pathlib import Path
from typing import Any

from ledger.claims import Overlap, Takedown
from ledger.log.canonical import subject_of
from ledger.log.record import Claim
from tests.certificates.ledgers import Ledger, digest, make, origin
from tests.certificates.test_checks import withdrawal
from tests.certificates.test_composition import composition
from tests.certificates.test_open import check, issue, statement_of

CORPUS = [origin(f"text {n}", row=n) for n in range(4)]


def compared(root: bytes, against: str = "old@1", **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "dataset": "r@1",
        "content_root": f"sha256:{root.hex()}",
        "against": against,
        "against_root": digest("old"),
        "method": "test/1",
        "documents": 4,
        "against_documents": 9,
        "exact": 1,
        "normalised": 1,
        "near_80": 2,
        "near_50": 2,
        "contained": 0,
        "novel": 1,
    } | changes
    name, _, version = values["dataset"].rpartition("@")
    return Claim("overlap", subject_of("dataset", name, version), Overlap(**values))


def overlaps(ledger: Ledger, dataset: str = "r@1") -> dict[str, Any]:
    return composition(ledger, dataset)[0]["overlaps"]


def test_a_comparison_of_another_state_or_dataset_is_repeated(tmp_path: Path) -> None:
    ledger = make(tmp_path, [*CORPUS, origin("other", "q@1")])
    assert overlaps(ledger) == {"other_states": 0, "rows": []}
    _, root = composition(ledger)
    before = compared(bytes(32))
    ledger.record(compared(root), before, compared(root, dataset="q@1"))
    found = overlaps(ledger)
    assert found["other_states"] == 1
    assert [(row["against"], row["near_80"]) for row in found["rows"]] == [("old@1", 2)]
    ledger.record(withdrawal(before))
    assert overlaps(ledger)["other_states"] == 0
    ledger.record(origin("one more", row=9))
    assert overlaps(ledger) == {"other_states": 1, "rows": []}


def test_the_order_of_entries_shows_in_the_rows(tmp_path: Path) -> None:
    ledger = make(tmp_path / "a", CORPUS)
    _, root = composition(ledger)
    claims = [compared(root, "z@1"), compared(root, "b@1"), compared(root, "b@1", exact=0)]
    ledger.record(*claims)
    other = make(tmp_path / "b", [*reversed(claims), *CORPUS])
    assert overlaps(ledger) == overlaps(other)
    assert [row["against"] for row in overlaps(ledger)["rows"]] == ["b@1", "b@1", "z@1"]


def test_pairs_found_twice_count_as_two_comparisons(tmp_path: Path) -> None:
    """Only where the list of pairs differs, which no certificate shows."""
    ledger = make(tmp_path, CORPUS)
    _, root = composition(ledger)
    ledger.record(compared(root), compared(root, pairs=digest("pairs")))
    assert len(overlaps(ledger)["rows"]) == 1


def test_what_came_after_a_certificate_is_in_its_numbers(tmp_path: Path) -> None:
    """Kinds that no projection reads need no replay, and count only below the size."""
    ledger = make(tmp_path / "ledger", CORPUS)
    _, root = composition(ledger)
    ledger.record(compared(root))
    issue(ledger, tmp_path / "out")
    later = compared(root, "later@1"), withdrawal(compared(root))
    ledger.record(later[0], Claim("takedown", digest("text 0"), Takedown(reason="privacy")))
    assert check(ledger, tmp_path / "out", level=3).level == 3
    ledger.record(later[1])
    assert check(ledger, tmp_path / "out", level=3).level == 3
    (row,) = statement_of(tmp_path / "out").composition["overlaps"]["rows"]
    assert row["against"] == "old@1"
