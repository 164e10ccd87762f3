"""Tags that find their text again: exactly, in another rendering, or not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.corpus.ingest import ingest
from ledger.provenance.tags.again import Found
from ledger.provenance.tags.attach import attach, datasets_read
from ledger.provenance.tags.drain import record_tags
from ledger.provenance.tags.endings import find_in_rendering
from ledger.provenance.tags.find import find_tag, standing_tags, withdraw_tag
from ledger.provenance.tags.make import make_tag
from ledger.provenance.tags.matching import Matched, matches, summed
from ledger.provenance.tags.spans import parse_spans, span_list
from tests.log.making import Ledger, assert_whole, new_ledger

WRITTEN = (
    b"One line of a text that is **long** enough to be known again.\r\n"
    b"The second line of it, which a model wrote, and nobody else.\r\n"
    b"A third line, the last of them all.\r\n"
)
RENDERED = (
    b"# One line of a text that is long enough to be known again.\n"
    b"The second line of it, which a model wrote, and nobody else.\n"
    b"A third line - the last of them all!\n"
)
SECOND = WRITTEN.index(b"The second"), WRITTEN.index(b"A third")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = new_ledger(tmp_path / "ledger")
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "a.txt").write_bytes(RENDERED)
    (folder / "b.txt").write_bytes(b"Another text of more than eight words, which nobody tagged.\n")
    with made.open(write=True) as log:
        ingest(log, [folder], dataset="site@1")
    return made


def standing(ledger: Ledger, *datasets: str) -> Matched:
    with ledger.open() as log:
        return summed(matches(log, datasets))


def test_a_tag_stands_again_where_the_text_was_rendered(ledger: Ledger) -> None:
    tag = make_tag(WRITTEN, "A3", model="M 1", ranges=[SECOND], issued_at=7)
    exact = make_tag(RENDERED, "A1")
    never = make_tag(b"A text of more than eight words that no dataset will ever hold.", "A2")
    with ledger.open(write=True) as log:
        record_tags(log, [tag, exact, never])
        assert standing(ledger) == Matched(3, 1, 0, 2, 0)
        assert datasets_read(log) == ["site@1"]
        found = attach(log, ["site@1"])
        assert (found.searched, len(found.recorded), found.lost_spans) == (2, 1, 0)
        again = log.entry(found.recorded[0])
        assert again.body["repeats"] == tag.claim_id
        assert (again.body["assistance"], again.body["model"]) == ("A3", "M 1")
        assert again.sigs == ()
        assert log.vault is not None
        listed = parse_spans(log.vault.attachment(bytes.fromhex(again.body["spans"][7:])) or b"")
        (span,) = listed
        assert RENDERED[span.start : span.end].split() == WRITTEN[slice(*SECOND)].split()
        assert attach(log, ["site@1"]).recorded == []
    assert standing(ledger) == Matched(3, 1, 1, 1, 0)
    assert standing(ledger, "site@1") == Matched(3, 1, 1, 1, 0)
    assert_whole(ledger)


def test_spans_that_are_lost_leave_the_share(ledger: Ledger) -> None:
    first = (0, SECOND[0])  # its marks are gone in the rendering
    both = make_tag(WRITTEN, "A3", ranges=[first, (SECOND[1], len(WRITTEN) - 2)])
    some = make_tag(WRITTEN, "A2", ranges=[first, (SECOND[0] + 1, SECOND[1])])
    with ledger.open(write=True) as log:
        record_tags(log, [both, some])
        found = attach(log, ["site@1"])
        assert (len(found.recorded), found.lost_spans) == (2, 2)
        by_grade = {log.entry(i).body["assistance"]: log.entry(i).body for i in found.recorded}
        assert "spans" not in by_grade["A3"]
        assert by_grade["A3"]["covered_ppm"] == both.body.covered_ppm
        assert "spans" in by_grade["A2"]
        assert by_grade["A2"]["ai_ppm"] == some.body.ai_ppm
    assert standing(ledger) == Matched(2, 0, 2, 0, 2)
    assert_whole(ledger)


def test_withdrawing_a_tag_takes_back_what_repeats_it(ledger: Ledger) -> None:
    tag = make_tag(WRITTEN, "A3")
    with ledger.open(write=True) as log:
        record_tags(log, [tag])
        (again,) = attach(log, ["site@1"]).recorded
        document = log.entry(again).subject
        assert len(standing_tags(log, document)) == 1
        entry, recorded = withdraw_tag(log, tag.claim_id[7:19], "wrong file")
        assert (entry.claim_id, len(recorded)) == (tag.claim_id, 2)
        assert standing_tags(log, document) == []
        _, twice = withdraw_tag(log, str(find_tag(log, tag.claim_id)[0]), "wrong file")
        assert [item.new for item in twice] == [False, False]
    assert standing(ledger) == Matched(0, 0, 0, 0, 0)
    assert_whole(ledger)


def test_what_supersedes_stands_alone(ledger: Ledger) -> None:
    first = make_tag(RENDERED, "A3")
    second = make_tag(RENDERED, "A1", supersedes=first.claim_id)
    with ledger.open(write=True) as log:
        record_tags(log, [first, second])
        (kept,) = matches(log)
        assert kept.claim_id == second.claim_id
    assert_whole(ledger)


def test_a_correction_follows_the_tag_to_its_rendering(ledger: Ledger) -> None:
    first = make_tag(WRITTEN, "A3")
    with ledger.open(write=True) as log:
        record_tags(log, [first])
        (before,) = attach(log, ["site@1"]).recorded
        document = log.entry(before).subject
        record_tags(log, [make_tag(WRITTEN, "A1", supersedes=first.claim_id)])
        (after,) = attach(log, ["site@1"]).recorded
        assert [index for index, _ in standing_tags(log, document)] == [after]
        assert log.entry(after).body["supersedes"] == log.entry(before).claim_id
    assert standing(ledger) == Matched(1, 0, 1, 0, 0)
    assert_whole(ledger)


LINES = st.lists(st.text("ab cdé", max_size=30), min_size=2, max_size=12)


@given(LINES, st.data())
def test_line_endings_lose_no_long_span(lines: list[str], data: st.DataObject) -> None:
    """Text between two lines that occur once is found again whatever its line endings became."""
    lines = [f"start {len(lines)} of everything here", *lines, "and this is the very end of it"]
    endings = [data.draw(st.sampled_from(["\n", "\r\n"])) for _ in lines]
    for before, after in (("\n", "\r\n"), ("\r\n", "\n")):
        content = before.join(lines).encode()
        (span,) = parse_spans(span_list(content, [(0, len(content))]))
        changed = after.join(lines).encode()
        assert find_in_rendering([span], changed) == (Found(0, len(changed)),)
        mixed = "".join(a + b for a, b in zip(lines, endings, strict=True)).encode()
        (found,) = find_in_rendering([span], mixed)
        assert isinstance(found, Found)
        assert mixed[: found.end].split() == content.split()
