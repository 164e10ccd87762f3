"""What the files of a manifest's folder are called."""

from typing import Final

__all__ = ["CROISSANT", "ENTRY", "MANIFEST", "PROOF", "SHARDS", "STRATA"]

MANIFEST: Final = "manifest.json"
STRATA: Final = "strata.json"
SHARDS: Final = "shards.json"
CROISSANT: Final = "croissant.json"
ENTRY: Final = "entry.json"
PROOF: Final = "manifest.tlog-proof"
