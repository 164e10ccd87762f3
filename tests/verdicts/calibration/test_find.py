from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.claims import Withdrawal
from ledger.errors import GateError, RefusedError, UnknownNameError, VerificationError
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.verdicts.calibration.find import day_of, find_profile, live_profile
from ledger.verdicts.calibration.listing import list_detectors, list_profiles
from ledger.verdicts.calibration.make import Calibrated, calibrate
from ledger.verdicts.core.model import Model
from tests.verdicts.calibration.test_make import pangram
from tests.verdicts.scanning.making import (
    AI,
    HUMAN,
    NOW,
    Clock,
    add,
    draw,
    fake_model,
    ledger,
    use,
)

DAY = 86_400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(own_place: Path, clock: Clock, detector: Model) -> Iterator[Log]:
    with ledger(clock) as opened:
        add(opened, "essays@1", draw(110, HUMAN))
        yield opened


def make(log: Log, name: str = "blogs", valid_days: int = 100) -> Calibrated:
    return calibrate(log, name, ["essays@1"], workers=1, valid_days=valid_days)


def test_no_calibration_is_a_verdict(log: Log) -> None:
    for name in (None, "blogs"):
        with pytest.raises(GateError, match="no calibration on known human text") as error:
            find_profile(log, name, at=NOW)
        assert "headwater verdict calibrate" in (error.value.hint or "")
    assert live_profile(log, at=NOW) is None


def test_the_newest_one_of_a_name_is_passed_over(log: Log) -> None:
    first, other, last = make(log), make(log, "news"), make(log, valid_days=200)
    assert find_profile(log, "blogs", at=NOW).claim_id == last.claim_id
    assert find_profile(log, "blogs@1", at=NOW).claim_id == first.claim_id
    assert find_profile(log, "news", at=NOW).claim_id == other.claim_id
    assert find_profile(log, at=NOW).claim_id == last.claim_id
    with pytest.raises(UnknownNameError) as error:
        find_profile(log, "blog", at=NOW)
    assert "blogs" in (error.value.hint or "")
    with pytest.raises(UnknownNameError):
        find_profile(log, "blogs@9", at=NOW)


def test_a_calibration_counts_for_ever(log: Log) -> None:
    first = make(log)
    end = first.body.expires_at
    assert find_profile(log, at=end - 1).claim_id == first.claim_id
    for name in (None, "blogs", "blogs@1"):
        with pytest.raises(GateError, match=f"blogs@1 expired on {day_of(end)}"):
            find_profile(log, name, at=end)
    assert live_profile(log, at=end) is None


def test_an_expired_one_hides_one_that_counts(log: Log) -> None:
    lasting = make(log, "lasting", valid_days=300)
    make(log, "short", valid_days=1)
    assert find_profile(log, at=NOW + DAY).claim_id == lasting.claim_id


def test_what_was_taken_back_is_found(log: Log) -> None:
    first, second = make(log), make(log, valid_days=200)
    subject = log.entry(second.entry).subject
    record(log, [Claim("withdrawal", subject, Withdrawal(claim=second.claim_id))])
    assert find_profile(log, "blogs", at=NOW).claim_id == first.claim_id


def test_scores_of_other_weights_are_ranked_in(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    old = make(log)
    use(monkeypatch, fake_model(1))
    for name in (None, "blogs"):
        with pytest.raises(GateError, match=f"is of weights {old.body.weights}, expected sha256:"):
            find_profile(log, name, at=NOW)
    assert find_profile(log, "blogs", at=NOW, weights=old.body.weights).claim_id == old.claim_id
    assert [listed.status for listed in list_profiles(log)] == ["other weights"]
    made = make(log)
    assert made.body.version == "2" and find_profile(log, at=NOW).claim_id == made.claim_id


def test_a_vendors_calibration_is_taken_for_ours(log: Log) -> None:
    models = draw(40, AI, 3)
    add(log, "models@1", models)
    claims = [pangram(number, value) for number, value in enumerate([*draw(110, HUMAN), *models])]
    record(log, claims)
    calibrate(log, "theirs", ["essays@1"], detector="pangram", synthetic="models@1", workers=1)
    with pytest.raises(GateError, match="no calibration"):
        find_profile(log, at=NOW)
    assert find_profile(log, "theirs", at=NOW).body.source == "pangram"
    assert [(row.source, row.calibrations) for row in list_detectors(log)] == [
        ("headwater", ()), ("pangram", ("theirs@1",)),
    ]  # fmt: skip


def test_a_withheld_or_broken_sample_is_a_traceback(log: Log) -> None:
    made = make(log)
    vault = log.vault
    assert vault is not None
    log.vault = None
    with pytest.raises(RefusedError, match="the vault withholds the sample of blogs@1"):
        find_profile(log, at=NOW)
    log.vault = vault
    digest = parse_digest(made.body.sample)
    kept = vault.attachment(digest)
    connection = vault._connection
    connection.execute("UPDATE attachment SET bytes = ? WHERE digest = ?", (b"{}", digest))
    with pytest.raises(VerificationError):
        find_profile(log, at=NOW)
    connection.execute("UPDATE attachment SET bytes = ? WHERE digest = ?", (kept, digest))
    assert find_profile(log, at=NOW).claim_id == made.claim_id


def test_a_list_says_which_count(log: Log, clock: Clock) -> None:
    make(log), make(log, valid_days=200), make(log, "short", valid_days=1)
    clock.now += DAY
    assert [(row.standing.label, row.status) for row in list_profiles(log)] == [
        ("blogs@1", "superseded"), ("blogs@2", "live"), ("short@1", "expired"),
    ]  # fmt: skip
    (ours,) = list_detectors(log)
    assert (ours.source, ours.name, ours.calibrations) == (
        "headwater", "headwater-core", ("blogs@2",),
    )  # fmt: skip


def test_a_claim_speaks_of_another_sample(log: Log) -> None:
    made = make(log)
    subject = log.entry(made.entry).subject
    changes: list[dict[str, object]] = [
        {"synthetic": 1},
        {"human": [made.body.human[0].model_copy(update={"source": "other@1"})]},
        {"human": [made.body.human[0].model_copy(update={"content_root": made.body.sample})]},
    ]
    for change in changes:
        claim = Claim("verdict_calibration", subject, made.body.model_copy(update=change))
        record(log, [claim])
        with pytest.raises(VerificationError, match="its sample is of other documents"):
            find_profile(log, at=NOW)
