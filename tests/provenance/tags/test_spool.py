"""The spool and its drain: nothing is lost, nothing is recorded twice, bad files block nothing."""

import multiprocessing
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import RefusedError
from ledger.log.keys import KeyRing, config_folder
from ledger.provenance.facts import FLAGS
from ledger.provenance.tags import drain as draining
from ledger.provenance.tags.drain import AHEAD, drain, record_tags
from ledger.provenance.tags.make import Tag, make_tag
from ledger.provenance.tags.receipt import format_receipt, parse_receipt
from ledger.provenance.tags.spool import BAD, append, git_folder, spool_folder, waiting
from tests.log.making import (
    AT,
    Ledger,
    assert_whole,
    dump,
    key,
    new_ledger,
    origin,
    signer,
    withdrawal,
)

ADA, EVE = signer("ada.example/claims"), signer("eve.example/claims")
TEXT = b"One line of a text that is long enough.\nAnd a second line of it.\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return new_ledger(tmp_path / "ledger")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def drained(ledger: Ledger, spool: Path) -> draining.Drained:
    with ledger.open(write=True) as log:
        return drain(log, spool)


def claims(ledger: Ledger) -> list[str]:
    with ledger.open() as log:
        entries = [log.entry(index) for index in range(log.size)]
    return [entry.claim_id for entry in entries if entry.kind == "authorship"]


def flags(ledger: Ledger) -> int:
    """Those of the ledger's only document."""
    (row,) = dump(ledger, ["profile"])["profile"]
    return int(row[2])


def test_a_tag_is_recorded_once_with_its_list(ledger: Ledger, spool: Path) -> None:
    tag = make_tag(TEXT, "A2", ranges=[(0, 40)], issued_at=AT, signer=ADA)
    path = append(spool, tag)
    assert append(spool, tag) == path
    assert waiting(spool) == [path]
    found = drained(ledger, spool)
    assert found.new == 1
    assert (found.aside, found.notes, waiting(spool)) == ([], [], [])
    assert claims(ledger) == [tag.claim_id]
    with ledger.open() as log:
        assert log.vault is not None
        (held,) = log.vault.attachments()
        assert held[1] == tag.attachments[0]
    append(spool, tag)
    assert drained(ledger, spool).new == 0
    assert claims(ledger) == [tag.claim_id]
    assert_whole(ledger)


def test_a_spool_that_is_not_there(ledger: Ledger, spool: Path) -> None:
    assert drained(ledger, spool) == draining.Drained()
    assert not spool.exists()


def test_a_receipt_of_one_ledger_is_recorded_by_another(
    ledger: Ledger, spool: Path, tmp_path: Path
) -> None:
    other = new_ledger(tmp_path / "other")
    receipt = format_receipt(make_tag(TEXT, "A0", issued_at=AT, signer=ADA))
    for place in (ledger, other):
        place.append([key(ADA)])
        append(spool, parse_receipt(receipt, "r"))
        assert drained(place, spool).new == 1
        (row,) = dump(place, ["profile"])["profile"]
        assert row[2] == FLAGS["attested"]
        assert_whole(place)


def test_a_tag_without_a_document_waits_for_it(ledger: Ledger, spool: Path) -> None:
    ledger.append([key(ADA)])
    tag = make_tag(TEXT, "A0", issued_at=AT, signer=ADA)
    append(spool, tag)
    drained(ledger, spool)
    ledger.append([origin(tag.subject)])
    rows = dump(ledger, ["profile", "member"])
    assert [row[2] for row in rows["profile"]] == [FLAGS["attested"]]
    assert len(rows["member"]) == 1
    assert_whole(ledger)


def test_bad_files_go_aside_and_block_nothing(ledger: Ledger, spool: Path) -> None:
    ledger.append([key(ADA)])
    good = append(spool, make_tag(TEXT, "A2", issued_at=AT))
    signed = make_tag(TEXT, "A2", issued_at=AT, signer=ADA)
    forged = make_tag(TEXT, "A0", issued_at=AT, signer=EVE)
    forged = Tag(
        forged.subject, forged.body, (), ({**forged.sigs[0], "keyid": ADA.verifier.label},)
    )
    bad = [append(spool, forged)]
    renamed = append(spool, signed)
    renamed = renamed.rename(spool / f"{'0' * 64}.json")
    (spool / "note.json").write_bytes(b"{")
    (spool / "empty.json").write_bytes(b"")
    bad += [renamed, spool / "note.json", spool / "empty.json"]
    found = drained(ledger, spool)
    assert found.new == 1
    assert not good.exists()
    assert waiting(spool) == []
    assert {path.name for path, _ in found.aside} == {path.name for path in bad}
    for path, reason in found.aside:
        assert path.parent == spool / BAD
        assert (path.parent / f"{path.name}.reason").read_text().strip() == reason
    reasons = dict((path.name, reason) for path, reason in found.aside)
    assert "is not over this claim" in reasons[bad[0].name]
    assert "expected the one that names the file" in reasons[renamed.name]
    assert_whole(ledger)


