"""How often human text is called marked: every scheme alone, under many keys nobody uses.

python -m tests.watermarks.false_alarms [--documents N] [--keys N] [--transformers]

The texts are dated before 2022-11-30. A false-alarm rate is an average over keys: for one key the
same n-grams recur from text to text, so deviations are of the keys' own rates. `--transformers`
adds its detector as it comes (z > 3, repeated n-grams counted): its counts are taken from our
decisions, which the differential group finds identical, and its own code is run on some pairs here.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from ledger.watermarks.detector import detect
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokens import Tokens
from tests.watermarks.conformance.examples import EXAMPLES, Example
from tests.watermarks.human import ABSENT, VOCABULARY, human_tokens
from tests.watermarks.peers import INSTALLED, Greens, z_scores

__all__ = ["LEVELS", "SCHEMES", "Rate", "measure", "peer_rate", "table"]

LEVELS = (1e-2, 1e-3)
NEVER = 1e-6
_TAIL = 0.001349898031630095  # P(z > 3): what transformers' default threshold promises
SCHEMES = (  # one of each kind of decision; names of conformance/examples.py
    "lefthash",
    "selfhash",
    "extended minhash 4",
    "extended additive 2 gamma",
    "markllm time left 1",
    "three bricks maryland 2 gamma delta",
    "three bricks openai 2",
    "unigram",
    "textseal greenlist 2",
    "textseal gumbelmax 2",
    "synthid table 30 5",
    "synthid reference",
    "philox",
    "philox dual",
    "murmur",
    "kuditipudi",
)


@dataclass(frozen=True)
class Rate:
    """One scheme under its keys: the share of pairs at each level, its deviation, and hits."""

    scheme: str
    keys: int
    pairs: int
    shares: tuple[float, ...]
    deviations: tuple[float, ...]
    hits: int
    levels: tuple[float, ...] = LEVELS

    @property
    def kept(self) -> bool:
        """P(p ≤ a) ≤ 1.15 a + 3 sd and ≤ 1.5 a at each level, and no hit at 1e-6.

        With exact p-values one scheme in fifty has such a hit in 20,000 pairs, and one in ten in
        100,000: a hit calls for a look, and is no proof by itself.
        """
        rows = zip(self.levels, self.shares, self.deviations, strict=True)
        return self.hits == 0 and all(
            share <= min(1.15 * level + 3 * deviation, 1.5 * level)
            for level, share, deviation in rows
        )


def rate(
    scheme: str, log_p: Sequence[npt.NDArray[np.float64]], levels: Sequence[float] = LEVELS
) -> Rate:
    """Of the ln p of all documents, an array a key."""
    shares, deviations = [], []
    for level in levels:
        by_key = np.array([np.mean(values <= log(level)) for values in log_p])
        shares.append(float(by_key.mean()))
        deviations.append(float(by_key.std(ddof=1)) / sqrt(len(by_key)))
    pairs = sum(len(values) for values in log_p)
    hits = sum(int(np.sum(values <= log(NEVER))) for values in log_p)
    return Rate(scheme, len(log_p), pairs, tuple(shares), tuple(deviations), hits, tuple(levels))


def _example(name: str) -> Example:
    (found,) = [example for example in EXAMPLES if example.name == name]
    return found


def measure(name: str, tokens: Tokens, keys: int, workers: int = 2) -> Rate:
    """One scheme's rate over the batch. A key's documents are looked at together."""
    example = _example(name)
    marks = [example.mark(seed) for seed in range(1_000, 1_000 + keys)]
    shared = {mark.shared: mark for mark in marks}
    prepared = {key: mark.prepare(tokens) for key, mark in shared.items()} if _few(shared) else {}

    def look(mark: Mark) -> npt.NDArray[np.float64]:
        return detect(tokens, mark, prepared.get(mark.shared)).log_p

    with ThreadPoolExecutor(workers) as pool:
        return rate(name, list(pool.map(look, marks)))


def _few(shared: dict[object, Mark]) -> bool:
    return len(shared) == 1


def peer_rate(tokens: Tokens, keys: int, checked: int = 4) -> Rate:
    """transformers' default detector: z > 3 over all n-grams, lefthash, gamma 0.25.

    `checked` pairs are given to its own code too; raises AssertionError where the z-scores differ.
    """
    example, flags = _example("lefthash"), []
    for seed in range(1_000, 1_000 + keys):
        params = example.spelled(seed)
        z = z_scores(tokens, example.mark(seed), params["greenlist_ratio"])
        flags.append(np.where(z > 3, log(_TAIL / 2), 0.0))
        if seed - 1_000 < checked and INSTALLED:
            given = {name: params[name] for name in (*example.params, "hashing_key")}
            peer = Greens(given, VOCABULARY, repeated=True)
            peer.count(tokens, [seed - 1_000])
            if abs(peer.z[seed - 1_000] - z[seed - 1_000]) > 1e-9:
                raise AssertionError(f"the peer's z-score is {peer.z}, ours {z[seed - 1_000]}")
    return rate("transformers' default", flags, (_TAIL,))


def table(rates: Iterable[Rate]) -> Iterator[str]:
    """One line a scheme, as they come."""
    yield f"{'scheme':36} {'keys':>4} {'pairs':>9}  {'P(p <= a) / a  (sd)':>34}  {'<=1e-6':>6}"
    for found in rates:
        cells = "  ".join(
            f"{share / level:6.3f} ({deviation / level:.3f}) at {level:.2g}"
            for level, share, deviation in zip(
                found.levels, found.shares, found.deviations, strict=True
            )
        )
        kept = "" if found.levels != LEVELS else "kept" if found.kept else "BROKEN"
        yield f"{found.scheme:36} {found.keys:4} {found.pairs:9,}  {cells}  {found.hits:6} {kept}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.watermarks.false_alarms")
    parser.add_argument("--documents", type=int, default=1_000)
    parser.add_argument("--length", type=int, default=256, help="tokens of each document")
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--only", action="append", choices=SCHEMES)
    parser.add_argument("--transformers", action="store_true")
    chosen = parser.parse_args(arguments)
    if ABSENT:
        print("the human texts or GPT-2's files are not at hand", file=sys.stderr)
        return 3
    began = time.monotonic()
    tokens = human_tokens(chosen.documents, chosen.length)
    found: list[Rate] = []

    def rates() -> Iterator[Rate]:
        for name in chosen.only or SCHEMES:
            found.append(measure(name, tokens, chosen.keys))
            yield found[-1]
        if chosen.transformers:
            yield peer_rate(tokens, min(chosen.keys, 50))

    print(f"{tokens.documents:,} human documents, {len(tokens.ids):,} GPT-2 tokens")
    for line in table(rates()):
        print(line, flush=True)
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if all(item.kept for item in found) else 1


if __name__ == "__main__":
    sys.exit(main())
