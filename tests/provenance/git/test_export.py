"""Notes that come back as they went, beside those of others."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.provenance.git.exporting import Exported, export_commits
from ledger.provenance.git.importing import import_commits
from ledger.provenance.git.install import install
from ledger.provenance.git.lines import Owners, line_ends, lines_of
from ledger.provenance.tags.drain import record_tags
from ledger.provenance.tags.index import append_index
from ledger.provenance.tags.make import Tag, make_tag
from tests.provenance.git.ledgers import authorships, git_ai, opened, put_note
from tests.provenance.git.scratch import Scratch, scratch

TEXT = "".join(f"line {number}, long enough to be found again\n" for number in range(1, 9))
SESSION = ("s_11112222333344", "opus-4")
KEY = "s_11112222333344::t_aaaabbbbccccdd"


def _lines(text: str, first: int, last: int) -> tuple[int, int]:
    ends = [0, *line_ends(text.encode())]
    return ends[first - 1], ends[last]


def _tag(repo: Scratch, text: str, *tags: Tag) -> None:
    """Tags as `headwater tag` leaves them: recorded, and in the hooks' index."""
    with opened(repo.path.parent / "l.db") as log:
        record_tags(log, list(tags))
    for tag in tags:
        append_index(repo.path / ".git", text.encode(), tag)


def _export(repo: Scratch, name: str = "l.db", **options: bool) -> Exported:
    with opened(repo.path.parent / name) as log:
        return export_commits(log, repo.path, **options)


def _note(repo: Scratch, commit: str = "HEAD") -> str:
    return repo.git("notes", "--ref=ai", "show", commit)


def _all_notes(repo: Scratch) -> dict[str, str]:
    listed = repo.git("notes", "--ref=ai", "list").split()
    return dict(zip(listed[1::2], listed[::2], strict=True))


