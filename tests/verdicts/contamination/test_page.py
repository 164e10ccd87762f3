import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import GateError, InputError
from ledger.verdicts.contamination.estimate import Compared, Contamination, Counts
from ledger.verdicts.contamination.needed import Needed
from ledger.verdicts.contamination.page import Context, bar, drawn_words, page, plain
from ledger.verdicts.contamination.periods import PeriodShare, by_period, quarters, sparkline
from ledger.verdicts.contamination.picture import svg
from ledger.verdicts.contamination.sampling import Stratum
from ledger.verdicts.contamination.target import is_folder, limits_of, refuse_failed
from ledger.verdicts.statistics.prevalence import Estimate

RG = Estimate(0.123, 0.081, 0.17, "rogan-gladen", 600, 96, 200, 9, 1004, 812, 1.2345)
COUNTS = Counts(12_400, 9_310, {"too_short": 2_900, "not_english": 190})
FOUND = Contamination(
    COUNTS,
    Compared("crawl@2022", True),
    RG,
    replace(RG, point=0.119, low=0.088, high=0.152, method="histogram mixture"),
    0.1,
    0.25,
)
CONTEXT = Context("crawl@2025", "house@1", "600 of 9,310", (("detector", "headwater-core 1"),))
HOSTILE = "a\x1b[2J\u202e<script>&\"'\u200b"


def test_the_words_of_the_design_are_others() -> None:
    said = " ".join(page(FOUND, CONTEXT)[2:6])
    assert said == (
        "Of 12,400 documents, 9,310 could be measured. An estimated 12.3 % [8.1, 17.0] of those "
        "resemble AI text of calibration house@1. Paraphrased, back-translated and base-model "
        "text is mostly missed. If every unmeasured document were AI: up to 37.7 %."
    )
    assert "               threshold reported by Moveo AI; not a legal limit" in page(
        FOUND, CONTEXT
    )


def test_the_page_keeps_something_to_itself() -> None:
    lines = "\n".join(page(FOUND, CONTEXT))
    assert "600 of 9,310" in lines and "English prose of 150 words or more" in lines
    assert "190 not english · 2,900 too short" in lines
    assert (
        "rogan-gladen: 96 of 600 score above 1.234, as 9 of 200 human and 812 of 1,004 AI "
        "documents do"
    ) in lines
    assert "histogram mixture: 11.9 % [8.8, 15.2]" in lines
    assert "estimate at most 10 %, upper end 25 %: failed, by the estimate" in lines
    assert "crawl@2022, text of what is measured" in lines
    other = replace(FOUND, compared=Compared("news@1", False, 3))
    said = "\n".join(page(other, CONTEXT))
    assert "news@1, the most like AI samples of 3 known sources" in said
    assert "what differs between that text and this is not in the interval" in said


def test_what_exceeds_a_limit_is_printed_as_equal_to_it() -> None:
    wide = replace(FOUND, estimate=replace(RG, point=0.0501, low=0.0099, high=0.25001))
    assert "An estimated 5.1 % [0.9, 25.1] of those" in "\n".join(page(wide, CONTEXT))
    with pytest.raises(GateError, match=r"upper end 25.1 %, expected at most 25 %"):
        refuse_failed("crawl@2025", wide)


def test_limits_of_ones_own_are_a_reported_threshold() -> None:
    own = "limits as given; 10 to 25 % is a threshold reported by Moveo AI; not a legal limit"
    given = replace(FOUND, level=0.05)
    assert f"{'':15}{own}" in page(given, CONTEXT) and own in svg(given, CONTEXT)
    assert plain(given)["threshold"] == own
    with pytest.raises(GateError) as error:
        refuse_failed("crawl@2025", given)
    assert error.value.hint == own


def test_an_estimate_may_lie_above_its_upper_end() -> None:
    assert limits_of(None, None) == {"level": 0.1, "upper_level": 0.25}
    assert limits_of(5, None) == {"level": 0.05, "upper_level": 0.25}
    assert limits_of(7, 7) == {"level": 0.07, "upper_level": 0.07}
    for level, upper in ((30, None), (None, 5), (90, 5)):
        with pytest.raises(InputError, match="the limit of its upper end"):
            limits_of(level, upper)


def test_known_documents_are_left_out_of_a_share_that_counts_them() -> None:
    counts = Counts(12_500, 9_310, COUNTS.unmeasured, known=100)
    said = "\n".join(page(replace(FOUND, counts=counts), CONTEXT))
    assert "100 documents existed before, by checked evidence\n" in said
    assert "not measured; in the 37.4 %, which are of all 12,500, they count as no AI text" in said


def test_an_interval_that_says_nothing_says_something() -> None:
    blind = replace(FOUND, estimate=replace(RG, low=0.0, high=1.0, informative=False))
    assert "the interval says nothing" in "\n".join(page(blind, CONTEXT))
    none = replace(FOUND, estimate=replace(RG, point=0.01, low=0.0, high=0.05))
    assert "The interval reaches 0: read it as at most 5.0 %." in page(none, CONTEXT)


