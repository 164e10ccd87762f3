"""A commit as an input: what was committed and nothing that was configured, from any clone."""

import os
import stat
import zlib
from hashlib import sha1, sha256
from pathlib import Path

import pytest

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.inputs import expand, input_digest
from ledger.corpus.readers import ReadOptions, Snapshot, reader_for, readers
from ledger.corpus.readers._repository import Repository
from ledger.errors import InputError, MalformedError, UnknownNameError, VerificationError
from tests.corpus.signing import at, repository


def options(**settings):
    more = {k: settings.pop(k) for k in ("include", "max_members", "max_document_bytes")
            if k in settings}  # fmt: skip
    return ReadOptions(settings={f"git.{k}": v for k, v in settings.items()}, **more)


def read(path, chosen=None):
    """(rows by path, rejected, passed over)."""
    rows, bad, passed = {}, [], {}
    for found in readers()["git"].read(path, chosen or ReadOptions()):
        if isinstance(found, Passed):
            passed[found.what] = found.count
        elif isinstance(found, Rejected):
            bad.append((found.where.removeprefix(str(path)), found.reason))
        else:
            found.validate(full=True)
            rows |= {row["path"]: row for row in found.to_pylist()}
    return rows, bad, passed


@pytest.fixture
def repo(tmp_path):
    made = repository(tmp_path / "repo")
    made.commit("2020-01-01", notes_txt="one\n", docs__beans_md="sow\n", main_py="# why\nx = 1\n")
    made.commit("2021-01-01", notes_txt="one\ntwo\n")
    return made


def test_files_of_a_commit_with_the_date_of_their_last_change(repo):
    rows, bad, passed = read(repo.path)
    assert bad == []
    assert passed == {"files of other kinds": 1}
    assert sorted(rows) == ["docs/beans.md", "notes.txt"]
    notes, beans = rows["notes.txt"], rows["docs/beans.md"]
    assert (notes["text"], notes["claimed_at"]) == ("one\ntwo\n", at("2021-01-01"))
    assert (beans["text"], beans["claimed_at"]) == ("sow\n", at("2020-01-01"))
    assert notes["record"] == sha1(b"blob 8\0one\ntwo\n").hexdigest()
    assert (notes["row"], beans["row"], notes["file"]) == (2, 0, None)
    assert beans["content_type"] == "text/markdown"


def test_an_edit_after_the_cut_off_shows_though_the_author_says_otherwise(repo):
    """The committer's date counts where the author's is older, as after a rebase."""
    (repo.path / "notes.txt").write_text("new\n")
    repo.git("commit", "-a", "-m", "x", when="2023-06-01", GIT_AUTHOR_DATE="1500000000 +0000")
    assert read(repo.path)[0]["notes.txt"]["claimed_at"] == at("2023-06-01")


def test_a_later_date_is_not_hidden_by_a_backdated_commit(repo):
    repo.commit("2023-06-01", notes_txt="new\n")
    repo.commit("2019-01-01", notes_txt="newer\n")
    assert read(repo.path)[0]["notes.txt"]["claimed_at"] == at("2023-06-01")


def test_text_that_only_a_merge_brought(repo):
    repo.git("checkout", "-q", "-b", "side", "HEAD~1")
    repo.commit("2020-06-01", other_txt="x\n")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "--no-ff", "--no-commit", "side")
    repo.commit("2023-01-01", docs__beans_md="written in the merge\n")
    rows = read(repo.path)[0]
    assert rows["docs/beans.md"]["claimed_at"] == at("2023-01-01")
    assert rows["other.txt"]["claimed_at"] == at("2020-06-01")
    assert rows["notes.txt"]["claimed_at"] == at("2021-01-01")


def test_a_commit_has_one_digest_in_every_clone(repo, tmp_path):
    bare = tmp_path / "bare"
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    repo.git("gc", "-q")
    (repo.path / "notes.txt").write_text("not committed\n")  # the checkout plays no part
    (repo.path / "more.txt").write_text("nor this\n")
    reader = readers()["git"]
    assert isinstance(reader, Snapshot)
    assert reader.digest(repo.path, options()) == reader.digest(bare, options())
    lines = "".join(
        f"{sha256(text).hexdigest()}  {name}\n"
        for name, text in (("docs/beans.md", b"sow\n"), ("notes.txt", b"one\ntwo\n"))
    )
    head = repo.git("rev-parse", "HEAD")
    expected = sha256(f"commit {head}\n{lines}".encode()).digest()
    assert reader.digest(bare, options(rev="main")) == expected
    assert reader.digest(bare, options(rev="main~1")) != expected
    assert read(bare)[0] == read(repo.path)[0]


