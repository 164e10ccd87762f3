"""Run alone: verifies a ledger and prints the most bytes of memory its process ever held."""

import re
import resource
import sys
from pathlib import Path

from ledger.log.verify import raise_if_untrusted, verify_log
from ledger.provenance.opening import open_ledger


def peak_bytes() -> int:
    """The high-water mark of this process's memory.

    Not ru_maxrss on Linux: a child starts with its parent's there, even after exec.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+([0-9]+) kB$", status.read_text(), re.MULTILINE)
        if found is None:
            raise RuntimeError(f"{status}: no VmHWM line")
        return int(found[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts in bytes, others in KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    with open_ledger(sys.argv[1]) as log:
        raise_if_untrusted(verify_log(log))
    print(peak_bytes())
