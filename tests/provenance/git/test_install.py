"""Hooks go in beside what is there, and come out without a trace."""

import os
import shutil
from pathlib import Path

import pytest

from ledger.errors import InputError, RefusedError
from ledger.provenance.git.install import HOOKS, install, uninstall
from tests.provenance.git.scratch import Scratch, scratch

TEAM = '#!/bin/sh\necho "${0##*/} $#" >>"$(git rev-parse --show-toplevel)/../ran"\n'


def _script(path: Path, text: str = TEAM) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _ran(repo: Scratch) -> list[str]:
    file = repo.path.parent / "ran"
    return file.read_text().splitlines()


def _tagged(repo: Scratch, text: str = "by a model\n") -> str:
    repo.write("a.md", text)
    repo.index(text, "A3", "m:1")
    return repo.commit("said")


def test_uninstall_leaves_a_trace(repo: Scratch) -> None:
    before = repo.tree()
    installed = install(repo.path)
    assert installed.chained == () and not installed.again
    assert _tagged(repo) == "said\n\nAssisted-by: m:1"
    assert uninstall(repo.path).removed == HOOKS
    assert repo.tree() == before
    assert not (repo.path / ".git" / "headwater").exists()


def test_a_hook_that_was_there_is_lost(repo: Scratch) -> None:
    hooks = repo.path / ".git" / "hooks"
    for name in ("prepare-commit-msg", "post-commit", "pre-push", "pre-commit"):
        _script(hooks / name)
    (hooks / "commit-msg").symlink_to("pre-commit")
    _script(hooks / "post-rewrite", "#!/bin/sh\ncat >../pairs\n")
    before = repo.tree()
    assert len(install(repo.path).chained) == len(HOOKS)
    assert install(repo.path).again
    assert _tagged(repo) == "said\n\nAssisted-by: m:1"
    assert _ran(repo) == [
        "pre-commit 0",
        "prepare-commit-msg.before-headwater 2",
        "commit-msg.before-headwater 1",
        "post-commit.before-headwater 0",
    ]
    old = repo.head()
    repo.commit("other", "--amend", "--allow-empty")
    pairs = f"{old} {repo.head()}\n"
    assert (repo.path.parent / "pairs").read_text() == pairs
    assert (repo.path / ".git" / "headwater" / "rewritten").read_text() == pairs
    uninstall(repo.path)
    assert repo.tree() == before


@pytest.mark.parametrize("name", ["prepare-commit-msg", "commit-msg"])
def test_a_hook_that_was_there_stops_no_commit(repo: Scratch, name: str) -> None:
    _script(repo.path / ".git" / "hooks" / name, "#!/bin/sh\nexit 3\n")
    install(repo.path)
    repo.write("a", "a")
    repo.git("add", "a")
    repo.git("commit", "-m", "no", code=1)
    assert repo.git("log", "--oneline", "--all") == ""


def test_a_hook_that_is_not_executable_runs(repo: Scratch) -> None:
    hook = repo.path / ".git" / "hooks" / "post-commit"
    _script(hook)
    hook.chmod(0o644)
    before = repo.tree()
    install(repo.path)
    repo.write("a", "a")
    repo.commit("one")
    assert not (repo.path.parent / "ran").exists()
    uninstall(repo.path)
    assert repo.tree() == before


@pytest.mark.parametrize("scope", ["--local", "--global"])
@pytest.mark.parametrize("spelled", ["team hooks", "~/hooks", "absolute"])
def test_a_folder_of_the_team_is_changed(repo: Scratch, scope: str, spelled: str) -> None:
    place = {
        "team hooks": repo.path / "team hooks",
        "~/hooks": repo.path.parent / "hooks",
        "absolute": repo.path.parent / 'it\'s "here" \\ there',
    }[spelled]
    for name in ("pre-commit", "prepare-commit-msg", "post-commit"):
        _script(place / name)
    repo.git("config", scope, "core.hooksPath", str(place) if spelled == "absolute" else spelled)
    before = repo.tree()
    theirs = {path.name: path.read_bytes() for path in place.iterdir()}
    installed = install(repo.path)
    assert installed.chained == ("prepare-commit-msg", "post-commit")
    assert installed.folder == repo.path / ".git" / "headwater" / "hooks"
    assert _tagged(repo) == "said\n\nAssisted-by: m:1"
    assert _ran(repo) == ["pre-commit 0", "prepare-commit-msg 2", "post-commit 0"]
    _script(place / "commit-msg", "#!/bin/sh\nexit 1\n")  # added after us, still obeyed
    repo.write("b", "b")
    repo.git("add", "b")
    repo.git("commit", "-m", "no", code=1)
    (place / "commit-msg").unlink()
    assert install(repo.path).again
    uninstall(repo.path)
    assert repo.tree() == before
    assert {path.name: path.read_bytes() for path in place.iterdir()} == theirs


