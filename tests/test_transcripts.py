r"""Transcripts: what a person types, and every line they get back. One file, one session.

A file of tests/transcripts/ is read line by line:

    # words                 a remark (until the first command); blank lines there are skipped
    $ headwater ARGS        runs the command in this process; quoting as in a shell, no pipes
    $ cp FIXTURE NAME       copies tests/fixtures/FIXTURE (file or folder) into the working folder
    $ cat NAME              prints a text file;  `$ ls [NAME]` lists a folder, one name a line
    $ rm NAME               deletes a file or folder
    $ chmod OCTAL NAME      as the shell's;  `$ export NAME=VALUE` sets an environment variable
    $ git ARGS              runs git with no config but the repository's, and fixed names and dates
    > NAME                  writes a file: the `| ` lines after it are its content
    text                    the next expected line of stdout
    ! text                  the next expected line of stderr
    ? N                     the expected exit status, 0 if absent
    \text                   a line of stdout that starts with one of the marks above

A command's expectations are complete: a line that is not expected fails. In expected lines:

    <hex>    lower-case hexadecimal        <int>    a whole number, thousands marks allowed
    <num>    digits with a decimal point   <time>   2026-01-31T23:59:59Z, or with an offset
    <date>   2026-01-31                    <vkey>   a C2SP verifier key: name+hash8+base64
    <b64>    base64                        <word>   no blank in it
    <any>    the rest of the line          ...      alone on a line: any number of lines

`<hex:root>` also names what it saw: another `<hex:root>`, below or in a later command of the
file, stands for the same text. Trailing blanks are ignored on both sides, as are blank lines at
the end of a block.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.provenance.git.scratch import isolated

HERE = Path(__file__).parent
FILES = sorted((HERE / "transcripts").glob("*.txt"))

SHAPES = {
    "any": r".*",
    "b64": r"[A-Za-z0-9+/]+={0,2}",
    "date": r"\d{4}-\d\d-\d\d",
    "hex": r"[0-9a-f]+",
    "int": r"\d{1,3}(?:,\d{3})+|\d+",
    "num": r"\d+(?:,\d{3})*\.\d+",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)",
    "vkey": r"[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}",
    "word": r"\S+",
}
_HOLE = re.compile(rf"<({'|'.join(SHAPES)})(?::([a-z][a-z0-9_]*))?>")


@dataclass
class Step:
    """One command or file, and what is expected of it."""

    line: int
    command: str
    content: str | None = None
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    code: int = 0


def parse(text: str) -> list[Step]:
    """The steps of a transcript. Raises ValueError at a line that has no meaning where it is."""
    steps: list[Step] = []
    for number, line in enumerate(text.splitlines(), 1):
        mark, _, rest = line.partition(" ")
        if mark == "$":
            steps.append(Step(number, rest))
        elif mark == ">":
            steps.append(Step(number, rest, content=""))
        elif not steps:
            if mark != "#" and line.strip():
                raise ValueError(f"line {number}: expected output before the first command")
        elif steps[-1].content is not None:
            if mark == "|":
                steps[-1].content += rest + "\n"
            elif line.strip():
                raise ValueError(f"line {number}: expected `| ` after `> {steps[-1].command}`")
        elif mark == "!":
            steps[-1].stderr.append(rest)
        elif mark == "?":
            steps[-1].code = int(rest)
        else:
            steps[-1].stdout.append(line.removeprefix("\\"))
    for step in steps:
        for lines in (step.stdout, step.stderr):
            while lines and not lines[-1].strip():
                lines.pop()
            if set(lines) == {"..."}:
                raise ValueError(f"line {step.line}: `...` alone expects nothing")
    return steps


def fits(expected: list[str], found: list[str], seen: dict[str, str]) -> bool:
    """Whether the lines fit; names what the placeholders saw in `seen` only if they do."""
    if not expected:
        return not found
    if expected[0] == "...":
        return any(fits(expected[1:], found[skip:], seen) for skip in range(len(found) + 1))
    if not found:
        return False
    pattern, end = "", 0
    fresh: set[str] = set()
    for hole in _HOLE.finditer(expected[0]):
        pattern += re.escape(expected[0][end : hole.start()])
        shape, name = hole[1], hole[2]
        if name in seen:
            pattern += re.escape(seen[name])
        elif name in fresh:
            pattern += f"(?P={name})"
        elif name:
            pattern += f"(?P<{name}>{SHAPES[shape]})"
            fresh.add(name)
        else:
            pattern += f"(?:{SHAPES[shape]})"
        end = hole.end()
    pattern += re.escape(expected[0][end:].rstrip())
    matched = re.fullmatch(pattern, found[0].rstrip())
    if matched is None:
        return False
    learned = {**seen, **matched.groupdict()}
    if not fits(expected[1:], found[1:], learned):
        return False
    seen.update(learned)
    return True


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


class Session:
    """One working folder in which a transcript's steps run."""

    def __init__(
        self, headwater: Callable[..., Any], fixtures: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.headwater, self.fixtures, self.monkeypatch = headwater, fixtures, monkeypatch
        self.seen: dict[str, str] = {}

    def play(self, step: Step, where: str) -> None:
        """Run one step. Raises AssertionError that shows both sides if it ends otherwise."""
        if step.content is not None:
            Path(step.command).write_text(step.content)
            return
        command = _HOLE.sub(lambda hole: self.seen.get(hole[2] or "", hole[0]), step.command)
        code, stdout, stderr = self._run(shlex.split(command))
        assert fits(step.stdout, _lines(stdout), self.seen), self._told(where, step, stdout, stderr)
        assert fits(step.stderr, _lines(stderr), self.seen), self._told(where, step, stdout, stderr)
        assert code == step.code, f"exit {code}: " + self._told(where, step, stdout, stderr)

    def _run(self, words: list[str]) -> tuple[int, str, str]:
        match words:
            case ["headwater", *arguments]:
                return tuple(self.headwater(*arguments))
            case ["cp", fixture, name]:
                source = self.fixtures / fixture
                shutil.copytree(source, name) if source.is_dir() else shutil.copy(source, name)
            case ["cat", name]:
                return 0, Path(name).read_text(), ""
            case ["ls", *names]:
                return 0, "\n".join(sorted(os.listdir(names[0] if names else "."))), ""
            case ["rm", name]:
                shutil.rmtree(name) if Path(name).is_dir() else Path(name).unlink()
            case ["chmod", mode, name]:
                Path(name).chmod(int(mode, 8))
            case ["export", setting]:
                self.monkeypatch.setenv(*setting.split("=", 1))
            case ["git", *arguments]:
                for name, value in isolated(Path.cwd().parent).items():
                    self.monkeypatch.setenv(name, value)
                done = subprocess.run(["git", *arguments], capture_output=True, text=True)
                return done.returncode, done.stdout, done.stderr
            case _:
                raise ValueError(f"a transcript cannot run {shlex.join(words)}")
        return 0, "", ""

    @staticmethod
    def _told(where: str, step: Step, stdout: str, stderr: str) -> str:
        """What came, in the transcript's own spelling, ready to paste."""
        came = [f"\\{line}" if line[:2] in _MARKED else line for line in _lines(stdout)]
        came += [f"! {line}" for line in _lines(stderr)]
        want = step.stdout + [f"! {line}" for line in step.stderr]
        return "\n".join(
            [f"{where}:{step.line}: $ {step.command}", "--- expected", *want, "--- came", *came]
        )


_MARKED = {"$ ", "! ", "? ", "> ", "| ", "..."}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_transcript(
    file: Path, headwater: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = parse(file.read_text())
    assert steps, f"{file.name}: no command"
    session = Session(headwater, HERE / "fixtures", monkeypatch)
    for step in steps:
        session.play(step, file.name)


def _play(text: str, output: tuple[int, str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(lambda *arguments: output, HERE, monkeypatch)
    for step in parse(text):
        session.play(step, "probe")


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("$ headwater x\nhello\n", (0, "hello\n", "")),
        ("$ headwater x\n! headwater: error: no\n? 3\n", (3, "", "headwater: error: no\n")),
        ("$ headwater x\nroot <hex:a>\n...\nend <hex:a>\n", (0, "root 0f\nx\ny\nend 0f\n", "")),
        ("$ headwater x\n<int> rows, <num> s\n", (0, "1,204 rows, 0.5 s", "")),
        ("$ headwater x\nat <time>\n", (0, "at 2026-01-31T00:00:00Z", "")),
        ("# a remark\n\n$ headwater x\n\\! not stderr\n", (0, "! not stderr", "")),
    ],
)
def test_a_right_transcript_passes(
    text: str, output: tuple[int, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _play(text, output, monkeypatch)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("$ headwater x\nhello\n", (0, "hallo\n", "")),
        ("$ headwater x\nhello\n", (0, "hello\nmore\n", "")),
        ("$ headwater x\nhello\nmore\n", (0, "hello\n", "")),
        ("$ headwater x\n", (0, "hello\n", "")),
        ("$ headwater x\n", (0, "", "headwater: warning: odd\n")),
        ("$ headwater x\n! headwater: error: no\n", (3, "", "headwater: error: no\n")),
        ("$ headwater x\n? 1\n", (0, "", "")),
        ("$ headwater x\nroot <hex:a>\nend <hex:a>\n", (0, "root 0f\nend 1f\n", "")),
        ("$ headwater x\n<int> rows\n", (0, "many rows\n", "")),
        ("$ headwater x\nstart\n...\nend\n", (0, "start\nmiddle\n", "")),
        ("$ headwater x\na.c\n", (0, "abc\n", "")),
    ],
)
def test_a_wrong_transcript_passes(
    text: str, output: tuple[int, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError, match="probe:1"):
        _play(text, output, monkeypatch)


@pytest.mark.parametrize(
    ("text", "line"),
    [("hello\n$ headwater x\n", 1), ("$ headwater x\n...\n", 1), ("> name\nno bar\n", 2)],
)
def test_a_transcript_says_nothing(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"line {line}"):
        parse(text)
