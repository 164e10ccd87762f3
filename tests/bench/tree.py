"""Memory of a process and everything it starts, watched while it runs. Linux only."""

import re
import subprocess
import time
from pathlib import Path

__all__ = ["watch"]

_PAUSE = 0.05  # seconds between looks
_RESIDENT = re.compile(r"^VmRSS:\s+([0-9]+) kB$", re.MULTILINE)


def watch(process: "subprocess.Popen[str]") -> int:
    """The most bytes that were resident at one time, in all processes together, until it ends.

    Pages that processes share are counted for each of them. 0 where /proc tells nothing.
    """
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(_resident, _tree(process.pid))))
        time.sleep(_PAUSE)
    return most


def _tree(pid: int) -> list[int]:
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _text(path).split():
            found += _tree(int(child))
    return found


def _resident(pid: int) -> int:
    found = _RESIDENT.search(_text(Path(f"/proc/{pid}/status")))
    return int(found[1]) * 1024 if found else 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended since it was listed
        return ""
