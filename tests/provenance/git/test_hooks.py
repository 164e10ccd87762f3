"""What the hooks write, and what nobody can make them write."""

import os
import subprocess
from pathlib import Path

import pytest

from ledger.provenance.git.install import install
from tests.provenance.git.scratch import Scratch, scratch

SAID = "Assisted-by: claude:opus-4"


@pytest.fixture
def hooked(repo: Scratch) -> Scratch:
    install(repo.path)
    return repo


def _add(repo: Scratch, name: str, text: str, assistance: str = "A3", model: str = "claude:opus-4"):
    repo.write(name, text)
    repo.index(text, assistance, model)


def test_a_commit_without_evidence_is_touched(hooked: Scratch) -> None:
    hooked.write("a", "mine")
    assert hooked.commit("one") == "one"
    hooked.index("another text", "A4")
    hooked.write("b", "mine, too")
    assert hooked.commit("two") == "two"
    assert (
        not (hooked.path / ".git" / "headwater" / "commits").exists()
        or not (hooked.path / ".git" / "headwater" / "commits").read_text()
    )


@pytest.mark.parametrize(
    ("assistance", "grammar", "said"),
    [("A0", True, False), ("A1", False, False), ("A1", True, True), ("A2", False, True),
     ("A3", False, True), ("A4", False, True), ("AX", True, False), ("A22", True, False)],
)  # fmt: skip
def test_the_wrong_degree_is_said(
    repo: Scratch, assistance: str, grammar: bool, said: bool
) -> None:
    install(repo.path, grammar=grammar)
    _add(repo, "a", "text", assistance)
    assert repo.commit("one") == (f"one\n\n{SAID}" if said else "one")


def test_a_text_that_was_edited_after_its_tag_counts(hooked: Scratch) -> None:
    _add(hooked, "a", "text")
    hooked.write("a", "text, edited")
    assert hooked.commit("one") == "one"


def test_what_was_taken_back_is_said(hooked: Scratch) -> None:
    _add(hooked, "a", "text")
    hooked.index("text", "-")
    hooked.write("b", "other")
    assert hooked.commit("one") == "one"
    _add(hooked, "c", "third", "A3", "first")
    hooked.index("third", "-")
    hooked.index("third", "A2", "second")
    assert hooked.commit("two") == "two\n\nAssisted-by: second"


def test_two_models_are_one(hooked: Scratch) -> None:
    _add(hooked, "a", "text", "A3", "m 1")
    hooked.index("text", "A2", "m 2")
    _add(hooked, "b", "more", "A4", "m 1")
    assert hooked.commit("one") == "one\n\nAssisted-by: m 1\nAssisted-by: m 2"


def test_a_trailer_comes_twice(hooked: Scratch) -> None:
    _add(hooked, "a", "text")
    assert hooked.commit(f"one\n\n{SAID}") == f"one\n\n{SAID}"
    hooked.git("commit", "-q", "--amend", "--no-edit", "--reset-author")
    assert hooked.message() == f"one\n\n{SAID}"
    _add(hooked, "b", "more")
    assert hooked.commit(None, "--amend", "--no-edit") == f"one\n\n{SAID}"


@pytest.mark.parametrize("first", [True, False])
def test_a_tag_of_what_was_committed_comes_with_the_amend(hooked: Scratch, first: bool) -> None:
    if not first:
        hooked.write("b", "before")
        hooked.commit("zero")
        hooked.index("before", "A3", "m 0")
    hooked.write("a", "text")
    assert hooked.commit("one") == "one"
    hooked.index("text", "A3", "m 1")
    for _ in range(2):
        hooked.git("commit", "-q", "--amend", "--no-edit", "--reset-author")
        assert hooked.message() == "one\n\nAssisted-by: m 1"


