"""JUMBF boxes (ISO 19566-5), as much as finds the assertions of a C2PA manifest store."""

from collections.abc import Iterator

__all__ = ["active_assertions"]

_MOST = 10_000  # boxes
_JUMD = 16 + 1  # a description box: a UUID and toggles, then the label


def active_assertions(store: bytes) -> list[tuple[str, bytes, bytes]]:
    """(label, kind of box, content) of the assertions of the last manifest, which is the active.

    Empty where `store` is no manifest store. Nothing is validated.
    """
    root = next(_boxes(store), None)
    if root is None or root[0] != b"jumb" or _label(root[1]) != "c2pa":
        return []
    manifests = [body for kind, body in _boxes(root[1]) if kind == b"jumb"]
    if not manifests:
        return []
    found = []
    for kind, body in _boxes(manifests[-1]):
        if kind == b"jumb" and _label(body) == "c2pa.assertions":
            for inner, assertion in _boxes(body):
                if inner == b"jumb":
                    content = [box for box in _boxes(assertion) if box[0] in (b"cbor", b"json")]
                    found += [(_label(assertion), *box) for box in content[:1]]
    return found


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of the boxes side by side in `data`; ends at the first that is cut off."""
    at = count = 0
    while at + 8 <= len(data) and count < _MOST:
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head or at + size > len(data):
            return
        yield kind, data[at + head : at + size]
        at, count = at + size, count + 1


def _label(body: bytes) -> str:
    """The label in the description box that every superbox begins with; empty without one."""
    first = next(_boxes(body), None)
    if first is None or first[0] != b"jumd" or len(first[1]) <= _JUMD:
        return ""
    if not first[1][_JUMD - 1] & 2:
        return ""
    return first[1][_JUMD : _JUMD + 300].partition(b"\0")[0].decode("utf-8", "replace")
