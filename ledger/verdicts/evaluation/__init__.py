"""How good a detector is on labelled rows, out of fold and redrawn."""
