"""The log's tables. Authority tables (created by migrations) and the log's own projection.

`table=True` classes do not validate; they only name columns. What may be in a row is decided
by the code that writes it, and proved by `verify`.
"""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

__all__ = ["AUTHORITY", "PROJECTION", "AuthorityTable", "ProjectionTable"]

AUTHORITY = MetaData()
PROJECTION = MetaData()
_STRICT = {"sqlite_strict": True}


class AuthorityTable(SQLModel):
    """A table whose every column is under a hash. Never rebuilt."""

    metadata = AUTHORITY


class ProjectionTable(SQLModel):
    """A table that replaying the log recreates. A changed schema means rebuild, not migrate."""

    metadata = PROJECTION


class BundleRow(AuthorityTable, table=True):
    """256 entries as one zstd frame."""

    __tablename__ = "bundle"
    __table_args__ = (_STRICT,)
    idx: int = Field(sa_column=Column(Integer, primary_key=True))
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TailRow(AuthorityTable, table=True):
    """An entry of the open bundle."""

    __tablename__ = "tail"
    __table_args__ = (_STRICT,)
    idx: int = Field(sa_column=Column(Integer, primary_key=True))
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TileRow(AuthorityTable, table=True):
    """256 hashes of a full tile."""

    __tablename__ = "tile"
    __table_args__ = (PrimaryKeyConstraint("level", "idx"), _STRICT)
    level: int = Field(sa_column=Column(Integer, nullable=False))
    idx: int = Field(sa_column=Column(Integer, nullable=False))
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class BatchRow(AuthorityTable, table=True):
    """What one transaction added: a link of the hash chain."""

    __tablename__ = "batch"
    __table_args__ = (_STRICT,)
    number: int = Field(sa_column=Column(Integer, primary_key=True))
    size: int = Field(sa_column=Column(Integer, nullable=False))
    root: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    link: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CheckpointRow(AuthorityTable, table=True):
    """The signed note over (log name, size, root)."""

    __tablename__ = "checkpoint"
    __table_args__ = (_STRICT,)
    size: int = Field(sa_column=Column(Integer, primary_key=True))
    note: str = Field(sa_column=Column(Text, nullable=False))


class CosignatureRow(AuthorityTable, table=True):
    """A witness's signature line under a checkpoint."""

    __tablename__ = "cosignature"
    __table_args__ = (PrimaryKeyConstraint("size", "name"), _STRICT)
    size: int = Field(sa_column=Column(Integer, ForeignKey("checkpoint.size"), nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    line: str = Field(sa_column=Column(Text, nullable=False))


class EntryRow(ProjectionTable, table=True):
    """One row per entry. The index lists what is not an origin: a small part of a large log."""

    __tablename__ = "entry"
    __table_args__ = (Index("entry_kind", "kind", sqlite_where=text("kind <> 'origin'")), _STRICT)
    idx: int = Field(sa_column=Column(Integer, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    subject: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class RunRow(ProjectionTable, table=True):
    """A page of a sorted run: the digest look-up. `first` is its least key. See runs.py."""

    __tablename__ = "run"
    __table_args__ = (PrimaryKeyConstraint("level", "number", "page"), _STRICT)
    level: int = Field(sa_column=Column(Integer, nullable=False))
    number: int = Field(sa_column=Column(Integer, nullable=False))
    page: int = Field(sa_column=Column(Integer, nullable=False))
    first: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ProjectionRow(ProjectionTable, table=True):
    """How far the projection was applied, and the digest of the schema it was made for."""

    __tablename__ = "projection"
    __table_args__ = (_STRICT,)
    name: str = Field(sa_column=Column(Text, primary_key=True))
    schema_digest: str = Field(sa_column=Column(Text, nullable=False))
    size: int = Field(sa_column=Column(Integer, nullable=False))
