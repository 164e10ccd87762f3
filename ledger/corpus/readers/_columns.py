"""Which source column is which: by the exact names of known corpora, or by the user's map.

Shapes are tried in order; the first whose required names are all there wins. What no shape and
no map names is not read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ledger.corpus.document import CODES, PRIVATE
from ledger.errors import InputError, UnknownNameError, printable

__all__ = ["MAPPABLE", "Plan", "Source", "plan"]

MAPPABLE = ("text", "collected_at", "claimed_at", "tokens", *CODES, *PRIVATE)
"""The names the left side of a column map may have."""

TEXTS = ("text", "raw_content", "content", "document")


@dataclass(frozen=True, slots=True)
class Source:
    """A path of keys in the source. `explicit`: a person vouched for it, so bad values reject."""

    path: tuple[str, ...]
    explicit: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Plan:
    """DOCUMENT name → source, and the values a shape fixes for every row (`constants`)."""

    sources: Mapping[str, Source]
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Shape:
    needs: frozenset[str]
    gives: Mapping[str, str]
    exact: bool = False
    constants: Mapping[str, str] = field(default_factory=dict)


_SHAPES = (
    # FineWeb and FineWeb-2 (the latter has no token_count): `date` is the crawl's, not the author's
    _Shape(
        frozenset({"text", "id", "dump", "url", "date", "file_path"}),
        {
            "text": "text",
            "record": "id",  # the WARC record it was made of
            "url": "url",
            "collected_at": "date",
            "language": "language",
            "crawler": "dump",
            "tokens": "token_count",
        },
        constants={"tokenizer": "gpt2"},
    ),
    # Dolma: `created` is a best guess by its makers, `added` is when they took it
    _Shape(
        frozenset({"text", "source", "added"}),
        {
            "text": "text",
            "claimed_at": "created",
            "collected_at": "added",
            "url": "metadata.url",
            "title": "metadata.title",
            "license_stated": "metadata.license",
        },
    ),
    # RedPajama-V2
    _Shape(
        frozenset({"raw_content", "url", "date_download"}),
        {
            "text": "raw_content",
            "url": "url",
            "title": "title",
            "collected_at": "date_download",
            "language": "language",
        },
    ),
    # Ticket exports: a comment a row; who wrote it is private, agent or customer is not
    _Shape(
        frozenset({"id", "created_at", "author", "author_type", "body"}),
        {
            "text": "body",
            "claimed_at": "created_at",
            "author": "author",
            "topic": "author_type",
            "record": "id",
        },
    ),
    # C4 and mC4: `timestamp` is the crawl's
    _Shape(
        frozenset({"text", "timestamp", "url"}),
        {"text": "text", "url": "url", "collected_at": "timestamp"},
        exact=True,
    ),
)

_PLAIN: Mapping[str, tuple[str, ...]] = {
    "url": ("url", "meta.url", "metadata.url"),
    "title": ("title",),
    "author": ("author",),
    "language": ("language", "lang"),
    "license_stated": ("license",),
    "topic": ("topic",),
    "content_type": ("content_type",),
    "claimed_at": ("created", "date", "timestamp"),
}

# A dated comment of a ticket export that is none of the shapes: its text has one of these names
_COMMENTS = ("body", "comment", "comment_body")
_COMMENT: Mapping[str, str] = {"claimed_at": "created_at", "record": "id", "author": "agent"}


def plan(available: Collection[str], columns: Mapping[str, str]) -> Plan:
    """The plan for a source with these column names (objects' keys as `outer.inner` too).

    `columns` overrides name by name. Text is always planned, whether or not it is there.
    Raises UnknownNameError for a left side that is no DOCUMENT name, InputError for an empty
    right side.
    """
    for canonical, name in columns.items():
        if canonical not in MAPPABLE:
            raise UnknownNameError("document column", canonical, MAPPABLE)
        if not name or not all(name.split(".")):
            raise InputError(f"column {canonical} = {printable(name)!r}, expected a column's name")
    top = {name.split(".")[0] for name in available}
    names = set(available) | top
    shape = next(
        (s for s in _SHAPES if (s.needs == top if s.exact else s.needs <= top)),
        None,
    )
    if shape is not None:
        chosen = {key: name for key, name in shape.gives.items() if name in names}
    else:
        chosen = {
            key: next(name for name in candidates if name in names)
            for key, candidates in _PLAIN.items()
            if any(name in names for name in candidates)
        }
        if "created_at" in names and not names.intersection(TEXTS):
            chosen = {key: name for key, name in _COMMENT.items() if name in names} | chosen
        wanted = (*TEXTS, *_COMMENTS) if "created_at" in names else TEXTS
        chosen["text"] = next((name for name in wanted if name in names), TEXTS[0])
    sources = {key: Source(_path(name, top)) for key, name in chosen.items()}
    sources |= {key: Source(_path(name, top), explicit=True) for key, name in columns.items()}
    constants = dict(shape.constants) if shape is not None and "tokens" in chosen else {}
    if "tokenizer" in sources or sources.get("tokens", Source(())).explicit:
        constants.pop("tokenizer", None)
    return Plan(sources, constants)


def _path(name: str, top: Collection[str]) -> tuple[str, ...]:
    return (name,) if name in top else tuple(name.split("."))
