"""Sealed reserves: dated documents with their text, and proofs about them."""
