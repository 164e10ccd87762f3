"""Sources and maps that workers can import: well-behaved ones, and ones that go wrong."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from ledger.engines import Scan
from ledger.errors import MalformedError
from tests.engines.cluster import NODE

RESULT = pa.schema(
    [
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("letters", pa.int64(), nullable=False),
        pa.field("codes", pa.large_list(pa.field("item", pa.uint64(), nullable=False))),
    ]
)


@dataclass(frozen=True)
class Numbered:
    """`tables_` tables of three texts each. Touching `log` tells who read it."""

    name: str
    tables_: int = 3
    log: Path | None = None
    size: int = 0

    @property
    def key(self) -> str:
        return sha256(f"{self.name} {self.tables_}".encode()).hexdigest()

    def tables(self) -> Iterator[pa.Table]:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{self.name}\n")
        for number in range(self.tables_):
            yield table_of([f"{self.name} {number} {row}" for row in range(3)])


@dataclass(frozen=True)
class Deadly(Numbered):
    """Kills its process after a table, until `spared` exists."""

    spared: Path = Path()

    def tables(self) -> Iterator[pa.Table]:
        for number, table in enumerate(super().tables()):
            if number == 1 and not self.spared.exists():
                os.kill(os.getpid(), signal.SIGKILL)
            yield table


@dataclass(frozen=True)
class Mortal(Numbered):
    """Kills its process after a table, the first of all that get there."""

    struck: Path = Path()

    def tables(self) -> Iterator[pa.Table]:
        for number, table in enumerate(super().tables()):
            if number == 1 and self._first():
                self.strike()
            yield table

    def strike(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def _first(self) -> bool:
        try:
            self.struck.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


@dataclass(frozen=True)
class Doomed(Mortal):
    """Kills the node that its worker belongs to, if that is the second one."""

    def _first(self) -> bool:
        time.sleep(0.3)
        return os.environ.get(NODE) == "second" and super()._first()

    def strike(self) -> None:
        os.kill(os.getppid(), signal.SIGKILL)  # the raylet
        time.sleep(60)  # the worker goes with it


@dataclass(frozen=True)
class Waiting(Numbered):
    """Gives nothing until `come` exists."""

    come: Path = Path()

    def tables(self) -> Iterator[pa.Table]:
        while not self.come.exists():
            time.sleep(0.1)
        yield from super().tables()


@dataclass(frozen=True)
class Slow(Numbered):
    def tables(self) -> Iterator[pa.Table]:
        for table in super().tables():
            yield table
            time.sleep(30)


@dataclass(frozen=True)
class Loud(Numbered):
    def tables(self) -> Iterator[pa.Table]:
        print("a library that prints", flush=True)
        yield from super().tables()


@dataclass(frozen=True)
class Failing(Numbered):
    how: str = "malformed"

    def tables(self) -> Iterator[pa.Table]:
        yield table_of(["before"])
        if self.how == "malformed":
            raise MalformedError("corpus.jsonl", 7, "not json", hint="mend it")
        if self.how == "gone":
            Path("/nowhere/at/all").read_bytes()
        if self.how == "unsendable":
            raise Unsendable(lambda: None)
        raise KeyError("a bug")


class Unsendable(Exception):
    """Holds what cannot be pickled."""


@dataclass(frozen=True)
class Changed(Numbered):
    def check(self) -> None:
        raise MalformedError(self.name, None, "changed since it was recorded")


def table_of(texts: list[str]) -> pa.Table:
    digests = [sha256(text.encode()).digest() for text in texts]
    return pa.table(
        {"sha256": pa.array(digests, pa.binary(32)), "text": pa.array(texts, pa.large_string())}
    )


def count(table: pa.Table, *, params: Mapping[str, int]) -> pa.Table:
    texts = table.column("text").to_pylist()
    letters = [len(text) * params.get("times", 1) for text in texts]
    codes = [[ord(c) for c in text[:2]] for text in texts]
    return pa.table([table.column("sha256"), pa.array(letters), codes_of(codes)], schema=RESULT)


def reverse(table: pa.Table, *, params: Mapping[str, int]) -> pa.Table:
    return count(table, params=params).take(list(range(table.num_rows))[::-1])


def lose(table: pa.Table, *, params: Mapping[str, int]) -> pa.Table:
    return count(table, params=params).slice(1)


def codes_of(codes: list[list[int]]) -> pa.Array:
    return pa.array(codes, RESULT.field("codes").type)


def scan(**params: object) -> Scan:
    return Scan("count", "1", count, ("sha256", "text"), RESULT, params)


@dataclass(frozen=True)
class Squaring:
    """A job; negative numbers give what cannot be sent."""

    number: int

    @property
    def size(self) -> int:
        return abs(self.number) << 30

    def run(self, advance: Callable[[int], None]) -> object:
        advance(1)
        return (lambda: None) if self.number < 0 else self.number**2
