"""How much each stratum gives, so that every share and every bound holds exactly.

A target (`targets`) is what would be given if nothing forbade it, `limits` are what must hold. A
linear programme (`programme`) finds what is nearest, `rounding` makes whole numbers of it and
proves them, and `conflicts` says in words what cannot hold and what would do instead.
"""
