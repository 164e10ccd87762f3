"""An author for people, and as JSON."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.provenance.authors import Author

__all__ = ["author_data", "author_lines", "author_row"]


def author_row(author: "Author") -> tuple[object, ...]:
    """Key, who, entry that names it, claims signed, whether it counts."""
    return author.verifier.label, _who(author), author.key[0], author.claims, _state(author)


def author_lines(author: "Author") -> list[str]:
    """One fact a line."""
    return [
        f"key      {author.verifier.label}",
        f"vkey     {author.verifier.vkey}",
        f"person   {_who(author)}",
        f"named    at entry {author.key[0]:,}; {_state(author)}",
        f"signed   {author.claims:,} claims here",
    ]


def author_data(author: "Author") -> dict[str, Any]:
    """`person` is null where the vault does not say it."""
    return {
        "label": author.verifier.label,
        "vkey": author.verifier.vkey,
        "person": author.person,
        "entry": author.key[0],
        "claims": author.claims,
        "revoked": author.key.revoked,
        "gaps": [list(gap) for gap in author.key.gaps if gap[1] < 1 << 53],
    }


def _who(author: "Author") -> str:
    from ledger.errors import printable

    if author.person is not None:
        return printable(author.person)
    return "withheld or erased" if author.committed else "not said"


def _state(author: "Author") -> str:
    if author.key.revoked:
        return f"revoked at entry {author.key.gaps[-1][0]:,}"
    return "counts"
