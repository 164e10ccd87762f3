"""The pages in docs/ name what there is, and only that."""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from ledger.corpus.dataset import Description
from ledger.corpus.evidence import CHECKED_LEVELS, checkers
from ledger.corpus.readers import readers
from ledger.manifests.mix.parse import parse_mix
from ledger.watermarks.schemes import families, format_algorithm
from tests.watermarks.conformance.examples import EXAMPLES

PAGES = (
    "conventions.md",
    "evidence.md",
    "git.md",
    "manifests.md",
    "models.md",
    "overlap.md",
    "reading.md",
    "reserves.md",
    "reviews.md",
    "scale.md",
    "serving.md",
    "tagging.md",
    "verdicts.md",
    "watermarks.md",
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _page(root: Path, name: str) -> str:
    return (root / "docs" / name).read_text(encoding="utf-8")


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_a_format_or_an_option_is_not_on_the_page_about_reading(root: Path) -> None:
    page = _page(root, "reading.md")
    named = {name for row in _rows(page) for name in re.findall(r"`([\w.]+)`", row[0])}
    known = readers()
    options = {f"{r.name}.{key}" for r in known.values() for key in getattr(r, "settings", ())}
    assert named == {*known, *options}
    for reader in known.values():
        (row,) = (row for row in _rows(page) if row[0] == f"`{reader.name}`")
        missing = {suffix for suffix in reader.suffixes if suffix not in row[1]}
        assert not {s for s in missing if not s.endswith((".gz", ".zst", ".bz2"))}, reader.name


def test_a_type_of_evidence_is_not_on_the_page_about_evidence(root: Path) -> None:
    rows = {row[0].strip("`"): row for row in _rows(_page(root, "evidence.md"))}
    types = {name for name in rows if name in checkers()}
    assert types == set(checkers())
    for name in types:
        expected = f"E{CHECKED_LEVELS[name]}" if name in CHECKED_LEVELS else "never: E1"
        assert rows[name][1] == expected, name


def test_a_scheme_is_not_on_the_page_about_watermarks(root: Path) -> None:
    """Each with the parameters and the key that its family knows, by their canonical names."""
    rows = {row[0].strip("`"): row for row in _rows(_page(root, "watermarks.md")) if "/" in row[0]}
    catalogue = {
        format_algorithm(family, variant)
        for family in families().values()
        for variant in family.variants
    }
    assert set(rows) == catalogue
    known: dict[str, tuple[set[str], set[str]]] = {name: (set(), set()) for name in catalogue}
    for example in EXAMPLES:
        found = example.known()
        known[found.algorithm][0].update(found.parameters)
        known[found.algorithm][1].update(found.key)
    for name, row in rows.items():
        named = tuple(set(re.findall(r"`(\w+)`", cell)) for cell in row[2:4])
        assert named == known[name], name


def test_a_mark_on_the_page_about_watermarks_is_refused(
    root: Path, headwater: Callable[..., Any]
) -> None:
    blocks = _FENCE.findall(_page(root, "watermarks.md"))
    (described,) = (body for kind, body in blocks if kind == "toml")
    Path("chat.toml").write_text(described)
    Path("chat.toml").chmod(0o600)
    shutil.copy(root / "tests" / "fixtures" / "drafts" / "tokenizer.json", "tokenizer.json")
    headwater("init")
    (lines,) = (body for _, body in blocks if "watermark register chat.toml" in body)
    for line in lines.splitlines():
        ran = headwater(*shlex.split(line)[1:])
        assert (ran.code, ran.stderr) == (0, ""), line


@pytest.mark.parametrize("page", PAGES)
def test_a_command_on_a_page_does_not_exist(root: Path, front: str, page: str) -> None:
    """Every `headwater …` in a block or a code span names a command and options that it has."""
    group = import_module(f"{front}.main").headwater
    text = _page(root, page)
    lines = [
        line
        for kind, body in _FENCE.findall(text)
        if kind in ("sh", "")
        for line in body.replace("\\\n", " ").splitlines()
    ]
    lines += re.findall(r"`((?:headwater|reserve|audit|watermark) [^`]+)`", _FENCE.sub("", text))
    commands = [shlex.split(line) for line in lines]
    assert commands
    for words in commands:
        words = words[1:] if words[0] == "headwater" else words
        command: click.Command = group
        with click.Context(group) as ctx:
            while isinstance(command, click.Group):
                name, *words = words
                found = command.get_command(ctx, name)
                assert found is not None, f"docs/{page}: no command {name}"
                command = found
        options = {name for parameter in command.params for name in parameter.opts}
        for word in words:
            if word.startswith("-"):
                assert word in options, f"docs/{page}: {command.name} has no option {word}"


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_nowhere(root: Path, page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)", _page(root, page)):
        assert (root / "docs" / target).exists(), f"docs/{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_a_description_on_a_page_is_refused(root: Path, page: str) -> None:
    import tomllib

    for kind, body in _FENCE.findall(_page(root, page)):
        if kind == "toml" and page == "manifests.md":
            parse_mix(body.encode(), page)
        elif kind == "toml" and page != "watermarks.md":
            Description.model_validate(tomllib.loads(body))
