"""What a signed export of a manifest says, and whether a folder is what it says.

Readers of trainers' formats know nothing of digests: whoever gets such a folder checks it once,
whole, before it is read.
"""
