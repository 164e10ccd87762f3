"""An XML file as a stream of elements, with everything in it that blows up refused.

No document type, hence no entity but the five that XML itself has; no depth, name, attribute or
markup beyond what a record needs. Text comes in pieces and is the caller's to bound.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from xml.parsers import expat

from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._packed import unpacked
from ledger.errors import MalformedError, printable

__all__ = ["Handler", "parse"]

_CHUNK = 1 << 20
_DEEPEST = 32
_MARKUP = 4 << 20  # bytes of one tag, comment or instruction


class Handler(Protocol):
    """What is told of the elements, by name as written, in file order."""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """An element begins at a physical line."""
        ...

    def text(self, data: str) -> None:
        """A piece of text of the innermost open element."""
        ...

    def end(self, name: str) -> None:
        """The innermost open element ends."""
        ...


def parse(path: Path, options: ReadOptions, handler: Handler) -> Iterator[None]:
    """Feed a file to `handler`; yields now and then, so that what it gathered can be taken.

    Raises MalformedError at the line where the file is no XML of this kind, and what the handler
    raises.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 20
    depth = 0

    def fail(what: str) -> MalformedError:
        return MalformedError(path, parser.CurrentLineNumber, what)

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise fail(f"elements nested over {_DEEPEST} deep")
        handler.start(name, attributes, parser.CurrentLineNumber)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name)

    def refuse(*_: object) -> None:
        raise fail("a document type, expected none: it may define entities")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    stream = unpacked(path, options, options.advance)
    fed = 0
    try:
        while piece := stream.read(_CHUNK):
            parser.Parse(piece, False)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > _MARKUP:
                raise fail(f"a tag over {_MARKUP} bytes")
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code).lower()
        raise MalformedError(path, error.lineno, f"not XML: {printable(what, 80)}") from None
    finally:
        stream.close()
