"""vLLM's Gumbel watermark in plain torch, written from its published formula: a peer to measure by.

It is a transcription of `philox4x32-10-v1`, not the engine's code, and runs on the CPU: the engine
needs a GPU. Philox: Salmon and others, "Parallel random numbers: as easy as 1, 2, 3" (2011).
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["contexts_of", "dual_keys", "first_of_each", "scores", "uniforms"]

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_CONTEXT, _TOKEN = 0x574D4358, 0x574D544B


def _product(words: Any, factor: int) -> tuple[Any, Any]:
    """High and low word of 32-bit products, by halves as the engine has them: int64 is signed."""
    below = (words & 0xFFFF) * (factor & 0xFFFF)
    across = (words >> 16) * (factor & 0xFFFF) + (words & 0xFFFF) * (factor >> 16)
    carried = below + ((across & 0xFFFF) << 16)
    above = (words >> 16) * (factor >> 16) + (across >> 16) + (carried >> 32)
    return above & _WORD, carried & _WORD


def _philox(counter: Sequence[Any], low: Any, high: Any) -> list[Any]:
    """Ten rounds over int64 tensors of 32-bit words."""
    a, b, c, d = counter
    for _ in range(10):
        first, second = _product(a, _MULTIPLIERS[0]), _product(c, _MULTIPLIERS[1])
        a, b, c, d = second[0] ^ b ^ low, second[1], first[0] ^ d ^ high, first[1]
        low, high = (low + _WEYL[0]) & _WORD, (high + _WEYL[1]) & _WORD
    return [a, b, c, d]


def contexts_of(ids: Any, width: int) -> Any:
    """The `width` tokens before each token of one text, -1 where there is none: [n, width]."""
    import torch

    padded = torch.cat([torch.full((width,), -1, dtype=torch.int64), ids[:-1]])
    return padded.unfold(0, width, 1)[: len(ids)]


def uniforms(key: int, contexts: Any, ids: Any) -> Any:
    """u of each token after its context, float32 in (0, 1)."""
    import torch

    words, width = contexts & _WORD, contexts.shape[1]
    low, high = torch.tensor(key & _WORD), torch.tensor(key >> 32)
    zeros = torch.zeros(len(ids), dtype=torch.int64)
    state = [zeros + _CONTEXT, zeros + width, zeros, zeros]
    for offset in range(0, width, 4):
        block = [
            words[:, offset + place] if offset + place < width else zeros + (_WORD - place)
            for place in range(4)
        ]
        mixed = [word ^ token for word, token in zip(state, block, strict=True)]
        state = _philox(mixed, low ^ offset, high)
    output = _philox([ids >> 2, *state[:3]], low ^ state[3], high ^ _TOKEN)
    word = torch.stack(output).gather(0, (ids & 3)[None])[0]
    return (((word >> 8) + 1).to(torch.float64) / (2**24 + 1)).to(torch.float32)


def scores(key: int, contexts: Any, ids: Any) -> Any:
    """-ln(1 - u) in float64: Exp(1) where there is no mark."""
    import torch

    return -torch.log1p(-uniforms(key, contexts, ids).to(torch.float64))


def first_of_each(contexts: Any) -> npt.NDArray[np.int64]:
    """Where each context stands for the first time: the rule `single_turn`."""
    seen: dict[tuple[int, ...], int] = {}
    for place, context in enumerate(contexts.tolist()):
        seen.setdefault(tuple(context), place)
    return np.fromiter(seen.values(), np.int64, len(seen))


def dual_keys(master: int) -> tuple[int, int]:
    """The two keys that dual-key sampling derives from one."""
    packed = master.to_bytes(8, "big")
    first, second = (
        int.from_bytes(sha256(domain + packed).digest()[:8], "big")
        for domain in (b"key_a", b"key_b")
    )
    return first, second
