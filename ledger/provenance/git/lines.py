"""Lines of a content by number, and who has the last word on each."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

__all__ = ["Lines", "Owners", "line_ends", "lines_of"]

Lines = tuple[int, int]  # first, last: from 1, both included
Range = tuple[int, int]  # start, end: bytes, half-open


def line_ends(content: bytes) -> list[int]:
    """Where each line ends, its LF included; as git counts lines."""
    ends, at = [], content.find(b"\n")
    while at >= 0:
        ends.append(at + 1)
        at = content.find(b"\n", at + 1)
    if content and (not ends or ends[-1] < len(content)):
        ends.append(len(content))
    return ends


def lines_of(ends: Sequence[int], ranges: Iterable[Range]) -> list[Lines]:
    """The lines of which a range holds at least a byte, ascending, those that touch joined."""
    found: list[Lines] = []
    for start, end in ranges:
        first, last = bisect_right(ends, start) + 1, bisect_right(ends, end - 1) + 1
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


class Owners:
    """For each line the number of whoever spoke of it last, or None."""

    def __init__(self, count: int) -> None:
        self._owner: list[int | None] = [None] * count

    def give(self, number: int, lines: Iterable[Lines]) -> None:
        """From now on the lines are `number`'s; those past the end are no lines."""
        for first, last in lines:
            last = min(last, len(self._owner))
            if first <= last:
                self._owner[first - 1 : last] = [number] * (last - first + 1)

    def runs(self) -> list[tuple[int | None, Lines]]:
        """Consecutive lines of one owner, in order, covering all lines."""
        found: list[tuple[int | None, Lines]] = []
        for place, owner in enumerate(self._owner, 1):
            if found and found[-1][0] == owner:
                found[-1] = (owner, (found[-1][1][0], place))
            else:
                found.append((owner, (place, place)))
        return found