def test_what_was_withdrawn_is_not_said_again_by_its_receipt(ledger: Ledger, spool: Path) -> None:
    tag = make_tag(TEXT, "A2", issued_at=AT, signer=ADA)
    append(spool, tag)
    drained(ledger, spool)
    with ledger.open() as log:
        entry = log.entry(log.size - 1)
    ledger.append([withdrawal(entry)])
    append(spool, tag)
    found = drained(ledger, spool)
    assert found.new == 0
    assert "was withdrawn" in found.aside[0][1]
    again = make_tag(TEXT, "A2", issued_at=AT, signer=ADA, supersedes=tag.claim_id)
    append(spool, again)
    assert drained(ledger, spool).new == 1
    assert_whole(ledger)


def test_a_copy_with_a_broken_signature_stands_in_nobodys_way(ledger: Ledger, spool: Path) -> None:
    tag = make_tag(TEXT, "A1", issued_at=AT, signer=ADA)
    broken = replace(tag, sigs=({**tag.sigs[0], "sig": "AAAA"},))
    append(spool, broken)
    drained(ledger, spool)  # nobody here knows the key yet
    ledger.append([key(ADA)])
    append(spool, tag)
    assert drained(ledger, spool).new == 1
    assert flags(ledger) & FLAGS["attested"]
    append(spool, tag)
    assert drained(ledger, spool).new == 0
    assert_whole(ledger)


def test_what_was_signed_before_its_key_was_named_counts_when_it_is_said_again(
    ledger: Ledger, spool: Path
) -> None:
    tag = make_tag(TEXT, "A1", issued_at=AT, signer=ADA)
    append(spool, tag)
    drained(ledger, spool)
    append(spool, tag)
    assert drained(ledger, spool).new == 0
    ledger.append([key(ADA)])
    assert not flags(ledger) & FLAGS["attested"]
    for new in (1, 0):
        append(spool, tag)
        assert drained(ledger, spool).new == new
    assert flags(ledger) & FLAGS["attested"]
    assert_whole(ledger)


def test_signed_and_unsigned_in_one_batch_are_two(ledger: Ledger, spool: Path) -> None:
    signed = make_tag(TEXT, "A1", issued_at=AT, signer=ADA)
    append(spool, replace(signed, sigs=()))
    append(spool, signed)
    ledger.append([key(ADA)])
    assert drained(ledger, spool).new == 2
    assert flags(ledger) & FLAGS["attested"]
    assert_whole(ledger)


