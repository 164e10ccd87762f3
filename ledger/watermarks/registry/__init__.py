"""The registry of marks: signed entries, the states they go through, and keys at rest.

describe    a hand-written description becomes a claim, its vectors and an envelope with its key
register    an entry is checked and recorded; later states correct, retire, revoke or rotate it
states      which marks the log knows, how they stand, and the ones whose key is at hand, opened
check       whether a decoder reproduces a mark's vectors
keystore    keys at rest, encrypted to this installation and to named recipients
"""