def test_a_shallow_clone_dates_nothing_too_early(repo, tmp_path):
    """It does not know when a file was last changed, only that it lay there at its first commit."""
    shallow = tmp_path / "shallow"
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", str(shallow))
    git = readers()["git"]
    assert git.digest(shallow, options()) == git.digest(repo.path, options())
    dates = {path: row["claimed_at"] for path, row in read(shallow)[0].items()}
    assert dates == {"docs/beans.md": at("2021-01-01"), "notes.txt": at("2021-01-01")}


def test_a_repository_of_sha256_objects(tmp_path):
    made = repository(tmp_path / "repo", "--object-format=sha256")
    made.commit("2020-01-01", docs__a_txt="a\n")
    row = read(made.path)[0]["docs/a.txt"]
    assert row["record"] == sha256(b"blob 2\0a\n").hexdigest()
    assert row["claimed_at"] == at("2020-01-01")


def test_a_bare_repository_is_known_and_a_checkout_is_a_folder(repo, tmp_path):
    bare = tmp_path / "bare"
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    assert reader_for(bare).name == "git"
    assert reader_for(repo.path).name == "folder"
    (item,) = expand([bare], None)
    assert (item.reader.name, item.size) == ("git", 12)
    (item,) = expand([repo.path], "git")
    assert input_digest(item, options()) == readers()["git"].digest(bare, options())
    with pytest.raises(InputError, match="no git repository"):
        expand([tmp_path], "git")


def test_comments_of_source_files_are_an_option(repo):
    repo.commit("2021-02-01", empty_py="", plain_py="x = 1\n")
    rows, _, passed = read(repo.path, options(code="comments"))
    assert rows["main.py"]["text"] == "why"
    assert rows["main.py"]["content_type"] == "text/x-python"
    assert passed == {"source files without text of their own": 2}
    whole = read(repo.path, options(code="all"))[0]
    assert whole["main.py"]["text"] == "# why\nx = 1\n"
    git = readers()["git"]
    assert git.derivation(repo.path, options(code="comments")) == ("headwater-comments/1",)
    assert git.derivation(repo.path, options()) == ()
    with pytest.raises(UnknownNameError, match=r"git\.code: comment"):
        read(repo.path, options(code="comment"))


def test_include_does_not_renumber(repo):
    every, some = read(repo.path)[0], read(repo.path, options(include=("docs/*",)))[0]
    assert some == {"docs/beans.md": every["docs/beans.md"]}
    assert read(repo.path, options(include=("*.py",)))[0]["main.py"]["row"] == 1


def test_what_is_no_document(repo):
    (repo.path / "link.txt").symlink_to("/etc/passwd")
    repo.commit(
        "2021-03-01",
        big_txt="version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        _hidden__x_txt="h\n",
    )
    (repo.path / "bad.txt").write_bytes(b"a\n\xff\n")
    (repo.path / "none.txt").write_bytes(b"")
    repo.commit("2021-04-01")
    rows, bad, passed = read(repo.path)
    assert "link.txt" not in rows
    assert sorted(bad) == [
        ("!bad.txt", "invalid UTF-8 at byte 3, line 2"),
        ("!big.txt", "a Git LFS pointer, its text lies elsewhere"),
        ("!none.txt", "empty text, line 1"),
    ]
    assert passed["links and submodules"] == 1
    assert passed["hidden files"] == 1
    over = read(repo.path, options(max_document_bytes=4))[1]
    assert ("!notes.txt", "text of 8 bytes, expected at most 4") in over


@pytest.mark.parametrize("rev", ["gone", "-x", "--help", "a\nb", "", "HEAD^{tree}"])
def test_a_revision_that_is_none(rev, repo):
    with pytest.raises(InputError):
        read(repo.path, options(rev=rev))


def test_nothing_the_repository_configures_is_run(repo, tmp_path):
    """Hooks, filters, pagers, helpers, transports: each would leave a file behind."""
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    (repo.path / ".gitattributes").write_text("*.txt filter=evil diff=evil\n")
    repo.commit("2021-05-01")
    for key in (
        "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "diff.evil.command",
        "diff.external", "core.fsmonitor", "core.pager", "core.sshCommand", "gpg.program",
        "core.askPass", "credential.helper", "core.alternateRefsCommand",
    ):  # fmt: skip
        repo.git("config", key, str(script))
    for key, value in (
        ("log.showSignature", "true"), ("log.showRoot", "false"), ("diff.orderFile", "gone"),
        ("diff.relative", "true"), ("core.hooksPath", str(tmp_path)), ("color.ui", "always"),
        ("log.date", "relative"), ("format.pretty", "full"), ("diff.noprefix", "true"),
        ("core.quotePath", "true"), ("log.follow", "true"), ("diff.renames", "copies"),
    ):  # fmt: skip
        repo.git("config", key, value)
    rows = read(repo.path)[0]
    assert rows["docs/beans.md"]["claimed_at"] == at("2020-01-01")
    assert not ran.exists()


