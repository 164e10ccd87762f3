"""Speed against other people's tools, as ratios measured side by side.

    python -m tests.bench [--only GROUP] [--quick] [--gate]

Each file in groups/ measures one thing and yields rows; adding a file adds rows. Nothing here is
gated on an absolute time: the machine is noisy, so both sides of a ratio run in turn, A B A B …,
and the row holds the median over the pairs with the least and the greatest.

`build/bench.json` is a list of {name, ratio, min, max, peer, unit, notes}. `ratio` is counted in
`unit`: "×" where a peer was measured beside us, otherwise a plain measurement such as "ms" with an
empty `peer`.

pymerkle is GPL and a peer only: it is imported in this folder and nowhere else.
"""
