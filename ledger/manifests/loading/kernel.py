"""SHA-256 of many texts in one call that does not hold the interpreter's lock.

hashlib takes the lock again for every text; so a second thread that hashes with it waits, most of
its time, for the first. Here the interpreter's own OpenSSL is called from compiled code, once for
all texts of a block: init, update and final of EVP (OpenSSL 1.1 and 3).
"""

import ctypes
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ledger.watermarks.kernels._jit import jit

__all__ = ["kernel"]

Ints = npt.NDArray[np.int64]
Digests = npt.NDArray[np.uint8]
Kernel = Callable[[int, Ints, Callable[[], None]], Digests]

_STEPS = ("EVP_DigestInit_ex", "EVP_DigestUpdate", "EVP_DigestFinal_ex")


def _typed(typing: Any, address: Any, first: Any, second: Any, third: Any) -> Any:
    """int32 f(void *, void *, size_t): the shape of all three."""
    word = types.uintp

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        size, done = context.get_value_type(word), context.get_value_type(types.int32)
        kind = _IR.FunctionType(done, [size] * 3)
        return builder.call(builder.inttoptr(values[0], kind.as_pointer()), values[1:])

    return types.int32(word, word, word, word), generate


_IR: Any = vars(cgutils)["ir"]  # the builder that numba itself brings
_call: Any = intrinsic(_typed)
Word = Any  # an address or a size as np.uintp


@jit
def _hash(steps: npt.NDArray[np.uintp], context: Word, base: Word, ends: Ints, out: Word) -> int:
    """How many of the texts were hashed: all, unless OpenSSL refused."""
    for i in range(len(ends) - 1):
        done = _call(steps[0], context, np.uintp(0), np.uintp(0))
        done &= _call(steps[1], context, np.uintp(base + ends[i]), np.uintp(ends[i + 1] - ends[i]))
        done &= _call(steps[2], context, np.uintp(out + 32 * i), np.uintp(0))
        if done != 1:
            return i
    return len(ends) - 1


@cache
def kernel() -> Kernel | None:
    """A function of the address of some bytes and n + 1 ascending bounds in them, that gives n
    digests; None where this interpreter's OpenSSL cannot be called so.

    It calls `begun` when all that is left needs no lock: to let go of it once more before that may
    mean to wait until the other thread has nothing left to do.
    """
    try:
        import _hashlib

        library = ctypes.CDLL(_hashlib.__file__)
        steps = [ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in _STEPS]
        make, free, kind = library.EVP_MD_CTX_new, library.EVP_MD_CTX_free, library.EVP_sha256
    except (AttributeError, ImportError, OSError):
        return None
    make.restype = kind.restype = ctypes.c_void_p
    free.argtypes = (ctypes.c_void_p,)
    begin = library.EVP_DigestInit_ex
    begin.argtypes = (ctypes.c_void_p,) * 3
    addresses = np.array(steps, np.uintp)

    def hashed(base: int, ends: Ints, begun: Callable[[], None]) -> Digests:
        out = np.empty((len(ends) - 1, 32), np.uint8)
        context = make()
        try:
            if context is None or begin(context, kind(), None) != 1:
                raise MemoryError("OpenSSL gave no context")
            begun()
            done = _hash(
                addresses, np.uintp(context), np.uintp(base), ends, np.uintp(out.ctypes.data)
            )
        finally:
            free(context)
        if done != len(out):
            raise RuntimeError(f"OpenSSL hashed {done} of {len(out)} texts")
        return out

    probe = np.frombuffer(b"abcabc", np.uint8)
    found = hashed(probe.ctypes.data, np.array([0, 3, 3, 6], np.int64), lambda: None).tobytes()
    expected = b"".join(sha256(text).digest() for text in (b"abc", b"", b"abc"))
    return hashed if found == expected else None
