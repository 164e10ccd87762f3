"""Texts for tests of rarity: prose of a small language with a long tail, and what is none."""

import base64
import random
from typing import Final

__all__ = ["COMMON", "NOISE", "RARE", "noise", "prose"]

_LETTERS = "etaoinshrdlu"


def _words(seed: int, count: int, length: int) -> list[str]:
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(_LETTERS) for _ in range(length))] = None
    return list(found)


COMMON: Final = _words(1, 60, 4)
RARE: Final = _words(2, 400, 7)


def prose(rng: random.Random, rare: float, words: int = 80) -> str:
    """Words of which so many, about, are rare ones."""
    return " ".join(
        rng.choice(RARE) if rng.random() < rare else rng.choice(COMMON) for _ in range(words)
    )


def _scanned(rng: random.Random) -> str:
    """Prose as a bad scan reads it: most words have a letter wrong."""
    words = prose(rng, 0.3, 120).split()
    marks = "0123456789çß§ñþ"
    return " ".join(
        word if rng.random() < 0.4 else word[:1] + rng.choice(marks) + word[2:] for word in words
    )


def _code(rng: random.Random) -> str:
    return "\n".join(
        f"  x{rng.randrange(10**6)}[{rng.randrange(99)}] = f_{rng.randrange(10**6)}(&p->q, "
        f"0x{rng.randrange(1 << 32):x}) ^ ~mask; /* {rng.choice(COMMON)} */"
        for _ in range(40)
    )


def _unicode(rng: random.Random) -> str:
    signs = [chr(rng.choice([rng.randrange(0x20, 0xD800), rng.randrange(0xE000, 0x2FFFF)]))
             for _ in range(1500)]  # fmt: skip
    return "".join(sign if rng.random() < 0.85 else " " for sign in signs)


NOISE: Final = ("base64", "hex", "unicode", "scan", "code", "list", "blob")


def noise(kind: str, rng: random.Random) -> str:
    """Something that looks rare and is not."""
    if kind == "base64":
        return "\n".join(base64.b64encode(rng.randbytes(57)).decode() for _ in range(30))
    if kind == "hex":
        return " ".join(rng.randbytes(2).hex() for _ in range(300))
    if kind == "unicode":
        return _unicode(rng)
    if kind == "scan":
        return _scanned(rng)
    if kind == "code":
        return _code(rng)
    if kind == "list":  # every word a rare one: a glossary, or words put there to be drawn
        return "\n".join(rng.sample(RARE, 200))
    assert kind == "blob", kind  # a picture in the middle of prose
    return prose(rng, 0.3, 90) + " " + base64.b64encode(rng.randbytes(3000)).decode()
