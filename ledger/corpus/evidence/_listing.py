"""Lists of SHA-256 digests as people publish them: sha256sum's lines, BSD's, and prose around."""

import re
from collections.abc import Mapping

__all__ = ["listed"]

_LINE = re.compile(
    rb"^[ \t]*(?:SHA256 \((?P<bsd>[^\r\n]{1,500})\) = )?\\?(?P<hex>[0-9a-fA-F]{64})"
    rb"(?:[ \t]+\*?(?P<name>[^\r\n]{1,500}?))?[ \t]*\r?$",
    re.MULTILINE,
)


def listed(text: bytes) -> Mapping[bytes, str]:
    """SHA-256 digest → file name (or "") of every line that is a digest, the first of each."""
    found: dict[bytes, str] = {}
    for line in _LINE.finditer(text):
        name = line["bsd"] or line["name"] or b""
        found.setdefault(bytes.fromhex(line["hex"].decode()), name.decode("utf-8", "replace"))
    return found
