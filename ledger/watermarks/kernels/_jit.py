"""numba's compiler, as the kernels use it. Only kernel modules import this, and callers import
those lazily: it costs half a second and 40 MB."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["jit"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def jit(function: _Function) -> _Function:
    """Compile at the first call, free of the interpreter lock, kept on disk where it can be."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        compiled: _Function = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # neither our folder nor the user's can be written to
        compiled = numba.njit(**options)(function)
    return compiled
