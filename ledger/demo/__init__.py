"""`headwater demo`: the whole tool on two corpora, in a folder of its own."""

from ledger.demo.corpora import Corpus
from ledger.demo.run import MARKER, PINNED, Demo, run_demo

__all__ = ["MARKER", "PINNED", "Corpus", "Demo", "run_demo"]
