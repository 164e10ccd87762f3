"""What there is to choose from: the documents of a mix's datasets, each in its stratum.

`candidates` reads them out of the ledger, `excluded` says who may not be chosen, `divide` gives
each its values along the axes, and `tokens` counts what each comes to in tokens.
"""
