"""A byte stream as blocks of whole lines. The longest line allowed bounds the memory."""

from collections.abc import Iterator

from ledger.corpus.readers._packed import Bytes

__all__ = ["blocks"]


def blocks(stream: Bytes, size: int, longest: int) -> Iterator[bytes | None]:
    """Blocks of whole lines of about `size` bytes; each ends at a line's end (or the file's).

    None stands for one line of more than `longest` bytes: it was passed over, not kept.
    """
    pieces: list[bytes] = []  # the unfinished line
    held, skipping = 0, False
    while chunk := stream.read(size):
        start, cut = 0, chunk.rfind(b"\n") + 1
        if cut and (skipping or held):
            start = chunk.index(b"\n") + 1  # the unfinished line ends here
            if skipping or held + start - 1 > longest:
                yield None
                pieces, skipping = [], False
            else:
                start = 0
            held = 0
        if cut > start:
            yield b"".join([*pieces, memoryview(chunk)[start:cut]])
            pieces = []
        if cut < len(chunk) and not skipping:
            pieces.append(chunk[cut:])
            held += len(chunk) - cut
            if held > longest:
                pieces, held, skipping = [], 0, True
    if skipping:
        yield None
    elif pieces:
        yield b"".join(pieces)
