"""A job that looks at what its worker has loaded."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

__all__ = ["Modules"]


@dataclass(frozen=True)
class Modules:
    """Says whether pandas is loaded once Arrow made an array, and what pandas then makes."""

    size: int = 0

    def run(self, advance: Callable[[int], None]) -> object:
        pa.array(["text"])
        loaded = "pandas" in sys.modules
        return loaded, pa.table({"text": ["text"]}).to_pandas().shape
