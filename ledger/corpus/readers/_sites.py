"""Registrable domains of URLs, by the public suffix list as publicsuffixlist ships it."""

from functools import cache, lru_cache

import pyarrow as pa
import pyarrow.compute as pc
from publicsuffixlist import PublicSuffixList

__all__ = ["sites"]

# the authority after the last @ and before any port, path, query or fragment
_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#@:\[\]]+)"
_LONGEST = 253  # RFC 1035: octets of a host name


def sites(urls: pa.Array) -> pa.Array:
    """Registrable domain (string, n) of each URL; null for none, an address or a bare suffix."""
    hosts = pc.struct_field(pc.extract_regex(urls, _HOST), "host")
    encoded = hosts.cast(pa.string()).dictionary_encode()
    names = pa.array([_site(host) for host in encoded.dictionary.to_pylist()], pa.string())
    return names.take(encoded.indices)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=65_536)
def _site(host: str) -> str | None:
    name = host.rstrip(".").lower()
    if not name or len(name) > _LONGEST or not name.isprintable() or " " in name:
        return None
    if name[0] == "[" or name[-1].isdigit():  # an address, or no top-level domain (RFC 3696 §2)
        return None
    found = _suffixes().privatesuffix(name)
    return None if found is None else str(found)
