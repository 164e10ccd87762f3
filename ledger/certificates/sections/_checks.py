"""What was looked at for each type of evidence, in words that can be repeated to a third party."""

from collections.abc import Mapping

__all__ = ["BINDINGS", "OUTCOMES", "looked_at"]

_WORDS: Mapping[tuple[str, str], str] = {
    ("crawl_index", "checked"): (
        "the crawl archive's own index lists these records with the same digest and the time "
        "they were fetched"
    ),
    ("declared_date", "asserted"): "the holder states a date and a reason; nothing was checked",
    ("git_tag", "checked"): (
        "a signed tag names this commit; the signature holds, the date is the signer's own"
    ),
    ("git_tag", "asserted"): "a commit or tag that nobody signed; the date is its author's own",
    ("openpgp_release", "checked"): (
        "a signed release list names this file's digest, and a key of the given keyring signed it"
    ),
    ("registry_release", "checked"): (
        "the registry's stored answer lists this file's SHA-256 with an upload time"
    ),
    ("registry_release", "asserted"): (
        "the registry's stored answer lists this file's SHA-256 without a time; the date is the "
        "newest one inside the file, which its maker set"
    ),
    ("rfc3161", "checked"): (
        "a time-stamp authority signed this digest together with a time, and the signature leads "
        "to the authority's certificate that was pinned"
    ),
}

OUTCOMES: Mapping[str, str] = {
    "checked": "the date was checked",
    "asserted": "the date is only asserted",
    "failed": "the check failed, so it dates nothing",
}

BINDINGS: Mapping[str, str] = {
    "exact_bytes": "these very bytes",
    "container_member": "the file that holds it",
    "derived": "the bytes its text was taken from",
    "url_only": "its address alone, which dates nothing",
}


def looked_at(type: str, outcome: str) -> str:
    """A sentence without its full stop; for a type that is not ours, its name."""
    known = _WORDS.get((type, outcome))
    return known if known is not None else f"evidence of the type {type}"
