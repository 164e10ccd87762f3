"""The provenance projection's tables: who is in what, and what their labels are made of.

A fact row points to a profile: the distinct combination of label inputs. Documents of one
container share theirs, so a policy labels profiles and a corpus is one join. Member attributes
are kept the same way. Both ids are 63 bits of the SHA-256 of the canonical values, so they do
not depend on the order in which documents came.
"""

from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, Text
from sqlmodel import Field

from ledger.log.tables import ProjectionTable

__all__ = ["AttributesRow", "DatasetRow", "FactRow", "FileRow", "MemberRow", "ProfileRow"]

_STRICT = {"sqlite_strict": True}
_CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}


def _integer(*, key: bool = False, null: bool = False) -> Column[int]:
    return Column(Integer, primary_key=True) if key else Column(Integer, nullable=null)


class DatasetRow(ProjectionTable, table=True):
    """id: the first entry that names it. declared: its newest unwithdrawn dataset claim."""

    __tablename__ = "dataset"
    __table_args__ = (_STRICT,)
    id: int = Field(sa_column=_integer(key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    version: str = Field(sa_column=Column(Text, nullable=False))
    declared: int | None = Field(sa_column=_integer(null=True))


class FileRow(ProjectionTable, table=True):
    """A file that origins name. first, last: the entries between which those origins lie."""

    __tablename__ = "file"
    __table_args__ = (_STRICT,)
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    first: int = Field(sa_column=_integer())
    last: int = Field(sa_column=_integer())


class FactRow(ProjectionTable, table=True):
    """document: the first entry about it; its digest is that entry's subject."""

    __tablename__ = "fact"
    __table_args__ = (_STRICT,)
    document: int = Field(sa_column=_integer(key=True))
    profile: int = Field(sa_column=_integer())


class ProfileRow(ProjectionTable, table=True):
    """Label inputs. Dates are the least existed_by per level, Unix seconds; flags as in fold.py."""

    __tablename__ = "profile"
    __table_args__ = (_STRICT,)
    id: int = Field(sa_column=_integer(key=True))
    documents: int = Field(sa_column=_integer())
    flags: int = Field(sa_column=_integer())
    ai_ppm: int | None = Field(sa_column=_integer(null=True))
    marked_milli: int | None = Field(sa_column=_integer(null=True))
    marked_public_milli: int | None = Field(sa_column=_integer(null=True))
    generation: int | None = Field(sa_column=_integer(null=True))
    checked_e0: int | None = Field(sa_column=_integer(null=True))
    checked_e1: int | None = Field(sa_column=_integer(null=True))
    checked_e2: int | None = Field(sa_column=_integer(null=True))
    checked_e3: int | None = Field(sa_column=_integer(null=True))
    checked_e4: int | None = Field(sa_column=_integer(null=True))
    checked_e5: int | None = Field(sa_column=_integer(null=True))
    asserted_e0: int | None = Field(sa_column=_integer(null=True))
    asserted_e1: int | None = Field(sa_column=_integer(null=True))
    asserted_e2: int | None = Field(sa_column=_integer(null=True))
    asserted_e3: int | None = Field(sa_column=_integer(null=True))
    asserted_e4: int | None = Field(sa_column=_integer(null=True))
    asserted_e5: int | None = Field(sa_column=_integer(null=True))


class MemberRow(ProjectionTable, table=True):
    """A document in a dataset. bytes: of its text. collected_at: the least of its occurrences.

    site is NULL where unknown, "mixed" where occurrences differ.
    """

    __tablename__ = "member"
    __table_args__ = (PrimaryKeyConstraint("dataset", "document"), _CLUSTERED)
    dataset: int = Field(sa_column=_integer())
    document: int = Field(sa_column=_integer())
    occurrences: int = Field(sa_column=_integer())
    bytes: int = Field(sa_column=_integer())
    collected_at: int | None = Field(sa_column=_integer(null=True))
    attributes: int = Field(sa_column=_integer())
    site: str | None = Field(sa_column=Column(Text, nullable=True))


class AttributesRow(ProjectionTable, table=True):
    """What members share; NULL is unknown, "mixed" is differing occurrences."""

    __tablename__ = "attributes"
    __table_args__ = (_STRICT,)
    id: int = Field(sa_column=_integer(key=True))
    members: int = Field(sa_column=_integer())
    channel: str | None = Field(sa_column=Column(Text, nullable=True))
    content_type: str | None = Field(sa_column=Column(Text, nullable=True))
    language: str | None = Field(sa_column=Column(Text, nullable=True))
    license: str | None = Field(sa_column=Column(Text, nullable=True))
    topic: str | None = Field(sa_column=Column(Text, nullable=True))