def test_an_amended_merge_gains_what_it_merged(hooked: Scratch) -> None:
    hooked.write("a", "one")
    hooked.commit("one")
    hooked.git("checkout", "-q", "-b", "side")
    hooked.write("b", "text")
    hooked.commit("two")
    hooked.index("text", "A3", "m 1")
    hooked.git("checkout", "-q", "-")
    hooked.git("merge", "-q", "--no-ff", "-m", "both", "side")
    hooked.git("commit", "-q", "--amend", "--no-edit", "--reset-author")
    assert hooked.message() == "both"


def test_a_trailer_stands_in_the_wrong_place(hooked: Scratch) -> None:
    _add(hooked, "a", "text")
    signed = "Reviewed-by: Z <z@example.org>\nSigned-off-by: A <a@example.org>"
    body = "one\n\nAssisted-by: somebody said so in the text\n\n---\nnot a patch\n\n"
    assert hooked.commit(body + signed) == f"{body}{signed}\n{SAID}"
    found = hooked.git("interpret-trailers", "--parse", given=hooked.message().encode())
    assert SAID not in found  # for git am, `---` ends a message; git log knows better
    assert hooked.git("log", "-1", "--format=%(trailers:key=Assisted-by)").strip() == SAID


@pytest.mark.parametrize(
    "model",
    ["x\033[31m", "\u202eevil", "a" * 201, "tab\there", "é", "x\r"],
)
def test_a_hostile_model_reaches_the_message(hooked: Scratch, model: str) -> None:
    _add(hooked, "a", "text", "A3", model)
    assert hooked.commit("one") == "one\n\nAssisted-by: AI"


@pytest.mark.parametrize(
    "model",
    ["$(touch pwned)", "`id`;x", "a\\nb", "%s%n", "x=y: z", "-- --trailer", "#x", "*", "'\""],
)
def test_a_model_is_obeyed(hooked: Scratch, model: str) -> None:
    _add(hooked, "a", "text", "A3", model)
    assert hooked.commit("one") == f"one\n\nAssisted-by: {model}"
    assert sorted(os.listdir(hooked.path)) == [".git", "a"]


def test_a_line_of_the_index_is_two_for_git(hooked: Scratch) -> None:
    """A line break in a model would be a new line, which is no blob's."""
    _add(hooked, "a", "text", "A3", "m\nSigned-off-by: the boss")
    assert hooked.commit("one") == "one\n\nAssisted-by: m"


NAMES = [
    b"-rf",
    b"new\nline",
    b'quo"te',
    b"tab\there",
    b"sp ace ",
    b"\xff\xfe",
    "ü/ñ".encode(),
    b":x",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_hides_a_text(hooked: Scratch, name: bytes) -> None:
    path = hooked.path / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("text")
    hooked.index("text", "A3", "claude:opus-4")
    assert hooked.commit("one") == f"one\n\n{SAID}"
    (fact,) = (hooked.path / ".git" / "headwater" / "commits").read_bytes().splitlines()
    commit, blob, quoted = fact.split(b" ", 2)
    assert (commit.decode(), blob.decode()) == (hooked.head(), hooked.blob("text"))
    listed = hooked.git("ls-files")
    assert quoted.decode() == listed.rstrip("\n")


def test_an_empty_message_becomes_a_commit(hooked: Scratch) -> None:
    """In an editor the trailer is filled in; closing it without a word still gives up."""
    _add(hooked, "a", "text")
    hooked.git("add", "a")
    hooked.environment["GIT_EDITOR"] = "true"
    hooked.git("commit", code=1)
    hooked.git("commit", "--verbose", code=1)
    writer = hooked.path.parent / "writer"
    writer.write_text('#!/bin/sh\n{ echo subject; cat "$1"; } >"$1.n" && mv "$1.n" "$1"\n')
    writer.chmod(0o755)
    hooked.environment["GIT_EDITOR"] = str(writer)
    hooked.git("commit", "--quiet", "--verbose")
    assert hooked.message() == f"subject\n\n{SAID}"


def test_a_merge_says_what_its_commits_said(hooked: Scratch) -> None:
    hooked.write("base", "base")
    hooked.commit("base")
    hooked.git("checkout", "-q", "-b", "side")
    _add(hooked, "a", "text")
    hooked.commit("side")
    hooked.git("checkout", "-q", "main")
    hooked.write("b", "mine")
    hooked.commit("main")
    hooked.git("merge", "-q", "--no-edit", "side")
    assert "Assisted-by" not in hooked.message()
    hooked.git("reset", "-q", "--hard", "HEAD^")
    hooked.git("merge", "-q", "--squash", "side")
    hooked.git("commit", "-q", "--no-edit")
    assert hooked.message().startswith("Squashed commit of the following:")
    assert hooked.message().endswith(f"\n\n{SAID}")  # the other one is indented, part of the text


def test_rebase_and_cherry_pick_double_a_trailer(hooked: Scratch) -> None:
    hooked.write("base", "base")
    hooked.commit("base")
    hooked.git("checkout", "-q", "-b", "side")
    _add(hooked, "a", "text")
    hooked.commit("side")
    old = hooked.head()
    hooked.git("checkout", "-q", "main")
    hooked.write("b", "mine")
    hooked.commit("main")
    hooked.git("cherry-pick", "side")
    assert hooked.message() == f"side\n\n{SAID}"
    hooked.git("reset", "-q", "--hard", "HEAD^")
    hooked.git("rebase", "-q", "main", "side")
    assert hooked.message() == f"side\n\n{SAID}"
    rewritten = (hooked.path / ".git" / "headwater" / "rewritten").read_text()
    assert rewritten == f"{old} {hooked.head()}\n"


def test_part_of_the_index_is_committed(hooked: Scratch) -> None:
    _add(hooked, "a", "text")
    hooked.write("b", "mine")
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "only b", "--", "b")
    assert hooked.message() == "only b"
    hooked.git("commit", "-q", "-m", "now a")
    assert hooked.message() == f"now a\n\n{SAID}"