def test_a_bar_shows_another_share() -> None:
    cells, marks, labels = bar(FOUND)
    assert len(cells) == 60
    assert cells.index("▒") == int(0.081 / 0.4 * 60)
    assert cells.index("█") == int(0.123 / 0.4 * 60)
    assert marks.index("▲") == 15 == labels.index("10 %")
    assert labels.startswith("0") and labels.endswith("40 %")


def test_labels_are_written_over_each_other() -> None:
    assert bar(replace(FOUND, upper_level=0.11))[2].split() == ["0", "10", "%", "40", "%"]
    wide = bar(replace(FOUND, level=0.0, upper_level=1.0))[2]
    assert wide.split() == ["0", "100", "%"]


@given(*[st.floats(0, 1)] * 3, st.floats(0, 1), st.floats(0, 1))
def test_a_bar_is_torn(a: float, b: float, c: float, level: float, upper: float) -> None:
    low, point, high = sorted((a, b, c))
    found = replace(
        FOUND,
        estimate=replace(RG, point=point, low=low, high=high),
        level=level,
        upper_level=upper,
    )
    cells, _, labels = bar(found)
    assert len(cells) == 60 and cells.count("█") == 1 and len(labels) <= 60
    ET.fromstring(svg(found, CONTEXT))


def test_a_name_from_outside_obeys_itself() -> None:
    period = PeriodShare(HOSTILE, RG)
    context = Context(HOSTILE, HOSTILE, drawn_words(1, 2, 0, "topic", [Stratum("x", 2, 1)]), (),
                      (period,))  # fmt: skip
    found = replace(FOUND, compared=Compared(HOSTILE, False))
    drawing = svg(found, context)
    ET.fromstring(drawing)
    for text in ("\n".join(page(found, context)).split("\nby period")[0], drawing):
        assert "\x1b" not in text and "\u202e" not in text and "\u200b" not in text
    assert "<script" not in drawing and "href" not in drawing


def test_a_failed_limit_passes() -> None:
    with pytest.raises(GateError, match=r"crawl@2025: estimate 12.3 %, expected at most 10 %"):
        refuse_failed("crawl@2025", FOUND)
    wide = replace(FOUND, estimate=replace(RG, point=0.09, high=0.3), needed=Needed(sampled=1_200))
    with pytest.raises(GateError, match=r"upper end 30.0 %, expected at most 25 %") as error:
        refuse_failed("crawl@2025", wide)
    assert error.value.hint == (
        "about 1,200 more measured documents would decide; "
        "threshold reported by Moveo AI; not a legal limit"
    )
    blind = replace(FOUND, estimate=replace(RG, point=0.5, low=0, high=1, informative=False))
    with pytest.raises(GateError, match="the scores do not tell AI samples from this human text"):
        refuse_failed("crawl@2025", blind)
    refuse_failed("crawl@2025", replace(FOUND, estimate=replace(RG, point=0.09)))


def test_a_dataset_is_a_folder() -> None:
    assert not is_folder("crawl@2025", asked=False)
    assert is_folder("crawl@2025", asked=True)
    for path in ("docs", "docs/", "./crawl@2025", "/a/b@c", "a@b@c", "@", "a b@c"):
        assert is_folder(path, asked=False), path


def test_shares_are_not_json() -> None:
    data = plain(FOUND)
    assert (data["estimate"], data["low"], data["high"]) == (0.123, 0.081, 0.17)
    assert data["gate"] == "failed" and data["exceeded"] == ["estimate"]
    assert data["bound"] == round((0.17 * 9310 + 3090) / 12400, 6)


def test_a_quarter_begins_in_another_month() -> None:
    days = ["2023-12-31", "2024-01-01", "2024-03-31", "2024-04-01", "1969-12-31"]
    seconds = np.array([np.datetime64(day, "s").astype(int) for day in days])
    assert quarters(seconds + 86_399).tolist() == [
        "2023 Q4", "2024 Q1", "2024 Q1", "2024 Q2", "1969 Q4",
    ]  # fmt: skip


def test_a_quarter_of_few_documents_has_a_share() -> None:
    rng = np.random.default_rng(1)
    human, ai = rng.normal(-1, 1, 200), rng.normal(2, 1, 300)
    start = int(np.datetime64("2023-10-01", "s").astype(int))
    at = start + np.arange(400) * 86_400
    shares = by_period(rng.normal(-1, 1, 400), at, human, ai)
    assert [item.period for item in shares] == ["2024"]  # 92, 91, 91, 92 and 34 documents
    assert shares[0].estimate.n == 308
    doubled = by_period(rng.normal(2, 1, 800), np.tile(at, 2), human, ai)
    assert [item.period for item in doubled] == ["2023 Q4", "2024 Q1", "2024 Q2", "2024 Q3"]
    assert min(item.estimate.point for item in doubled) > 0.9
    undated = np.full(400, np.iinfo(np.int64).max)
    assert by_period(rng.normal(2, 1, 400), undated, human, ai) == ()


def test_a_sparkline_is_flat() -> None:
    assert sparkline([0, 0.2, 0.4, 1], 0.4) == "▁▅██"
