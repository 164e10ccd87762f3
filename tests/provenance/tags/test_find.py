"""One tag by its name, and who may take it back."""

import re
from pathlib import Path

import pytest

from ledger.errors import InputError, UnknownNameError
from ledger.log.record import Recorded
from ledger.provenance.tags import find
from ledger.provenance.tags.drain import record_tags
from ledger.provenance.tags.find import find_tag, withdraw_tag
from ledger.provenance.tags.make import make_tag
from tests.log.making import Ledger, assert_whole, authorship, digest, new_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return new_ledger(tmp_path / "ledger")


def test_names_that_name_one(ledger: Ledger) -> None:
    tag = make_tag(b"a text", "A2")
    with ledger.open(write=True) as log:
        (recorded,) = record_tags(log, [tag])
        for name in (tag.claim_id, tag.claim_id[7:], tag.claim_id[7:15], str(recorded.index)):
            assert find_tag(log, name)[0] == recorded.index
        assert record_tags(log, [tag]) == [Recorded(recorded.index, tag.claim_id, False)]


def test_names_that_name_none_or_many(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger.open(write=True) as log:
        record_tags(log, [make_tag(b"a text", "A2"), make_tag(b"another", "A2")])
        for name, error, reason in (
            ("0", InputError, "entry 0 is of kind key, expected authorship"),
            ("99", InputError, "entry 99: the log has"),
            ("abc", InputError, "names no tag"),
            ("sha256:" + "0" * 64, UnknownNameError, "unknown tag"),
        ):
            with pytest.raises(error, match=reason):
                find_tag(log, name)
        monkeypatch.setattr(find, "_ID", re.compile("(?:x)?([0-9a-f]{0,64})"))
        with pytest.raises(InputError, match="names 2 tags"):
            find_tag(log, "x")


def test_only_who_recorded_it_takes_it_back(ledger: Ledger) -> None:
    ledger.append([authorship(digest("d"), "A2", actor="key:eve.example+00000000")])
    with ledger.open(write=True) as log:
        with pytest.raises(InputError, match="was recorded by key:eve"):
            withdraw_tag(log, str(log.size - 1), None)
        record_tags(log, [make_tag(b"a text", "A2")])
        with pytest.raises(InputError, match="expected one line"):
            withdraw_tag(log, str(log.size - 1), "two\nlines")
        entry, (first,) = withdraw_tag(log, str(log.size - 1), None)
        _, (second,) = withdraw_tag(log, entry.claim_id, "another reason")
        assert (first.new, second.new, first.index) == (True, False, second.index)
    assert_whole(ledger)
