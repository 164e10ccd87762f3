"""Synthetic text above the limit is refused, accepted with a reason, or said not to be known."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ledger.claims import Audit, ContaminationAudit, Withdrawal
from ledger.errors import GateError, InfeasibleError, InputError
from ledger.log.canonical import subject_of
from ledger.log.record import Claim, record
from ledger.manifests.building.build import dry_run
from ledger.manifests.words import dry_data, dry_lines
from ledger.provenance.overlap import dataset_reference
from ledger.provenance.policy import load_policy
from tests.log.making import digest
from tests.manifests.building.corpus import Corpus, mix_of, row

MIX = 'datasets = ["diary@1", "wiki@1"]\nstrata = ["dataset"]\n'
MODELS = 'datasets = ["diary@1", "model@1"]\nstrata = ["dataset"]\n'
OTHER = 'name = "other"\nversion = 1\nstage = "pretrain"\nseed = 7\n'
LABELS = 'datasets = ["diary@1", "model@1"]\nstrata = ["label"]\n'


def measure(corpus: Corpus, dataset: str, **changes: Any) -> Claim:
    """Record a contamination audit of a dataset as it stands."""
    values: dict[str, Any] = {
        "documents": 40, "measurable": 4000, "sampled": 400, "unmeasured": {}, "cut_milli": 0,
        "flagged": 40, "human": 999, "human_above": 49, "ai": 800, "ai_above": 600,
        "estimate_ppm": 71_000, "low_ppm": 30_000, "high_ppm": 120_000, "bound_ppm": 71_000,
        "level_ppm": 100_000, "upper_level_ppm": 250_000, "gate": "passed",
    } | changes  # fmt: skip
    with corpus.open(write=True) as log:
        root = dataset_reference(log, dataset).root
        body = Audit(
            dataset=dataset, content_root=f"sha256:{root.hex()}", audit="contamination",
            method="rogan-gladen", detector="headwater-core", detector_version="1",
            calibration=digest("c"), parameters=digest("p"), results=digest("r"),
            contamination=ContaminationAudit(**values),
        )  # fmt: skip
        claim = Claim("audit", subject_of("dataset", *dataset.split("@")), body)
        record(log, [claim])
    return claim


def gates(corpus: Corpus, mix: str, out: Path, **options: object) -> dict[str, dict[str, Any]]:
    made = corpus.build(mix, out, **options)
    return {str(row["name"]): dict(row) for row in made.statement.gates}


def test_without_an_audit_nothing_was_passed(tmp_path: Path, corpus: Corpus) -> None:
    found = gates(corpus, MIX, tmp_path / "out")
    assert found["max_synthetic"]["outcome"] == "passed"
    assert found["max_synthetic"]["found_ppm"] == 0
    for name, limit in (("contamination", 100_000), ("contamination_upper", 250_000)):
        assert found[name] == {
            "detail": "no contamination audit of wiki@1 as it stands",
            "limit_ppm": limit,
            "name": name,
            "outcome": "not_evaluated",
        }


def test_a_mix_that_requires_an_audit(tmp_path: Path, corpus: Corpus) -> None:
    with pytest.raises(GateError, match="found no contamination audit of wiki@1") as caught:
        corpus.build("require_audit = true\n" + MIX, tmp_path / "out", accept_synthetic="so what")
    assert caught.value.hint == "headwater audit contamination wiki@1"
    measure(corpus, "wiki@1")
    found = gates(corpus, "require_audit = true\n" + MIX, tmp_path / "out")
    assert found["contamination"]["outcome"] == "passed"


def test_dated_text_needs_no_audit(tmp_path: Path, corpus: Corpus) -> None:
    mix = 'require_audit = true\ndatasets = ["diary@1"]\nstrata = ["dataset"]\n'
    found = gates(corpus, mix, tmp_path / "out")
    assert {row["outcome"] for row in found.values()} == {"passed"}


def test_the_share_counts_unknown_text_alone(tmp_path: Path, corpus: Corpus) -> None:
    measure(corpus, "wiki@1", estimate_ppm=100_000, high_ppm=200_000)
    found = gates(corpus, MIX, tmp_path / "out")  # 60 dated pages, 40 measured ones
    assert found["contamination"]["found_ppm"] == 40_000
    assert found["contamination_upper"]["found_ppm"] == 80_000


def test_above_the_estimate(tmp_path: Path, corpus: Corpus) -> None:
    measure(corpus, "wiki@1", estimate_ppm=300_000, high_ppm=400_000)
    with pytest.raises(GateError, match=r"contamination: found 12 % .* expected at most 10 %"):
        corpus.build(MIX, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    found = gates(corpus, MIX, tmp_path / "out", accept_synthetic="a study of collapse")
    assert found["contamination"]["outcome"] == "accepted"
    assert found["contamination"]["detail"].endswith("; accepted: a study of collapse")
    assert found["contamination_upper"]["outcome"] == "passed"


def test_a_refusal_says_which_sample_would_decide(tmp_path: Path, corpus: Corpus) -> None:
    mix = 'datasets = ["wiki@1"]\nstrata = ["dataset"]\n'
    measure(corpus, "wiki@1", high_ppm=330_000)
    with pytest.raises(GateError, match=r"contamination_upper: found 33 %.*; of wiki@1, about "
                       r"[0-9,]+ more measured documents would decide"):  # fmt: skip
        corpus.build(mix, tmp_path / "out")


def test_an_audit_of_another_state_counts_for_nothing(tmp_path: Path, corpus: Corpus) -> None:
    measure(corpus, "wiki@1")
    corpus.add("wiki", [[row("one more page", "facts")]], "crawled")
    assert gates(corpus, MIX, tmp_path / "out")["contamination"]["outcome"] == "not_evaluated"


def test_the_newest_live_audit_counts(tmp_path: Path, corpus: Corpus) -> None:
    measure(corpus, "wiki@1", estimate_ppm=50_000)
    newer = measure(corpus, "wiki@1", estimate_ppm=60_000)
    assert gates(corpus, MIX, tmp_path / "a")["contamination"]["found_ppm"] == 24_000
    with corpus.open(write=True) as log:
        (index,) = (i for i in log.find(newer.subject) if log.entry(i).kind == "audit"
                    and log.entry(i).body["contamination"]["estimate_ppm"] == 60_000)  # fmt: skip
        body = Withdrawal(claim=log.entry(index).claim_id)
        record(log, [Claim("withdrawal", newer.subject, body)])
    assert gates(corpus, MIX, tmp_path / "b")["contamination"]["found_ppm"] == 20_000


def test_labels_are_counted_even_if_no_stratum_knows_them(tmp_path: Path, corpus: Corpus) -> None:
    with pytest.raises(GateError, match=r"max_synthetic: found 33.3334 % .* at most 10 %"):
        corpus.build(MODELS, tmp_path / "out")
    found = gates(corpus, MODELS, tmp_path / "out", accept_synthetic="on purpose")
    assert found["max_synthetic"]["outcome"] == "accepted"


def test_strata_by_label_keep_the_limit_by_themselves(tmp_path: Path, corpus: Corpus) -> None:
    made = corpus.build(LABELS, tmp_path / "out")
    assert made.statement.rows == 66  # 60 pages, and 6 of 66 synthetic
    assert made.statement.gates[0]["found_ppm"] == 90_910
    with pytest.raises(InfeasibleError, match="max_synthetic"):
        corpus.build(OTHER + "budget = 80\n" + LABELS, tmp_path / "other")


@pytest.mark.parametrize("reason", ["", "  ", "a\x07bell", "x" * 501])
def test_a_reason_is_words(tmp_path: Path, corpus: Corpus, reason: str) -> None:
    with pytest.raises(InputError, match="accept_synthetic"):
        corpus.build(MODELS, tmp_path / "out", accept_synthetic=reason)


@pytest.mark.parametrize("unit", ["documents", "tokens"])
def test_an_audit_holds_the_allocation_to_the_limit(
    tmp_path: Path, corpus: Corpus, unit: str
) -> None:
    """By nature 23 % would be labelled and 6 % estimated; both limits hold, exactly as planned."""
    measure(corpus, "wiki@1", estimate_ppm=200_000, high_ppm=300_000)
    mix = (f'unit = "{unit}"\nbudget = 70\ndatasets = ["diary@1", "wiki@1", "model@1"]\n'
           'strata = ["label", "basis", "dataset"]\n')  # fmt: skip
    made = corpus.build(mix, tmp_path / "out")
    found = {row["name"]: row for row in made.statement.gates}
    assert {row["outcome"] for row in found.values()} == {"passed"}
    planned = {tuple(s["values"])[2]: s["planned"] for s in made.strata["strata"]}
    share = (planned["model@1"] + Fraction(1, 5) * planned["wiki@1"]) / sum(planned.values())
    assert share <= Fraction(1, 10) < share + Fraction(1, sum(planned.values()))
    assert abs(found["contamination"]["found_ppm"] - share * 1_000_000) <= 20
    assert [b["name"] for b in made.statement.bounds] == [
        "max_synthetic", "contamination", "contamination_upper",
    ]  # fmt: skip


def test_more_than_an_audit_leaves_room_for(tmp_path: Path, corpus: Corpus) -> None:
    measure(corpus, "wiki@1", estimate_ppm=200_000, high_ppm=300_000)
    mix = 'budget = 100\ndatasets = ["diary@1", "wiki@1"]\nstrata = ["label", "dataset"]\n'
    corpus.build(mix, tmp_path / "out")  # 8 %
    mix = mix.replace("100", "75") + (
        '[[bound]]\nwhere = { dataset = "wiki@1" }\nat_least = "51/100"\n'
    )
    with pytest.raises(InfeasibleError, match="contamination"):
        corpus.build(OTHER + mix, tmp_path / "other")


def test_a_dry_run_says_that_it_would_be_refused(corpus: Corpus) -> None:
    with corpus.open() as log:
        run = dry_run(log, mix_of(MODELS), load_policy())
        accepted = dry_run(log, mix_of(MODELS), load_policy(), accept_synthetic="a study")
    assert run.feasible and run.gates is None
    assert any(line.startswith("refused: max_synthetic: found 33") for line in dry_lines(run)[1])
    assert str(dry_data(run)["refused"]).startswith("max_synthetic: found 33")
    assert accepted.refused is None and accepted.gates is not None