def test_a_commit_without_a_branch_is_not_noted(hooked: Scratch) -> None:
    _add(hooked, "a", "text")
    hooked.commit("one")
    hooked.git("pack-refs", "--all")
    hooked.git("checkout", "-q", "--detach")
    _add(hooked, "b", "more")
    hooked.commit("two")
    detached = hooked.head()
    hooked.git("checkout", "-q", "-b", "deep/er")
    _add(hooked, "b", "third")
    hooked.commit("three")
    facts = (hooked.path / ".git" / "headwater" / "commits").read_text().splitlines()
    assert [fact.split()[0] for fact in facts[1:]] == [detached, hooked.head()]


def test_a_commit_that_was_given_up_is_noted(hooked: Scratch) -> None:
    _add(hooked, "a", "text")
    hooked.git("add", "a")
    hooked.environment["GIT_EDITOR"] = "true"
    hooked.git("commit", code=1)
    hooked.git("reset", "-q")
    (hooked.path / "a").unlink()
    hooked.write("b", "mine")
    assert hooked.commit("two") == "two"
    assert not (hooked.path / ".git" / "headwater" / "commits").exists()


def test_a_repository_of_sha256_is_not_read(own_place: Path) -> None:
    repo = scratch(own_place / "wide", "--object-format=sha256")
    install(repo.path)
    _add(repo, "a", "text")
    assert repo.commit("one") == f"one\n\n{SAID}"
    (fact,) = (repo.path / ".git" / "headwater" / "commits").read_text().splitlines()
    assert fact == f"{repo.head()} {repo.blob('text')} a" and len(repo.head()) == 64


@pytest.mark.parametrize("strict", [False, True])
def test_a_broken_hook_stops_a_commit(repo: Scratch, strict: bool) -> None:
    """Only where the team asked for it."""
    install(repo.path, strict=strict)
    _add(repo, "a", "text")
    tools = repo.path.parent / "tools"
    tools.mkdir()
    (tools / "awk").write_text("#!/bin/sh\nexit 2\n")
    (tools / "awk").chmod(0o755)
    repo.environment["PATH"] = f"{tools}{os.pathsep}{repo.environment['PATH']}"
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "one", code=1 if strict else 0)
    if not strict:
        assert repo.message() == "one"


