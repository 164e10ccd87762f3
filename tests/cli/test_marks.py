"""Marks at the command line: a key that is not public comes out nowhere."""

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow.parquet as pq
import pytest

from ledger.watermarks.schemes import open_mark
from tests.fixtures.drafts import KEY

Run = Callable[..., Any]

OTHER = 5_998_127_364_501_928_377  # of the version that takes over
_WRITTEN = {"diary.toml", "next.toml", "served.json", "described.toml"}  # by their user, or for one


def spellings(key: int) -> list[bytes]:
    """How a key of 64 bits may stand in a file."""
    words = [key.to_bytes(8, order) for order in ("big", "little")]
    texts = [f"{key}", f"{key:,}", f"{key:_}", f"{key:x}", f"{key:X}"]
    texts += [base64.b64encode(word).decode().rstrip("=") for word in words]
    texts += [base64.b64encode(str(key).encode()).decode().rstrip("=")]
    return [*words, *(text.encode() for text in texts)]


SPELLINGS = [*spellings(KEY), *spellings(OTHER)]


def shown(data: bytes) -> bool:
    return any(spelling in data for spelling in SPELLINGS)


def contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what a packed column spells."""
    yield path.read_bytes()
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield json.dumps(table.to_pydict(), default=repr).encode()


@pytest.fixture
def drafts(root: Path, own_place: Path) -> Path:
    """The team's files, with its key readable by the team alone."""
    shutil.copytree(root / "tests" / "fixtures" / "drafts", own_place / "drafts")
    text = (own_place / "drafts" / "diary.toml").read_text()
    following = text.replace('version = "1"', 'version = "2"').replace(str(KEY), str(OTHER))
    (own_place / "drafts" / "next.toml").write_text(following)
    for name in ("diary.toml", "next.toml"):
        (own_place / "drafts" / name).chmod(0o600)
    return own_place / "drafts"


def test_a_key_comes_out_of_a_command(
    front: str, headwater: Run, drafts: Path, root: Path, tmp_path: Path
) -> None:
    """Every command of the noun, and those that read what it wrote, in text, JSON and detail."""
    said: list[tuple[str, str]] = []
    used: set[str] = set()
    group = import_module(f"{front}.main").headwater

    def run(line: str, *more: str, code: int = 0) -> Any:
        words = [*line.split(), *more]
        ran = headwater(*words)
        assert ran.code == code, f"{line}: {ran.stderr}"
        said.append((line, ran.stdout + ran.stderr))
        used.update(words[1:2] if words[0] == "watermark" else ())
        return ran

    run("-v init --name example.org/corpus")
    run("key generate marks.example.org --use provider")
    run("watermark register drafts/diary.toml --key drafts/diary.toml", code=1)
    run("-v watermark register drafts/diary.toml -o diary.json")
    run("watermark register drafts/diary.toml --json")
    run("watermark register drafts/open.toml")
    mine = json.loads(run("watermark recipient --json").stdout)["recipient"]
    run(f"watermark share example.org/diary --to audit={mine} -o diary.key.json")
    run("watermark list")
    run("watermark list --json")
    run("watermark show example.org/diary")
    run("watermark show example.org/diary --json")
    run("watermark check example.org/diary --key diary.key.json --tokenizer drafts/tokenizer.json")
    run("watermark check example.org/diary --json")
    run("watermark detect drafts/corpus/part.txt drafts/diary.toml drafts/corpus/draft-1.txt")
    run("watermark detect drafts/corpus/draft-1.txt --plot draft.svg --json")
    run(f"ingest {root}/tests/fixtures/archive/notes-1.tar.gz --dataset notes@2022")
    run("ingest drafts/corpus --dataset diary@1")
    run("reserve seal old -o sealed")
    run("watermark calibrate example.org/diary --reserve old --workers 1")
    run("scan diary@1 --workers 1")
    run("scan diary@1 --workers 1 --json")
    run("certify diary@1 -o certificate")
    run("verify certificate")
    run("document explain drafts/corpus/part.txt --json")
    for form in ("entry", "bundle", "transformers", "vllm"):
        named = () if form == "bundle" else ("example.org/diary",)
        expected = 3 if form == "transformers" else 0  # which has no such scheme
        run(f"watermark export --as {form} -o {form}.json", *named, code=expected)
    run(
        "watermark export --as c2pa -o c2pa.json --contact a@example.org --url https://example.org/"
    )
    run("watermark export example.org/diary --as vllm --with-key -o served.json")
    run("watermark import served.json --tokenizer drafts/tokenizer.json --vocab-size 256 "
        "--name example.org/copy --provider Copy -o described.toml")  # fmt: skip
    run("watermark import bundle.json --json")
    run("watermark correct drafts/diary.toml")
    run("watermark rotate example.org/diary drafts/next.toml")
    run("watermark retire example.org/diary --json")
    run("watermark revoke example.org/diary@1 --forgeable-from 2026-10-01")
    run("watermark evaluate drafts/diary.toml", code=3)
    run("entry list --json")
    run("verify")
    run("status")

    noun = group.get_command(click.Context(group), "watermark")
    assert used == set(noun.list_commands(click.Context(noun)))
    for line, text in said:
        assert not shown(text.encode()), f"headwater {line}"
    keys = {path for path in tmp_path.rglob("*") if path.name in _WRITTEN}
    for path in keys:
        assert shown(path.read_bytes()) and path.stat().st_mode & 0o077 == 0, path.name
    places = {path for path in tmp_path.rglob("*") if path.is_file()} - keys
    assert any(path.suffix == ".parquet" for path in places)
    for path in places:
        for data in contents(path):
            assert not shown(data), f"the key stands in {path.relative_to(tmp_path)}"


