"""Who wrote which line: as far as somebody said, and no further."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InputError
from ledger.provenance.git.blame import Part, blame_file
from ledger.provenance.git.importing import import_commits
from ledger.provenance.git.install import install
from ledger.provenance.tags.drain import record_tags
from ledger.provenance.tags.make import Tag, make_tag
from tests.provenance.git.ledgers import git_ai, opened, put_note
from tests.provenance.git.scratch import Scratch

TEXT = "".join(f"line {number}, long enough to be found again\n" for number in range(1, 7))
SIZE = len(TEXT) // 6
SESSION, KEY = ("s_11112222333344", "opus-4"), "s_11112222333344::t_aaaabbbbccccdd"


def _blame(repo: Scratch, *tags: Tag, name: str = "a") -> list[Part]:
    with opened(repo.path.parent / "l.db") as log:
        record_tags(log, list(tags))
        return blame_file(log, repo.path / name).parts


def _said(parts: list[Part]) -> list[tuple[int, int, str | None]]:
    return [(*part.lines, None if part.said is None else part.said.assistance) for part in parts]


def test_an_unknown_line_is_somebodys(repo: Scratch) -> None:
    repo.write("a", TEXT)
    repo.commit("one")
    assert _said(_blame(repo)) == [(1, 6, None)]
    tag = make_tag(TEXT.encode(), "A3", model="m", ranges=[(SIZE, 3 * SIZE)])
    parts = _blame(repo, tag)
    assert _said(parts) == [(1, 1, None), (2, 3, "A3"), (4, 6, None)]
    assert (parts[1].start, parts[1].end) == (SIZE, 3 * SIZE)
    assert parts[1].said is not None
    assert (parts[1].said.evidence, parts[1].said.model) == ("declared", "m")


def test_a_line_is_followed_to_another(repo: Scratch) -> None:
    """Edits around tagged lines move them; what was added since is unknown."""
    repo.write("a", TEXT)
    repo.commit("one")
    put_note(repo, git_ai({"a": {KEY: "2-3,6"}}, sessions=[SESSION]))
    with opened(repo.path.parent / "l.db") as log:
        import_commits(log, repo.path)
    lines = TEXT.splitlines(keepends=True)
    repo.write("a", "".join(["new\n", lines[1], "between\n", *lines[2:5], "last\n"]))
    expected = [(1, 1, None), (2, 2, "A3"), (3, 3, None), (4, 4, "A3"), (5, 7, None)]
    assert _said(_blame(repo)) == expected
    first = repo.head()
    repo.git("mv", "a", "b")
    repo.commit("two")
    parts = _blame(repo, name="b")
    assert _said(parts) == expected
    assert {part.commit for part in parts if part.said} == {first}


def test_a_hint_hides_a_plain_claim(repo: Scratch) -> None:
    repo.write("a", TEXT)
    repo.commit("one")
    plain = make_tag(TEXT.encode(), "A4", ranges=[(0, SIZE)])
    hint = make_tag(TEXT.encode(), "A2", evidence="imported", convention="trailer", weight="weak")
    unknown = make_tag(TEXT.encode(), "AX")
    parts = _blame(repo, plain, hint, unknown)
    assert _said(parts) == [(1, 1, "A4"), (2, 6, "A2")]
    assert parts[1].said is not None and parts[1].said.evidence == "hinted"
    assert [len(part.others) for part in parts] == [2, 1]


def test_moved_text_is_lost(repo: Scratch) -> None:
    """Squashed away, the tagged blob is in no commit; its bytes are."""
    install(repo.path)
    old = "by a model, and long enough to be found again\n"
    repo.write("a", old)
    repo.index(old, "A4")
    repo.commit("one")
    new = "an introduction by hand\n" + old
    repo.write("a", new)
    repo.commit("two", "--amend")
    parts = _blame(repo, make_tag(old.encode(), "A4", model="m"))
    assert _said(parts) == [(1, 1, None), (2, 2, "A4")]
    assert parts[1].said is not None and parts[1].said.again


@pytest.mark.parametrize("name", ["-rf", "sp ace", 'quo"te', "tab\there", "new\nline", "ü/\udcff"])
def test_a_hostile_name_cannot_be_asked_about(repo: Scratch, name: str) -> None:
    repo.write(name, TEXT)
    repo.commit("one")
    tag = make_tag(TEXT.encode(), "A4", model="m")
    with opened(repo.path.parent / "l.db") as log:
        record_tags(log, [tag])
    repo.write(name, TEXT + "more\n")
    assert _said(_blame(repo, name=name)) == [(1, 6, "A4"), (7, 7, None)]


def test_files_outside_and_untracked_ones(repo: Scratch, own_place: Path) -> None:
    repo.write("a", TEXT)
    assert _said(_blame(repo, make_tag(TEXT.encode(), "A4"))) == [(1, 6, "A4")]
    repo.write("empty", "")
    assert _blame(repo, name="empty") == []
    with pytest.raises(InputError, match="no such file"):
        _blame(repo, name="gone")
    (own_place / "outside").write_text(TEXT)
    with pytest.raises(InputError, match="not a git repository"):
        _blame(repo, name="../outside")


def test_the_command_says_it_otherwise(repo: Scratch, headwater: Callable[..., Any]) -> None:
    repo.write("a", TEXT)
    repo.commit("one")
    _blame(repo, make_tag(TEXT.encode(), "A3", model="m", ranges=[(0, SIZE)]))
    ran = headwater("--ledger", "../l.db", "git", "blame", "a")
    assert (ran.code, ran.stderr) == (0, "")
    head, first, second = ran.stdout.splitlines()
    assert head.split()[:3] == ["lines", "bytes", "assistance"]
    assert first.split()[:5] == ["1", f"0-{SIZE}", "A3", "mostly", "AI"]
    assert second.split()[2] == "unknown"
