"""What a scan is, what it reads, and the file it leaves for each source."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeVar

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.errors import StorageError, printable

__all__ = ["Map", "Scan", "Sidecar", "Source", "Stripe", "fold", "split"]

Map = Callable[..., pa.Table]
"""`map(table, *, params)`: of a module, not a closure, so that a worker finds it by its name."""

_Part = TypeVar("_Part")
_LAYOUT = "headwater sidecar v1"


class Source(Protocol):
    """Where tables come from. Crosses processes, so it holds nothing open.

    A source that also has `check()` is asked, before it is read, whether it still is what its key
    says; one that has `size` (bytes) lets a run see that workers are not worth starting.
    """

    @property
    def key(self) -> str:
        """What determines the rows and their order: equal keys, equal tables."""
        ...

    def tables(self) -> Iterator[pa.Table]:
        """The rows, in bounded tables."""
        ...


@dataclass(frozen=True)
class Scan:
    """A pure map and what it needs. `version` is raised with every change of what it gives.

    `params` are JSON values, handed to `map` and digested; `columns` are those it reads; `schema`
    is that of its results. Where both sides have a `sha256` column, the two must be equal.
    """

    name: str
    version: str
    map: Map
    columns: tuple[str, ...]
    schema: pa.Schema
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Hex of what determines the results for given rows."""
        parts = {
            "layout": _LAYOUT,
            "name": self.name,
            "version": self.version,
            "params": dict(self.params),
            "columns": list(self.columns),
            "schema": [[column.name, str(column.type)] for column in self.schema],
        }
        return sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def apply(self, table: pa.Table) -> pa.Table:
        """Map one table. Raises ValueError if `map` breaks its promise."""
        result = self.map(table.select(list(self.columns)), params=self.params)
        if not result.schema.equals(self.schema):
            raise ValueError(f"scan {self.name}: {result.schema}, expected {self.schema}")
        if result.num_rows != table.num_rows:
            raise ValueError(f"scan {self.name}: {result.num_rows} rows, expected {table.num_rows}")
        if "sha256" in self.columns and "sha256" in self.schema.names:
            before, after = table.column("sha256"), result.column("sha256")
            if not after.equals(before):
                raise ValueError(f"scan {self.name}: rows in another order")
        return result


@dataclass(frozen=True)
class Sidecar:
    """The results of one scan over one source, whole. `source` is that source's key."""

    path: Path
    source: str
    rows: int

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The results in order, a table per table of the source. Raises StorageError."""
        try:
            with pq.ParquetFile(self.path) as file:
                names = None if columns is None else list(columns)
                for group in range(file.metadata.num_row_groups):
                    yield file.read_row_group(group, columns=names)
        except (OSError, pa.ArrowException) as error:
            raise damaged(self.path) from error


@dataclass(frozen=True)
class Stripe:
    """Every `of`-th table of a source, beginning with table `number`: a source by itself.

    One input that is as large as all others together keeps one worker busy and the rest idle;
    in stripes it does not. Each stripe reads the whole input, which costs far less than a scan.
    """

    whole: Source
    number: int
    of: int

    @property
    def key(self) -> str:
        """Stripes of another division are other sources."""
        return f"{self.whole.key}/{self.number}.{self.of}"

    @property
    def size(self) -> int:
        """Its share of the bytes, where the whole says how many it has."""
        return int(getattr(self.whole, "size", 0)) // self.of

    def check(self) -> None:
        """Raises what the whole's check raises."""
        check_source(self.whole)

    def tables(self) -> Iterator[pa.Table]:
        for place, table in enumerate(self.whole.tables()):
            if place % self.of == self.number:
                yield table


def split(source: Source, at_most: int) -> list[Source]:
    """The source, or stripes of it of at most about `at_most` bytes.

    How many depends on the source alone, never on the workers: keys must not.
    """
    stripes = -(-int(getattr(source, "size", 0)) // at_most)
    if stripes <= 1:
        return [source]
    return [Stripe(source, number, stripes) for number in range(stripes)]


def fold(
    sidecars: Iterable[Sidecar],
    part: Callable[[pa.Table], _Part],
    combine: Callable[[_Part, _Part], _Part],
    empty: _Part,
    columns: Sequence[str] | None = None,
) -> _Part:
    """Add up what `part` sees in each table of results. `combine` is associative, `empty` neutral.

    One table is in memory at a time.
    """
    parts = (part(table) for sidecar in sidecars for table in sidecar.tables(columns))
    return reduce(combine, parts, empty)


def check_source(source: Source) -> None:
    """Have a source that can tell say whether it is what its key says."""
    check = getattr(source, "check", None)
    if check is not None:
        check()


def damaged(path: Path) -> StorageError:
    """What to say of a sidecar that cannot be read."""
    return StorageError(
        f"{printable(path)}: damaged, expected the results of a scan",
        hint="delete it and run the same command again",
    )
