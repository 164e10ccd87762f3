"""Opens a file that others put there: a plain one, or an error at once."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["open_plain"]


def open_plain(path: Path) -> BinaryIO:
    """A plain file, or a link to one, to be read.

    A pipe in its place would keep whoever opens it waiting for ever. Raises OSError, also for
    what is no plain file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(None, "no plain file", os.fspath(path))
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