@pytest.mark.parametrize("how", ["everybody writes", "another owner", "a link"])
def test_a_spool_of_others_is_recorded(
    ledger: Ledger, spool: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(spool, make_tag(TEXT, "A4"))
    (spool / "other.json").write_text("not ours")
    if how == "everybody writes":
        spool.chmod(0o777)
    elif how == "another owner":
        mine = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    else:
        spool.rename(spool.with_name("there"))
        spool.symlink_to(spool.with_name("there"))
    before = sorted(path.name for path in spool.iterdir())
    found = drained(ledger, spool)
    assert (found.recorded, found.aside) == ([], [])
    assert found.notes[0].endswith("; the tags there are not recorded")
    assert sorted(path.name for path in spool.iterdir()) == before
    assert claims(ledger) == []
    assert_whole(ledger)


def test_a_clock_a_year_ahead_is_kept_and_said(ledger: Ledger, spool: Path) -> None:
    for days in (1, 365):
        append(spool, make_tag(TEXT, "A2", issued_at=AT + days * AHEAD))
    found = drained(ledger, spool)
    assert found.new == 2
    assert len(found.notes) == 1
    assert "365 days ahead of this ledger's clock" in found.notes[0]
    assert_whole(ledger)


def test_a_refused_ledger_leaves_the_spool_alone(
    ledger: Ledger, spool: Path, tmp_path: Path
) -> None:
    path = append(spool, make_tag(TEXT, "A2"))
    stranger = Ledger(ledger.path, KeyRing(tmp_path / "nobody"))
    with pytest.raises(RefusedError):
        drained(stranger, spool)
    assert waiting(spool) == [path]
    assert drained(ledger, spool).new == 1


def test_a_crash_before_the_files_go_records_nothing_twice(
    ledger: Ledger, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(spool, make_tag(TEXT, "A2"))
    append(spool, make_tag(TEXT, "A3"))

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stop)
        with pytest.raises(KeyboardInterrupt):
            drained(ledger, spool)
    assert len(waiting(spool)) == 2
    assert drained(ledger, spool).new == 0
    assert len(claims(ledger)) == 2
    assert waiting(spool) == []
    assert_whole(ledger)


def _write(folder: Path, name: int) -> None:
    for number in range(20):
        append(folder, make_tag(f"text {name} {number}".encode(), "A2"))
        append(folder, make_tag(b"everybody's text", "A3"))


def test_racing_writers_lose_nothing(ledger: Ledger, spool: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(spool, name)) for name in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        drained(ledger, spool)
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    drained(ledger, spool)
    found = claims(ledger)
    assert len(found) == len(set(found)) == 81
    assert waiting(spool) == []
    assert_whole(ledger)


def test_one_command_at_a_time_empties_a_spool(ledger: Ledger, spool: Path) -> None:
    append(spool, make_tag(TEXT, "A2"))
    with draining._alone(spool) as alone:
        assert alone
        assert drained(ledger, spool).recorded == []
    assert drained(ledger, spool).new == 1


def test_a_withheld_list_comes_back_with_its_receipt(ledger: Ledger, spool: Path) -> None:
    tag = make_tag(TEXT, "A2", ranges=[(0, 40)])
    with ledger.open(write=True) as log:
        record_tags(log, [Tag(tag.subject, tag.body, (), ())])
        assert log.vault is not None
        assert list(log.vault.attachments()) == []
    append(spool, tag)
    drained(ledger, spool)
    with ledger.open() as log:
        assert log.vault is not None
        assert [data for _, data in log.vault.attachments()] == list(tag.attachments)
    assert_whole(ledger)


def test_where_the_spool_is(tmp_path: Path) -> None:
    assert spool_folder(tmp_path) == config_folder() / "spool"
    (tmp_path / "repo" / "deep").mkdir(parents=True)
    git = ["git", "-c", "init.defaultBranch=main", "-C", str(tmp_path / "repo")]
    subprocess.run([*git, "init", "-q"], check=True)
    common = tmp_path / "repo" / ".git"
    assert spool_folder(tmp_path / "repo" / "deep") == common / "headwater" / "spool"
    subprocess.run(
        [*git, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty",
         "-m", "x"], check=True,
    )  # fmt: skip
    subprocess.run([*git, "worktree", "add", "-q", str(tmp_path / "tree")], check=True)
    assert git_folder(tmp_path / "tree") == common
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / ".git").write_text("gitdir: /nowhere\n")
    assert git_folder(tmp_path / "lost") is None
    (tmp_path / "keys").mkdir()  # a folder of somebody's, to which a foreign file points
    (tmp_path / "lost" / ".git").write_text(f"gitdir: {tmp_path / 'keys'}\n")
    assert git_folder(tmp_path / "lost") is None
    (tmp_path / "repo" / "deep" / ".git").mkdir()
    assert git_folder(tmp_path / "repo" / "deep") == common


def test_what_is_no_file_keeps_nobody_waiting(ledger: Ledger, spool: Path) -> None:
    append(spool, make_tag(TEXT, "A2"))
    os.mkfifo(spool / "pipe.json")
    os.symlink(spool / "pipe.json", spool / "link.json")
    os.symlink(spool / "nowhere", spool / "gone.json")
    (spool / "folder.json").mkdir()
    found = drained(ledger, spool)
    assert (found.new, found.aside, found.notes) == (1, [], [])
    assert_whole(ledger)


def test_a_receipt_that_cannot_be_read_stays(
    ledger: Ledger, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = append(spool, make_tag(TEXT, "A2"))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(draining, "_read", refuse)
        found = drained(ledger, spool)
    assert "stays where it is: permission denied" in found.notes[0]
    assert waiting(spool) == [path]
    assert drained(ledger, spool).new == 1
    assert_whole(ledger)
