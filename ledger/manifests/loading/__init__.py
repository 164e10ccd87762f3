"""Reads a manifest's documents in the order of an epoch, each one hashed before it is given out.

What comes where is a function of the statement, the epoch and the position: not of workers, ranks
or what was read before.
"""