@pytest.mark.parametrize("broken", ["index is a folder", "state is gone", "commits is a folder"])
def test_a_broken_state_stops_a_commit(hooked: Scratch, broken: str) -> None:
    state = hooked.path / ".git" / "headwater"
    if broken == "state is gone":
        (state / "settings").unlink()
        state.rmdir()
    else:
        hooked.index("text", "A3")
        (state / broken.split()[0]).unlink(missing_ok=True)
        (state / broken.split()[0]).mkdir()
    hooked.write("a", "text")
    assert hooked.commit("one").startswith("one")
    hooked.git("commit", "-q", "--amend", "-m", "two")


def test_a_binary_index_stops_a_commit(hooked: Scratch) -> None:
    (hooked.path / ".git" / "headwater" / "index").write_bytes(os.urandom(5000) + b"\n:x\n\n \n")
    hooked.write("a", "text")
    assert hooked.commit("one") == "one"


def test_a_push_is_stopped_or_goes_without_notes(repo: Scratch) -> None:
    far = scratch(repo.path.parent / "far.git", "--bare")
    repo.git("remote", "add", "origin", str(far.path))
    install(repo.path, notes=True)
    repo.write("a", "text")
    repo.commit("one")
    repo.git("push", "-q", "origin", "main")  # no notes yet
    repo.git("notes", "--ref=ai", "add", "-m", "a note")
    repo.git("push", "-q", "origin", "main:other")
    assert repo.git("notes", "--ref=ai", "list") == far.git("notes", "--ref=ai", "list")
    install(repo.path)
    repo.git("notes", "--ref=ai", "add", "-f", "-m", "another note")
    repo.git("push", "-q", "origin", "main:third")
    assert repo.git("notes", "--ref=ai", "list") != far.git("notes", "--ref=ai", "list")


def test_a_shell_is_more_than_posix(hooked: Scratch) -> None:
    scripts = sorted((Path(hooked.path) / ".git" / "hooks").glob("*"))
    ours = [path for path in scripts if path.suffix == "" and path.read_bytes()[:9] == b"#!/bin/sh"]
    assert len(ours) == 5
    for path in ours:
        done = subprocess.run(["sh", "-n", path], capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
        text = path.read_text()
        assert "[[" not in text and "local " not in text and "python" not in text


def test_the_framework_runs_something_else(repo: Scratch, root: Path) -> None:
    """Each hook that `.pre-commit-hooks.yaml` names, started from elsewhere as pre-commit does."""
    said = (root / ".pre-commit-hooks.yaml").read_text()
    entries = [line.partition(": ")[2] for line in said.splitlines() if "entry:" in line]
    stages = [line.partition("[")[2].rstrip("]") for line in said.splitlines() if "stages:" in line]
    assert [entry.split()[1] for entry in entries] == stages
    assert len(stages) == len(set(stages)) == said.count("- id: headwater-") == 4
    (repo.path / ".git" / "headwater").mkdir()
    _add(repo, "a", "text")
    repo.git("add", "a")
    message = repo.path / ".git" / "COMMIT_EDITMSG"
    message.write_text("one\n")

    def run(stage: str, *arguments: str) -> None:
        (entry,) = [entry for entry in entries if entry.endswith(f" {stage}")]
        script, name = entry.split()
        environment = {**repo.environment, "PRE_COMMIT_COMMIT_MSG_SOURCE": "message"}
        command = [str(root / script), name, *arguments]
        done = subprocess.run(command, cwd=repo.path, env=environment, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    run("prepare-commit-msg", ".git/COMMIT_EDITMSG")
    run("commit-msg", ".git/COMMIT_EDITMSG")
    assert message.read_text() == f"one\n\n{SAID}\n"
    repo.git("commit", "-q", "-F", ".git/COMMIT_EDITMSG")
    run("post-commit")
    run("pre-push")
    fact = (repo.path / ".git" / "headwater" / "commits").read_text()
    assert fact == f"{repo.head()} {repo.blob('text')} a\n"
