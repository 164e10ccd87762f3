"""What both SynthID forms share: the hash of n-grams, the rule of repeated contexts, the weights.

Dathathri et al., Scalable watermarking for identifying large language model outputs, Nature 2024.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.watermarks.schemes._windows import Keys, Mask, Run, runs
from ledger.watermarks.tokens import Ints, Tokens

__all__ = [
    "DEMO_KEYS",
    "DEPTH",
    "MULTIPLIER",
    "Code",
    "Layout",
    "NGrams",
    "State",
    "States",
    "constant",
    "weights",
]

States = Keys
State = Callable[[Run], States]
"""The state of the n-gram that each token ends."""

Code = Callable[[States], States]
"""Of states: equal for those that tell the same of every key."""

MULTIPLIER = 6364136223846793005
DEPTH = 64
"""The most keys of a mark."""

DEMO_KEYS = (
    654, 400, 836, 123, 340, 443, 597, 160, 57, 29, 590, 639, 13, 715, 468,
    990, 966, 226, 324, 585, 118, 504, 421, 521, 129, 669, 732, 225, 90, 960,
)  # fmt: skip
"""The keys of both projects' examples."""

_HEAVIEST = 4
_MASK = 2**64 - 1


@dataclass(frozen=True)
class Layout:
    """Which tokens are marked: all with a context that none of the last `history` calls had.

    The context of the first tokens is filled up with zeros; `skip_first` leaves those tokens out.
    """

    ngram_len: int
    history: int
    skip_first: bool

    def find(self, tokens: Tokens, vocab_size: int, state: State, code: Code) -> "NGrams":
        """The n-grams of a batch; each code of a document once, where it is first marked."""
        counts, positions, states = [np.zeros(1, np.int64)], [], []
        for run in self.runs(tokens):
            taken, found = self.marked(run), state(run)
            taken[run.unfit(vocab_size)] = False
            run.drop_repeats(code(found), taken)
            kept = np.flatnonzero(taken)
            counts.append(run.count(kept))
            positions.append(run.positions.take(kept))
            states.append(found.take(kept))
        if not states:
            (run,) = self.runs(Tokens.of([[]]))
            states.append(state(run))
        return NGrams(
            np.cumsum(np.concatenate(counts)),
            np.concatenate([*positions, np.zeros(0, np.int64)]),
            _join(states),
        )

    def runs(self, tokens: Tokens) -> Iterator[Run]:
        """The documents, with contexts as the projects' calls have them."""
        return runs(tokens, self.ngram_len - 1, 0, skip=self.skip_first)

    def marked(self, run: Run) -> Mask:
        """Which tokens are calls with a new context: the mask of both projects."""
        contexts, marked = run.polynomial(MULTIPLIER, np.uint64, token=False), run.calls
        run.drop_repeats(contexts, marked, self.history)
        contexts += np.uint64(constant(1, run.width))
        zero = np.flatnonzero(contexts == 0)  # an empty place of the history holds zero
        if len(zero):
            call = run.positions[zero] - (run.width if run.skip else 0)
            marked[zero[call < self.history]] = False
        return marked


@dataclass(frozen=True, eq=False)
class NGrams:
    """Units of a batch: what of each n-gram's hash decides its bits, whatever the key."""

    offsets: Ints
    positions: Ints
    states: States


def constant(start: int, size: int) -> int:
    """What the accumulating hash of `size` tokens adds to their polynomial, mod 2^64."""
    for _ in range(size):
        start = (start * MULTIPLIER + 1) & _MASK
    return start


def weights(depth: int) -> npt.NDArray[np.uint16]:
    """Weight of each layer, 4 down to 1: the first layers of a tournament carry the most.

    Later layers choose among what the earlier ones left. A plain sum is 2 % stronger at six bits
    of entropy a token; at one bit these weights need a quarter fewer tokens.
    """
    steps, last = (_HEAVIEST - 1) * np.arange(depth - 1, -1, -1), max(depth - 1, 1)
    return (1 + (2 * steps + last) // (2 * last)).astype(np.uint16)


def _join(states: list[States]) -> States:
    out = np.empty(sum(map(len, states)), states[0].dtype)
    np.concatenate(states, out=out)
    return out
