"""Parts of a statement that are a function of what the ledger says, and what made it."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ledger.manifests.strata.candidates import Candidates
from ledger.manifests.strata.excluded import Excluded

__all__ = ["datasets_said", "exclusions_said", "tool"]


def tool() -> dict[str, str]:
    """This program and its version."""
    try:
        number = version("headwater")
    except PackageNotFoundError:  # a bare checkout
        number = "0"
    return {"name": "headwater", "version": number}


def datasets_said(found: Candidates) -> list[dict[str, Any]]:
    """The mix's sets with their roots, in its order."""
    return [
        {
            "content_root": f"sha256:{item.root.hex()}",
            "documents": item.documents,
            "name": item.name,
        }
        for item in found.named
    ]


def exclusions_said(excluded: Excluded) -> dict[str, Any]:
    """Who was left out, and the list of takedowns as of then."""
    return {
        "reasons": [
            {"documents": count, "reason": reason}
            for reason, count in sorted(excluded.reasons.items())
        ],
        "taken_down": {
            "documents": len(excluded.list),
            "root": f"sha256:{excluded.root.hex()}",
        },
    }