def test_a_partial_clone_fetches_nothing(repo, tmp_path):
    """What lacks is an error; asking the remote for it could run any program."""
    ran = tmp_path / "ran"
    head = repo.git("rev-parse", "HEAD:notes.txt")
    os.unlink(repo.path / ".git" / "objects" / head[:2] / head[2:])
    repo.git("config", "extensions.partialClone", "evil")
    repo.git("config", "remote.evil.url", f"ext::sh -c touch% {ran}")
    repo.git("config", "remote.evil.promisor", "true")
    repo.git("config", "protocol.ext.allow", "always")
    with pytest.raises((InputError, MalformedError), match="git"):
        read(repo.path)
    with pytest.raises((InputError, MalformedError)):
        readers()["git"].size(repo.path, options())
    assert not ran.exists()


def loose(repo, oid):
    return repo.path / ".git" / "objects" / oid[:2] / oid[2:]


def put(repo, kind, body, oid=None):
    data = f"{kind} {len(body)}\0".encode() + body
    oid = oid or sha1(data).hexdigest()
    path = loose(repo, oid)
    path.parent.mkdir(exist_ok=True)
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(zlib.compress(data))
    return oid


@pytest.mark.parametrize("what", ["blob", "tree", "commit"])
def test_an_object_that_holds_other_bytes(what, repo):
    """git does not hash what it reads; a changed object would pass for the signed one."""
    oid = repo.git("rev-parse", {"blob": "HEAD:notes.txt", "tree": "HEAD^{tree}"}.get(what, "HEAD"))
    body = {"blob": b"bad\ntwo\n"}.get(what)
    if body is None:
        with Repository(repo.path) as opened:
            body = opened.read(oid, what).replace(b"docs", b"dacs").replace(b"change", b"chance")
    put(repo, what, body, oid)
    with pytest.raises((VerificationError, InputError)):
        read(repo.path)


def tree(*entries):
    return b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in entries)


def commit_of(repo, tree_oid):
    who = "a <a@example.org> 1600000000 +0000"
    return put(repo, "commit", f"tree {tree_oid}\nauthor {who}\ncommitter {who}\n\nx\n".encode())


def test_a_tree_bomb_is_given_up(repo):
    """Ten levels of ten equal folders are ten thousand million files and eleven objects."""
    blob = put(repo, "blob", b"x\n")
    oid = put(repo, "tree", tree(*(("100644", f"{i}.txt", blob) for i in range(10))))
    for _ in range(9):
        oid = put(repo, "tree", tree(*(("40000", str(i), oid) for i in range(10))))
    with pytest.raises(MalformedError, match="over 2000 files"):
        readers()["git"].digest(repo.path, options(rev=commit_of(repo, oid), max_members=2000))


def test_folders_without_end_are_given_up(repo):
    oid = put(repo, "tree", tree(("100644", "a.txt", put(repo, "blob", b"x\n"))))
    for _ in range(600):
        oid = put(repo, "tree", tree(("40000", "a", oid)))
    with pytest.raises(MalformedError, match="nested over 500 deep"):
        readers()["git"].size(repo.path, options(rev=commit_of(repo, oid)))


def test_names_that_climb_or_are_no_text(repo):
    blob = put(repo, "blob", b"x\n")
    inner = put(repo, "tree", tree(("100644", "x.txt", blob)))
    body = tree(("40000", "..", inner), ("100644", "a\u202e.txt", blob))
    body += b"100644 \xff.txt\0" + bytes.fromhex(blob)
    rows, bad, _ = read(repo.path, options(rev=commit_of(repo, put(repo, "tree", body))))
    assert bad == [("!../x.txt", "a name that leaves the repository")]
    assert sorted(rows) == ["\\xff.txt", "a\u202e.txt"]


@pytest.mark.parametrize("body", [b"100644 a.txt\0short", b"100644a.txt\0" + bytes(20), b"\0" * 30])
def test_a_tree_that_is_cut_short(body, repo):
    oid = commit_of(repo, put(repo, "tree", body))
    with pytest.raises(MalformedError, match=r"cut short|git: "):
        read(repo.path, options(rev=oid))


def test_no_repository_at_all(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises((InputError, MalformedError), match="git"):
        readers()["git"].state(tmp_path, options())
    with pytest.raises(InputError, match="no git repository"):
        readers()["git"].state(Path(__file__), options())
