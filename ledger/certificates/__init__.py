"""CERTIFIED: signed statements of what a dataset is made of, as of a checkpoint.

Opening a certificate (dsse, statement, open) needs only `cryptography` and `orjson`; issuing one
and recomputing its numbers (composition, issue, recompute) read a ledger.
"""