@pytest.mark.parametrize(
    "change",
    [
        ('"gumbel-philox/single@1"', '"gumbel-philox/singel@1"'),
        ("context_width = 4", "context_width = 400"),
        ("{ key =", "{ kye ="),
        (f'"{KEY}"', f'"{KEY}{KEY}"'),
        (f'"{KEY}"', f'"{KEY}'),
        ("vocab_size = 256", f"vocab_size = {KEY}"),
        ("tokenizer.json", "another.json"),
    ],
    ids=lambda change: change[0][:12].strip('"{ '),
)
def test_an_error_quotes_a_key(headwater: Run, drafts: Path, change: tuple[str, str]) -> None:
    headwater("init")
    headwater("key", "generate", "marks.example.org", "--use", "provider")
    path = drafts / "diary.toml"
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    ran = headwater("watermark", "register", path)
    assert ran.code in (3, 4) and ran.stderr.startswith("headwater: error: ")
    assert not shown((ran.stdout + ran.stderr).encode())


def test_a_level_is_none(headwater: Run, drafts: Path) -> None:
    headwater("init")
    headwater("key", "generate", "marks.example.org", "--use", "provider")
    headwater("watermark", "register", drafts / "diary.toml")
    text = str(drafts / "corpus" / "note-1.txt")
    for alpha in ("0", "1", "nan", "-1e-9", "1e-400"):
        for command in (("watermark", "detect", text), ("scan", "diary@1")):
            ran = headwater(*command, f"--alpha={alpha}")
            assert (ran.code, ran.stdout) == (3, ""), (command, alpha)
            assert "error: alpha: found " in ran.stderr and "hint: --alpha " in ran.stderr


@pytest.mark.parametrize(
    ("command", "code", "hint"),
    [
        ("register broken.json", 3, "`watermark register -o`"),
        ("register broken.toml", 3, "headwater watermark register --help"),
        ("register drafts/diary.toml --key broken.json", 1, "headwater watermark share"),
        ("import broken.json", 3, "headwater watermark import --help"),
        ("evaluate broken.json", 3, "headwater watermark evaluate --help"),
    ],
)
def test_a_broken_file_leaves_nowhere_to_go(
    headwater: Run, drafts: Path, command: str, code: int, hint: str
) -> None:
    Path("broken.json").write_text('{"format": "headwater')
    Path("broken.toml").write_text('name = "example.org/diary')
    headwater("init")
    headwater("key", "generate", "marks.example.org", "--use", "provider")
    ran = headwater("watermark", *command.split())
    assert (ran.code, ran.stdout) == (code, "")
    assert "error: broken." in ran.stderr and hint in ran.stderr.partition("hint: ")[2]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("scan nobody@1", "unknown dataset: nobody@1"),
        ("scan nobody", "nobody: found no version, expected NAME@VERSION"),
        ("watermark detect nowhere.txt", "nowhere.txt: no such file or directory"),
    ],
)
def test_marks_are_asked_for_where_there_is_no_text(
    headwater: Run, own_place: Path, command: str, error: str
) -> None:
    """No mark is registered either, which is of no use to who mistyped a name."""
    headwater("init")
    ran = headwater(*command.split())
    assert ran.code == 3 and f"error: {error}" in ran.stderr


def _record(family: str, scheme: str, ids: list[int], marked: bool = True) -> str:
    key = {"fraction": 0.25, "watermark_key": 7, "vocab_size": 50_257} if marked else {}
    found = {"id": family, "family": family, "scheme": scheme, "params": key, "key_id": "k"}
    return json.dumps({**found, "watermarked": marked, "generated_ids": ids}) + "\n"


def test_documents_that_nobody_looked_at_are_passed_over(headwater: Run, own_place: Path) -> None:
    """What could be measured is printed; what could not is an error unless that was asked for."""
    mark = open_mark("unigram/shuffle@1", {"fraction": 0.25}, {"watermark_key": 7}, 50_257)
    green = np.flatnonzero(mark.mask)[:120].tolist()  # type: ignore[attr-defined]
    plain = np.random.default_rng(3).integers(0, 50_257, 120).tolist()
    Path("known.jsonl").write_text(
        _record("green", "unigram", green) + _record("plain", "none", plain, marked=False)
    )
    Path("strange.jsonl").write_text(_record("strange", "rot13", green))
    ran = headwater("watermark", "evaluate", "known.jsonl")
    assert (ran.code, ran.stderr) == (0, "")
    assert [line.split()[:4] for line in ran.stdout.splitlines() if line] == [
        ["marked", "documents", "p", "<"], ["green", "1", "1", "1"],
        ["unmarked", "documents", "keys", "pairs"], ["plain", "1", "1", "1"],
    ]  # fmt: skip
    ran = headwater("watermark", "evaluate", "known.jsonl", "strange.jsonl", "--json")
    assert ran.code == 3 and "rot13" in ran.stderr and "--skip-unsupported" in ran.stderr
    families = {row["family"]: row for row in json.loads(ran.stdout)}
    assert families["green"]["detected_1e6"] == 1 and families["plain"]["hits_1e3"] == 0
    again = headwater("watermark", "evaluate", "known.jsonl", "strange.jsonl", "--skip-unsupported")
    assert (again.code, again.stderr) == (0, "") and "strange" in again.stdout