def test_the_path_of_a_repository_is_a_pattern(own_place: Path) -> None:
    """git compares values as patterns unless it is told not to."""
    repo = scratch(own_place / "we+rd [x] (y)*")
    repo.git("config", "core.hooksPath", "hooks")
    before = repo.tree()
    install(repo.path)
    uninstall(repo.path)
    assert repo.tree() == before


def test_a_hook_of_another_name_starts_to_mean_something(repo: Scratch) -> None:
    """push-to-checkout changes what git does by being there."""
    place = repo.path.parent / "hooks"
    _script(place / "reference-transaction")
    repo.git("config", "core.hooksPath", str(place))
    folder = install(repo.path).folder
    assert (folder / "reference-transaction").exists()
    assert not (folder / "push-to-checkout").exists()
    assert not (folder / "post-index-change").exists()


def test_worktrees_and_submodules_stay_without(repo: Scratch) -> None:
    repo.write("a", "a")
    repo.commit("one")
    repo.git("worktree", "add", "-q", "../tree")
    tree = Scratch(repo.path.parent / "tree", repo.environment)
    assert install(tree.path).folder == repo.path / ".git" / "hooks"
    text = "in a tree\n"
    repo.index(text, "A2", "m:2")
    tree.write("b", text)
    assert tree.commit("two") == "two\n\nAssisted-by: m:2"
    facts = (repo.path / ".git" / "headwater" / "commits").read_text()
    assert facts == f"{tree.head()} {tree.blob(text)} b\n"

    outer = scratch(repo.path.parent / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.path))
    inner = Scratch(outer.path / "repo", outer.environment)
    folder = install(inner.path).folder
    assert folder == outer.path / ".git" / "modules" / "repo" / "hooks"
    inner.write("c", text)
    inner.git("add", "c")
    (folder.parent / "headwater" / "index").write_text(f"{inner.blob(text)} A4 -\n")
    inner.git("commit", "-qm", "three")
    assert inner.message() == "three\n\nAssisted-by: AI"


def test_a_bare_repository_or_none_gets_hooks(own_place: Path, repo: Scratch) -> None:
    bare = scratch(own_place / "bare.git", "--bare")
    with pytest.raises(InputError, match="a bare repository"):
        install(bare.path)
    (own_place / "empty").mkdir()
    with pytest.raises(InputError, match="git rev-parse: not a git repository"):
        install(own_place / "empty")


def test_waiting_tags_go_with_the_hooks(repo: Scratch) -> None:
    install(repo.path)
    spool = repo.path / ".git" / "headwater" / "spool"
    (spool / "bad").mkdir(parents=True)
    for place, reason in ((spool, "wait there"), (spool / "bad", "no ledger could record")):
        (place / "one.json").write_text("a tag")
        with pytest.raises(RefusedError, match=f"{reason}.*: 1"):
            uninstall(repo.path)
        assert (place / "one.json").exists()
        (place / "one.json").rename(spool.parent / "kept")
    assert (spool.parent / "kept").exists() and (
        repo.path / ".git" / "hooks" / "post-commit"
    ).exists()


def test_a_hook_put_over_ours_is_lost(repo: Scratch) -> None:
    hook = repo.path / ".git" / "hooks" / "post-commit"
    _script(hook)
    install(repo.path)
    hook.write_text("#!/bin/sh\necho another\n")
    with pytest.raises(RefusedError, match="an earlier hook is there"):
        install(repo.path)
    done = uninstall(repo.path)
    assert "post-commit" not in done.removed
    (left,) = done.left
    assert "no longer ours" in left
    assert hook.read_text() == "#!/bin/sh\necho another\n"


def test_a_config_that_we_cannot_win_against(repo: Scratch) -> None:
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "core.hooksPath", "/nowhere")
    before = repo.tree()
    with pytest.raises(RefusedError, match="cannot win"):
        install(repo.path)
    assert repo.tree() == before and not (repo.path / ".git" / "headwater").exists()


def test_a_folder_without_hooks_gains_one_for_ever(repo: Scratch) -> None:
    shutil.rmtree(repo.path / ".git" / "hooks")
    before = repo.tree()
    install(repo.path)
    install(repo.path)
    assert _tagged(repo) == "said\n\nAssisted-by: m:1"
    uninstall(repo.path)
    assert repo.tree() == before and not (repo.path / ".git" / "hooks").exists()


def test_our_scripts_are_not_executable_for_git(repo: Scratch) -> None:
    folder = install(repo.path).folder
    assert all(os.access(folder / name, os.X_OK) for name in HOOKS)
