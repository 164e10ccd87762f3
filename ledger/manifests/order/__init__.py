"""In which order the selected documents come, known at every position without those before it.

An epoch's order is a keyed permutation, so resuming is one number and any past batch can be named
again; where strata are to be even in every batch, a tree of two-way splits says whose turn it is.
"""
