"""Made rows to fit on: two kinds of drawn text, in pairs, domains and by generators."""

import numpy as np
import pyarrow as pa

__all__ = ["labelled_rows"]

_COMMON_WORDS = "the of and to in is that it was for on are with they be at this have from or"
_COMMON = tuple(_COMMON_WORDS.split(" "))
_OWN = (
    ("river", "stone", "garden", "night", "quiet", "walked"),
    ("robust", "crucial", "delve", "tapestry", "vital"),
)


def labelled_rows(pairs: int, *, seed: int = 0, words: int = 110) -> pa.Table:
    """`pairs` human and as many synthetic texts; the two kinds have some words of their own."""
    rng = np.random.default_rng(seed)
    names = [f"{a}{b}{c}" for a in "bdfgklmn" for b in "aeiou" for c in ("r", "st", "nd", "m")]
    columns: dict[str, list[str]] = {
        name: []
        for name in ("text", "label", "domain", "generator", "source_dataset", "licence",
                     "pair_group")
    }  # fmt: skip
    for pair in range(pairs):
        topic = rng.choice(names, 12)
        for label, own in zip(("human", "synthetic"), _OWN, strict=True):
            drawn = rng.choice([*_COMMON, *_COMMON, *topic, *own[: 2 + pair % 3]], words)
            row = {
                "text": f"{pair} " + " ".join(drawn) + ".",
                "label": label,
                "domain": f"domain-{pair % 6}",
                "generator": "human" if label == "human" else f"model-{pair % 7}",
                "source_dataset": f"set-{pair % 2}",
                "licence": "CC0-1.0",
                "pair_group": f"pair-{pair}",
            }
            for name, value in row.items():
                columns[name].append(value)
    return pa.table(columns)