def test_an_export_comes_back_as_something_else(repo: Scratch) -> None:
    """Into another ledger: the same claims, bytes and all; into its own: nothing."""
    repo.write("a b.md", TEXT)
    repo.commit("one")
    note = git_ai(
        {"a b.md": {KEY: "2-3,5", "0123456789abcdef": "7"}},
        sessions=[SESSION],
        prompts=[("0123456789abcdef", "gpt-5")],
    )
    put_note(repo, note)
    with opened(repo.path.parent / "l.db") as log:
        import_commits(log, repo.path)
        claims = {one["claim"] for one in authorships(log)}
    repo.git("update-ref", "-d", "refs/notes/ai")
    done = _export(repo)
    assert (done.written, done.lines) == (1, 4)
    with opened(repo.path.parent / "l.db") as log:
        assert import_commits(log, repo.path).new == 0
    with opened(repo.path.parent / "other.db") as log:
        assert import_commits(log, repo.path).quarantined == []
        assert {one["claim"] for one in authorships(log)} == claims
    assert len(claims) == 2


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_some_lines_do_not_come_back(repo: Scratch, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    ending = data.draw(st.sampled_from(["\n", ""]))
    lines = [data.draw(st.sampled_from(["", "a", "ü\r", "x" * 50])) for _ in range(count)]
    text = "\n".join(lines) + ending
    count = len(line_ends(text.encode()))
    owners = data.draw(st.lists(st.sampled_from([None, 0, 1]), min_size=count, max_size=count))
    if not count or set(owners) == {None}:
        return
    repo.write("file", text)
    repo.commit("x", "--allow-empty")
    keys = ("s_00000000000000::t_0", "s_11111111111111::t_1")
    entries = {
        keys[who]: ",".join(str(at) for at, owner in enumerate(owners, 1) if owner == who)
        for who in (0, 1)
        if who in owners
    }
    sessions = [("s_00000000000000", "m0"), ("s_11111111111111", "m1")]
    with opened(repo.path.parent / f"{repo.ticks}.db") as log:
        put_note(repo, git_ai({"file": entries}, sessions=sessions))
        import_commits(log, repo.path, "HEAD^!" if repo.ticks > 1 else "HEAD")
        claims = {one["claim"] for one in authorships(log)}
        repo.git("update-ref", "-d", "refs/notes/ai")
        export_commits(log, repo.path)
    with opened(repo.path.parent / f"{repo.ticks}-again.db") as log:
        import_commits(log, repo.path)
        assert {one["claim"] for one in authorships(log)} == claims


def test_the_same_ledger_gives_two_notes(repo: Scratch, own_place: Path) -> None:
    tag = make_tag(TEXT.encode(), "A2", model="m", ranges=[_lines(TEXT, 2, 3)])
    repo.write("a", TEXT)
    repo.commit("one")
    _tag(repo, TEXT, tag)
    assert _export(repo).written == 1
    tip, note = repo.git("rev-parse", "refs/notes/ai"), _note(repo)
    assert '"headwater_assistance": "A2"' in note and tag.claim_id in note
    assert _export(repo).unchanged == 1
    assert repo.git("rev-parse", "refs/notes/ai") == tip
    repo.git("update-ref", "-d", "refs/notes/ai")
    assert _export(repo, dry_run=True).written == 1
    assert _all_notes(repo) == {}
    _export(repo)
    assert repo.git("rev-parse", "refs/notes/ai") == tip


@pytest.mark.parametrize(
    "tag",
    [
        make_tag(TEXT.encode(), "A0"),
        make_tag(TEXT.encode(), "A1", model="m"),
        make_tag(TEXT.encode(), "AX"),
        make_tag(TEXT.encode(), "A3", weight="weak", evidence="imported", convention="trailer"),
        make_tag(TEXT.encode(), "A3", evidence="imported", convention="trailer"),
        make_tag(TEXT.encode(), "A3", weight="medium"),
        make_tag(TEXT.encode(), "A3", evidence="imported", convention="html"),
        make_tag(TEXT.encode(), "A0", evidence="observed"),
    ],
    ids=lambda tag: f"{tag.body.assistance}-{tag.body.convention}-{tag.body.weight}",
)
def test_a_hint_or_a_person_is_exported(repo: Scratch, tag: Tag) -> None:
    repo.write("a", TEXT)
    repo.commit("one")
    _tag(repo, TEXT, tag)
    assert _export(repo).written == 0
    assert _all_notes(repo) == {}


def test_anothers_note_loses_a_line(repo: Scratch) -> None:
    repo.write("a", TEXT)
    repo.write("b", TEXT + "b\n")
    repo.commit("one")
    theirs = git_ai(
        {"a": {KEY: "2-3", "h_aaaabbbbccccdd": "5"}},
        sessions=[SESSION],
        humans=["h_aaaabbbbccccdd"],
    )
    put_note(repo, theirs)
    _tag(
        repo,
        TEXT,
        make_tag(TEXT.encode(), "A4", model="m", ranges=[_lines(TEXT, 1, 6)]),
        make_tag((TEXT + "b\n").encode(), "A3"),
    )
    done = _export(repo)
    assert (done.joined, done.lines) == (1, 15)
    note = _note(repo)
    assert f"  {KEY} 2-3\n" in note and "  h_aaaabbbbccccdd 5\n" in note
    assert '"overriden_lines"' not in note and "Ada Writer" in note
    (ours,) = [line for line in note.splitlines() if line.endswith(" 1,4,6")]
    assert ours.startswith("  s_")
    assert _export(repo).unchanged == 1
    assert _note(repo) == note


def test_a_note_that_we_cannot_read_is_overwritten(repo: Scratch) -> None:
    repo.write("a", TEXT)
    repo.commit("one")
    put_note(repo, git_ai({}, schema="authorship/4.0.0"))
    before = _all_notes(repo)
    _tag(repo, TEXT, make_tag(TEXT.encode(), "A4"))
    done = _export(repo)
    ((commit, reason),) = done.left
    assert commit == repo.head() and "authorship/4.0.0" in reason
    assert _all_notes(repo) == before


def test_a_tag_that_was_taken_back_stays_in_a_note(repo: Scratch) -> None:
    from ledger.claims import Withdrawal
    from ledger.log.record import Claim, record

    tag = make_tag(TEXT.encode(), "A4")
    repo.write("a", TEXT)
    repo.commit("one")
    _tag(repo, TEXT, tag)
    _export(repo)
    with opened(repo.path.parent / "l.db") as log:
        body = Withdrawal.model_validate({"claim": tag.claim_id})
        record(log, [Claim("withdrawal", tag.subject, body)])
    assert _export(repo).removed == 1
    assert _all_notes(repo) == {}


def test_a_commit_that_only_took_lines_away_is_silent(repo: Scratch) -> None:
    repo.write("a", TEXT + "more\n")
    repo.commit("one")
    repo.write("a", TEXT)
    repo.commit("two")
    _tag(repo, TEXT, make_tag(TEXT.encode(), "A4"))
    assert _export(repo).lines == 8
    assert list(_all_notes(repo)) == [repo.head()]


def test_a_commit_that_changed_nothing_of_a_file_speaks_of_it(repo: Scratch) -> None:
    repo.write("a", TEXT)
    first = repo.commit("one") and repo.head()
    repo.write("b", "other\n")
    repo.commit("two")
    _tag(repo, TEXT, make_tag(TEXT.encode(), "A4"))
    _export(repo)
    assert list(_all_notes(repo)) == [first]


@pytest.mark.parametrize("how", ["squash merge", "rebase", "amend", "cherry-pick"])
def test_rewriting_loses_a_session(repo: Scratch, how: str) -> None:
    """Two tagged texts of one file become one commit, which says of both what was said of them."""
    install(repo.path)
    repo.write("base", "base\n")
    repo.commit("base")
    repo.git("checkout", "-q", "-b", "side")
    one = "by the first model, and long enough to be found\n"
    both = one + "by a hand\n" + "by the second model, and also long enough\n"
    repo.write("a", one)
    _tag(repo, one, make_tag(one.encode(), "A4", model="first"))
    repo.commit("one")
    repo.write("a", both)
    _tag(repo, both, make_tag(both.encode(), "A4", model="second", ranges=[_lines(both, 3, 3)]))
    if how == "amend":
        repo.commit("two", "--amend")
    else:
        repo.commit("two")
    if how == "squash merge":
        repo.git("checkout", "-q", "main")
        repo.git("merge", "-q", "--squash", "side")
        repo.commit("squashed")
    elif how == "rebase":
        repo.environment["GIT_SEQUENCE_EDITOR"] = "sed -i '2s/^pick/fixup/'"
        repo.git("rebase", "-q", "-i", "main")
        repo.git("branch", "-f", "old", "main")
    elif how == "cherry-pick":
        repo.git("checkout", "-q", "main")
        repo.git("cherry-pick", "side^", "side")
    assert _export(repo).written >= 1
    notes = {commit: _note(repo, commit) for commit in _all_notes(repo)}
    tip = notes[repo.head()]
    assert '"model": "second"' in tip and (
        "1" in [x.split()[-1] for x in tip.splitlines()[1:3]]
    ) == (how != "cherry-pick")
    if how == "cherry-pick":
        assert '"model": "first"' in notes[repo.git("rev-parse", "HEAD^").strip()]
        assert '"model": "first"' not in tip
    else:
        assert '"model": "first"' in tip
    assert " 2" not in [line[-2:] for line in tip.partition("---")[0].splitlines()]
    with opened(repo.path.parent / "l.db") as log:
        import_commits(log, repo.path)
    assert _export(repo).unchanged >= 1
    assert {commit: _note(repo, commit) for commit in _all_notes(repo)} == notes


def test_what_is_said_later_is_said_of_an_earlier_commit(repo: Scratch) -> None:
    """By hand first; then AI edits all of it. A branch that was thrown away says nothing either."""
    install(repo.path)
    by_hand = "written by hand, and long enough to be found again\n"
    repo.write("a", by_hand)
    repo.commit("by hand")
    first = repo.head()
    edited = by_hand + "by a model\n"
    repo.write("a", edited)
    _tag(repo, edited, make_tag(edited.encode(), "A2", ranges=[(0, len(by_hand))]))
    repo.commit("edited")
    _export(repo)
    assert list(_all_notes(repo)) == [repo.head()]
    repo.git("reset", "-q", "--hard", first)
    assert _export(repo).written == 0
    assert first not in _all_notes(repo)


def test_hostile_names_stop_an_export(repo: Scratch) -> None:
    names = [
        "-rf",
        "sp ace",
        "tab\there",
        'quo"te',
        "new\nline",
        "ü",
        "\udcff",
        "---",
        "back\\slash",
    ]
    for number, name in enumerate(names):
        repo.write(name, f"{TEXT}{number}\n")
    repo.commit("one")
    tags = [make_tag(f"{TEXT}{number}\n".encode(), "A4") for number in range(len(names))]
    _tag(repo, TEXT, *tags)
    done = _export(repo)
    assert len(done.left) == 3  # a line break, no UTF-8, and what a note ends its list with
    with opened(repo.path.parent / "other.db") as log:
        assert import_commits(log, repo.path).quarantined == []
        assert len(authorships(log)) == len(names) - 3


def test_content_passes_for_a_patch(repo: Scratch) -> None:
    text = "++ b/elsewhere\n@@ -1 +1 @@\n" + TEXT
    repo.write("a", text)
    repo.write("b", "-- a/gone\n")
    repo.commit("one")
    repo.write("b", "++ b/b\n")
    repo.commit("two")
    _tag(repo, text, make_tag(text.encode(), "A4"))
    _tag(repo, "++ b/b\n", make_tag(b"++ b/b\n", "A4"))
    assert _export(repo).written == 2
    assert _note(repo, "HEAD^").splitlines()[0] == "a"
    assert _note(repo).splitlines()[0] == "b"


def test_a_repository_of_sha256_is_not_exported(own_place: Path) -> None:
    repo = scratch(own_place / "wide", "--object-format=sha256")
    repo.write("a", TEXT)
    repo.commit("one")
    _tag(repo, TEXT, make_tag(TEXT.encode(), "A4"))
    assert _export(repo).written == 1
    assert len(repo.head()) == 64 and repo.head() in _note(repo)


def test_lines_are_counted_as_nobody_counts() -> None:
    content = b"a\nbb\n\nccc"
    ends = line_ends(content)
    assert ends == [2, 5, 6, 9]
    assert lines_of(ends, [(0, 2)]) == [(1, 1)]
    assert lines_of(ends, [(0, 3), (6, 9)]) == [(1, 2), (4, 4)]
    assert line_ends(b"") == [] and line_ends(b"\n") == [1]
    owners = Owners(4)
    owners.give(7, [(1, 3)])
    owners.give(8, [(2, 2), (4, 9)])
    assert owners.runs() == [(7, (1, 1)), (8, (2, 2)), (7, (3, 3)), (8, (4, 4))]
