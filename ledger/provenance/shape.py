"""Whether JSON values have the shape that a signed statement promises.

A shape is a type (`str`, `int`, `bool`, `dict`), a pattern that a text must match whole, a list of
one shape, a mapping of member names to shapes, or a Maybe of any of these.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Maybe", "check_shape"]


@dataclass(frozen=True)
class Maybe:
    """A member that may be absent."""

    shape: Any


def check_shape(value: Any, shape: Any, path: str) -> None:
    """Raises ValueError naming the first place where `value` has not the shape."""
    if isinstance(shape, Maybe):
        shape = shape.shape
    if isinstance(shape, re.Pattern):
        if not isinstance(value, str) or shape.fullmatch(value) is None:
            raise ValueError(f"{path} is {value!r:.80}, expected {shape.pattern}")
    elif isinstance(shape, list):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ValueError(f"{path} is not a list")
        for number, item in enumerate(value):
            check_shape(item, shape[0], f"{path}[{number}]")
    elif isinstance(shape, Mapping):
        _check_members(value, shape, path)
    elif shape is int and isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError(f"{path} is {value}, expected 0 or more")
    elif not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool):
        raise ValueError(f"{path} is not {shape.__name__}")


def _check_members(value: Any, shape: Mapping[str, Any], path: str) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{path} is not an object")
    needed = {name for name, item in shape.items() if not isinstance(item, Maybe)}
    if not needed <= set(value) <= set(shape):
        raise ValueError(f"{path} has not the members {', '.join(sorted(shape))}")
    for name, item in value.items():
        check_shape(item, shape[name], f"{path}.{name}")
