"""Certificates of a time-stamp response in DER's order.

A SET's members are sorted in DER, and rfc3161-client insists; several authorities send theirs as
they come. No signature covers their order, and sorting changes no length.
"""

__all__ = ["with_sorted_certificates"]

_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0
_PATH = ((_SEQUENCE, 1), (_SEQUENCE, 1), (_CONTEXT_0, 0), (_SEQUENCE, -1))  # (tag, child to enter)


def with_sorted_certificates(response: bytes) -> bytes:
    """The same TimeStampResp, its certificates sorted; unchanged where there is nothing to sort."""
    try:
        at = 0
        for tag, child in _PATH:
            start, end = _content(response, at)
            if response[at] != tag:
                return response
            children = _children(response, start, end)
            if child < 0:
                break
            at = children[child][0]
        found = next((place for place in children if response[place[0]] == _CONTEXT_0), None)
        if found is None:
            return response
        start, end = _content(response, found[0])
        parts = sorted(response[a:b] for a, b in _children(response, start, end))
    except IndexError:  # cut short: whoever parses it says so
        return response
    return response[:start] + b"".join(parts) + response[end:]


def _children(data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """(start, end) of each element between two places."""
    found = []
    while start < end:
        _, after = _content(data, start)
        if not start < after <= end:
            raise IndexError
        found.append((start, after))
        start = after
    return found


def _content(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at `at` begins and ends."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise IndexError
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + length > len(data):
        raise IndexError
    return start, start + length
