"""A page of documentation whose steps are run, each with the lines that stand below it."""

import os
import re
import subprocess
import sys
from pathlib import Path

_VARYING = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "{digest}"),
    (re.compile(r"(?<!\S)[A-Za-z0-9+/]{44,}=*$", re.MULTILINE), "{key}"),
    (re.compile(r"(?<!\S)\d+"), "{number}"),
)


class Page:
    """The page's steps: each a block of shell, and the lines that stand below it."""

    def __init__(self, text: str) -> None:
        fenced = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        (self.program,) = [block for language, block in fenced if language == "python"]
        self.steps: list[tuple[str, str]] = []
        for language, block in fenced:
            if language == "sh":
                self.steps.append((block, ""))
            elif language == "text":
                self.steps[-1] = (self.steps[-1][0], block)

    def follow(self, folder: Path, most: int | None = None) -> tuple[int, list[str], str]:
        """Run the steps in `folder`, or the first `most`; (how many printed what they should, what
        was printed, why).
        """
        steps = self.steps[:most]
        (folder / "check_reserve.py").write_text(self.program)
        mark = "@@ next step"
        script = f"\necho '{mark}'\n".join(block for block, _ in steps)
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder, capture_output=True, text=True, env=_path(folder), check=False,
        )  # fmt: skip
        printed = [step.lstrip("\n") for step in ran.stdout.split(mark)]
        good = 0
        for (_, expected), found in zip(steps, printed, strict=False):
            if plain(found) != plain(expected):
                break
            good += 1
        if good == len(steps) and ran.returncode:
            good -= 1
        return good, printed, ran.stderr


def plain(text: str) -> list[str]:
    """What is printed, but for what differs between seals."""
    for pattern, stands_for in _VARYING:
        text = pattern.sub(stands_for, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _path(folder: Path) -> dict[str, str]:
    """`python3` is this Python, with nothing of ours to import."""
    programs = folder / ".bin"
    programs.mkdir(exist_ok=True)
    program = programs / "python3"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**kept, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
