"""`headwater tag`: what it refuses, what it never assumes, and how tags reach the ledger."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ledger.log.keys import config_folder
from ledger.provenance.tags.make import make_tag
from ledger.provenance.tags.receipt import parse_receipt
from ledger.provenance.tags.spool import append, waiting

Run = Callable[..., Any]
TEXT = "A text of more than eight words, so that it is known again.\nIts second line.\n"


@pytest.fixture
def note(own_place: Path) -> Path:
    file = own_place / "note.md"
    file.write_text(TEXT)
    return file


def spool() -> Path:
    return config_folder() / "spool"


def test_nothing_is_taken_for_granted(headwater: Run, note: Path) -> None:
    for arguments in ((note,), ("--stdin",)):
        ran = headwater("tag", *arguments)
        assert ran.code == 2
        assert "found no --ai" in ran.stderr
        assert "headwater tag --help" in ran.stderr
    assert waiting(spool()) == []


def test_on_a_terminal_it_asks(front: str, note: Path, root: Path) -> None:
    code = f"from {front}.main import run; import sys; sys.exit(run(['tag', 'note.md', '--json']))"
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    ) as process:  # fmt: skip
        os.close(theirs)
        os.write(ours, b"perhaps\nunknown\n")
        out, said = process.communicate(timeout=60)
        os.close(ours)
    assert b"How much of note.md did AI write?" in said
    assert json.loads(out)["tags"][0]["body"]["assistance"] == "AX"


def test_the_same_tag_twice_is_one(
    headwater: Run, front: str, note: Path, own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(1_790_000_000, 3600)
    files = import_module(f"{front}.commands._tag._files")
    monkeypatch.setattr(files, "time", SimpleNamespace(time=lambda: next(clock)))
    assert headwater("key", "generate", "ada.example", "--use", "claim").code == 0
    arguments = ("tag", note, "--ai", "edits", "--lines", "2", "--sign", "--json")
    first, second = (json.loads(headwater(*arguments).stdout)["tags"][0] for _ in range(2))
    assert first == second
    assert len(waiting(spool())) == 1
    receipt = own_place / "r.json"
    ran = headwater("tag", note, "--ai", "edits", "--lines", "2", "--sign", "--receipt", receipt)
    assert ran.code == 0
    assert parse_receipt(receipt.read_bytes(), "r").claim_id == first["claim"]
    assert receipt.read_bytes() == waiting(spool())[0].read_bytes()


REFUSED = {
    "line": (("--lines", "3"), 3, "note.md: line 3 is past the end, expected at most 2"),
    "lines": (("--lines", "2-x"), 3, "expected numbers such as 10-40,50"),
    "overlap": (("--bytes", "0-10,5-12"), 3, "overlap bytes 0-10"),
    "both": (("--lines", "1", "--bytes", "0-3"), 3, "overlap"),
    "model": (("--model", "a\x07b"), 3, "found control characters, expected a name"),
    "supersedes": (("--supersedes", "it"), 3, "supersedes"),
    "key": (("--sign", "nobody"), 3, "unknown author key: nobody"),
    "no_key": (("--sign",), 3, "own keys of use claim: none, expected one"),
    "two_sources": (("--stdin",), 2, "expected one"),
    "read": (("--read",), 2, "expected one of them"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(headwater: Run, note: Path, name: str) -> None:
    options, code, reason = REFUSED[name]
    ran = headwater("tag", note, "--ai", "edits", *options)
    assert ran.code == code
    assert reason in ran.stderr
    assert waiting(spool()) == []


def test_files_that_cannot_be_tagged(headwater: Run, own_place: Path) -> None:
    (own_place / "bin").write_bytes(b"\xff\xfe")
    os.mkfifo(own_place / "pipe")
    for name, reason in (
        ("bin", "byte 0 is not utf-8"),
        ("gone", "no such file"),
        ("pipe", "pipe: a named pipe, expected a text to tag"),
    ):
        ran = headwater("tag", name, "--ai", "none")
        assert ran.code == 3
        assert reason in ran.stderr


def test_one_bad_text_stops_them_all(headwater: Run, note: Path, own_place: Path) -> None:
    (own_place / "short.md").write_text("one line\n")
    assert headwater("tag", note, "short.md", "--ai", "edits", "--lines", "2").code == 3
    batch = own_place / "b.jsonl"
    batch.write_text('{"file":"note.md","ai":"all"}\n{"file":"note.md"}\n')
    ran = headwater("tag", "--batch", batch)
    assert ran.code == 3
    assert "b.jsonl:2: no ai, expected one" in ran.stderr
    assert waiting(spool()) == []


BAD_ROWS = {
    "json": ("{", "not json"),
    "object": ("[]", "no object"),
    "unknown": ('{"file":"note.md","ai":"all","note":1}', "unknown key note"),
    "ai": ('{"file":"note.md","ai":"some"}', "unknown answer"),
    "type": ('{"file":"note.md","ai":"all","reviewed":"yes"}', "reviewed is 'yes', expected true"),
    "number": ('{"file":"note.md","ai":"all","lines":3}', "lines is 3, expected text"),
    "gone": ('{"file":"gone","ai":"all"}', "gone: no such file"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows(headwater: Run, note: Path, own_place: Path, name: str) -> None:
    row, reason = BAD_ROWS[name]
    (own_place / "b.jsonl").write_text(f'{{"file":"note.md","ai":"all"}}\n\n{row}\n')
    ran = headwater("tag", "--batch", "b.jsonl")
    assert ran.code == 3
    assert f"b.jsonl:3: {reason}" in ran.stderr


def test_a_batch_is_bounded(
    headwater: Run, note: Path, own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger.provenance.tags import batch

    (own_place / "b.jsonl").write_text('{"file":"note.md","ai":"all"}\n' * 3)
    for name, value, reason in (
        ("MAX_BYTES", 2 * len(TEXT), "b.jsonl:3: more than"),
        ("MAX_LINES", 1, "b.jsonl:2: more than 1 lines"),
        ("_LONGEST", 20, "b.jsonl:1: more than 20 bytes"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(batch, name, value)
            ran = headwater("tag", "--batch", "b.jsonl")
            assert (ran.code, reason in ran.stderr) == (3, True), ran.stderr
    assert len(waiting(spool())) == 0


def test_a_batch(headwater: Run, note: Path, own_place: Path) -> None:
    rows = [
        {"file": "note.md", "ai": "all", "model": "M", "lines": "2", "observed": True},
        {"file": "note.md", "ai": "grammar", "bytes": "0-3", "reviewed": False},
    ]
    (own_place / "b.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for _ in range(2):
        ran = headwater("tag", "--batch", "b.jsonl", "--json")
        bodies = [tag["body"] for tag in json.loads(ran.stdout)["tags"]]
    assert bodies[0]["evidence"] == "observed"
    assert (bodies[1]["reviewed"], bodies[1]["covered_ppm"]) == (False, 3_000_000 // len(TEXT))
    assert len(waiting(spool())) == 2


def test_the_team_says_model_and_signature(headwater: Run, note: Path, own_place: Path) -> None:
    headwater("key", "generate", "ada.example", "--use", "claim")
    team = own_place / ".headwater.toml"
    team.write_text('[tag]\nmodel = "Team 1"\nsign = true\nkey = "ada.example"\n')
    for ai, model in (("all", "Team 1"), ("none", None)):
        (tag,) = json.loads(headwater("tag", note, "--ai", ai, "--json").stdout)["tags"]
        assert tag["body"].get("model") == model
        assert tag["signed_by"].startswith("ada.example+")
    (tag,) = json.loads(headwater("tag", note, "--ai", "all", "--no-sign", "--json").stdout)["tags"]
    assert tag["signed_by"] is None
    for text, reason in (
        ("tag = 1", "tag is no table"),
        ('[tag]\nai = "none"', "unknown key tag.ai"),
        ('[tag]\nsign = "yes"', "tag.sign is 'yes', expected true or false"),
        ("[tag]\nmodel = 3", "tag.model is 3"),
    ):
        team.write_text(text)
        ran = headwater("tag", note, "--ai", "all")
        assert ran.code == 3
        assert reason in ran.stderr


def test_any_ledger_command_takes_in_what_waits(headwater: Run, note: Path) -> None:
    headwater("tag", note, "--ai", "all")
    assert headwater("status").code != 0  # there is no ledger yet: nothing is lost
    assert len(waiting(spool())) == 1
    assert headwater("init").code == 0
    ran = headwater("entry", "list", "--json")
    assert ran.stderr == "headwater: recorded 1 tag that waited\n"
    assert [e["kind"] for e in json.loads(ran.stdout)["entries"]][-1] == "authorship"
    assert headwater("status").stderr == ""
    assert headwater("verify").code == 0


def test_in_a_repository_hooks_find_the_blob(headwater: Run, note: Path, own_place: Path) -> None:
    git = ["git", "-C", str(own_place)]
    subprocess.run([*git, "init", "-q"], check=True)
    headwater("tag", note, "--ai", "edits", "--model", "Model 1")
    blob = subprocess.run([*git, "hash-object", str(note)], capture_output=True, text=True).stdout
    common = own_place / ".git" / "headwater"
    assert (common / "index").read_text() == f"{blob.strip()} A2 Model 1\n"
    assert len(waiting(common / "spool")) == 1
    assert waiting(spool()) == []
    said = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True).stdout
    assert said == "?? note.md\n"
    headwater("init")
    assert headwater("status").stderr == "headwater: recorded 1 tag that waited\n"
    assert waiting(common / "spool") == []


def test_a_bad_receipt_blocks_no_command(headwater: Run, note: Path) -> None:
    headwater("init")
    headwater("tag", note, "--ai", "all")
    (spool() / "x.json").write_text("{}")
    ran = headwater("-q", "status")
    assert ran.code == 0
    (line,) = ran.stderr.splitlines()
    assert line.startswith("headwater: warning: set aside a tag that no ledger can record: ")
    assert headwater("status").stderr == ""
    assert (spool() / "bad" / "x.json").exists()


def test_a_ledger_of_somebody_else_leaves_the_tags(
    headwater: Run, note: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    headwater("init")
    monkeypatch.setenv("HEADWATER_CONFIG", str(tmp_path / "another"))
    path = append(spool(), make_tag(TEXT.encode(), "A2"))
    ran = headwater("entry", "list")
    assert ran.code == 0
    assert "tags that wait in" in ran.stderr
    assert waiting(spool()) == [path]


def test_receipts_travel(headwater: Run, note: Path, own_place: Path) -> None:
    headwater("key", "generate", "ada.example", "--use", "claim")
    headwater("tag", note, "--ai", "none", "--sign", "--receipt", "r.json")
    for path in waiting(spool()):
        path.unlink()
    for name in ("one", "two"):
        headwater("--ledger", f"{name}.db", "init")
        headwater("--ledger", f"{name}.db", "author", "trust", "ada.example")
        for _ in range(2):
            ran = headwater("--ledger", f"{name}.db", "tag", "import", "r.json", "--json")
            assert ran.code == 0, ran.stderr
        (tag,) = json.loads(ran.stdout)["tags"]
        assert (tag["new"], tag["signed_by"].partition("+")[0]) == (False, "ada.example")
        assert "human authorship attested" in headwater(
            "--ledger", f"{name}.db", "document", "explain", note
        ).stdout  # fmt: skip
        assert headwater("--ledger", f"{name}.db", "verify").code == 0
    (own_place / "r.json").write_bytes((own_place / "r.json").read_bytes()[:-9])
    ran = headwater("--ledger", "one.db", "tag", "import", "r.json")
    assert ran.code == 3
    assert "r.json: not a receipt" in ran.stderr


SQL = {"alembic", "sqlalchemy", "sqlmodel", "sqlite3", "pyarrow", "numpy"}


@pytest.mark.parametrize("options", [["--lines", "1"], ["--sign"], []])
def test_tag_loads_sql_or_arrow(
    headwater: Run, front: str, note: Path, root: Path, options: list[str]
) -> None:
    headwater("key", "generate", "ada.example", "--use", "claim")
    code = (
        f"from {front}.main import run; import sys, json\n"
        f"assert run(['tag', 'note.md', '--ai', 'all', *{options}]) == 0\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(json.loads(ran.stdout.splitlines()[-1]))
    assert "click" in loaded
    assert not loaded & SQL
