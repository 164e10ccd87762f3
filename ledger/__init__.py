"""Headwater: what a corpus is made of, from an append-only ledger whose numbers can be recomputed.

    pip install headwater
    import ledger

Importing this loads no SQL, no Arrow and no tokenizer; a public name brings its room with it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.errors import LedgerError
    from ledger.manifests.opening.open import open_manifest
    from ledger.provenance.opening import open_ledger

__all__ = ["LedgerError", "__version__", "open_ledger", "open_manifest"]

__version__ = "0.1.0.dev0"

_ROOMS = {
    "LedgerError": "ledger.errors",
    "open_ledger": "ledger.provenance.opening",
    "open_manifest": "ledger.manifests.opening.open",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'ledger' has no attribute {name!r}")
    value = getattr(import_module(_ROOMS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
