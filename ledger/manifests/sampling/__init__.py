"""Which documents a stratum gives: those of least key, whoever reads them and in whatever order.

A key is SHA-256 of the seed and the document's digest, so a document's place in its stratum hangs
on nothing but these two: not on order, shards, engine, or on the other documents. A stratum's
selection is all that is at or below one threshold.
"""
