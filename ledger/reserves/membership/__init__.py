"""Whether a document is in a reserve, with a proof that needs no reserve."""
