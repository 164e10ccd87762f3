"""How much of what was published is declared AI."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import UnknownNameError
from ledger.provenance.models.published import Published, published
from tests.conftest import Ran
from tests.log.making import (
    assert_whole,
    authorship,
    digest,
    evidence,
    key,
    new_ledger,
    origin,
    signer,
)

Y2024, Y2025 = 1_710_000_000, 1_740_000_000


def test_year_by_year(tmp_path: Path) -> None:
    ledger, ada = new_ledger(tmp_path), signer("ada.example/claims")
    names = [digest(f"text {n}") for n in range(7)]
    ledger.append(
        [
            key(ada),
            *(origin(name, file="f", row=n) for n, name in enumerate(names[:4])),
            evidence(digest("f"), Y2024),
            evidence(names[3], Y2025, outcome="asserted"),  # asserted and later: no matter
            origin(names[4], file="g", collected_at=Y2025),
            origin(names[5], file="h", collected_at=Y2025),
            evidence(names[5], Y2024, outcome="asserted"),
            origin(names[6], file="i"),
            origin(names[6], dataset="q@1", file="j", collected_at=Y2025),
            authorship(names[0], "A4"),
            authorship(names[1], "A2", ai_ppm=255_000, covered_ppm=255_000, spans=digest("s")),
            authorship(names[2], "A0", by=[ada]),
            authorship(names[4], "A1"),
            authorship(names[4], "A3"),  # who says both is declared AI
            authorship(names[5], "A3", weight="weak"),
            authorship(names[6], "A0", covered_ppm=1, spans=digest("s")),
        ]
    )
    assert_whole(ledger)
    with ledger.open() as log:
        assert published(log, "r@1") == [
            Published(2024, 5, 500, 2, 125, 1),
            Published(2025, 1, 100, 1, 100, 0),
            Published(None, 1, 100, 0, 0, 0),
        ]
        assert [row.silent for row in published(log, "r@1")] == [2, 0, 1]
        with pytest.raises(UnknownNameError, match="unknown dataset: none@1"):
            published(log, "none@1")


def test_as_a_command(own_place: Path, headwater: Callable[..., Ran]) -> None:
    assert headwater("init").code == 0
    (own_place / "notes.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    assert headwater("ingest", "notes.jsonl", "--dataset", "notes@1").code == 0
    ran = headwater("audit", "published", "notes@1")
    assert ran.code == 0, ran.stderr
    assert ran.stdout.splitlines()[1].split() == [
        "unknown",
        "2",
        "0",
        "0.0",
        "%",
        "0.0",
        "%",
        "0",
        "2",
    ]
    assert "what nobody declared may be either" in ran.stdout
    assert headwater("verify").code == 0
