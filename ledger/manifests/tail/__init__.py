"""How rare a document's words are, beside a named table of word counts; noise is no rarity.

`table` is the file and what it calls rare, `counting` makes one from a set of texts, `scores` is
the scan, `copies` finds what is much like another, `rate` puts them together, `parts` divides
documents by what came of it, and `strata` does so for the candidates of a mix.
"""
