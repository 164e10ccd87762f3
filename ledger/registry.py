"""Finds plug-ins: the modules beside us first, then entry points of the same group.

Names no plug-in. A room's `__init__` says what attribute its modules must define.
"""

import sys
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoints, entry_points
from pkgutil import iter_modules
from typing import Any

from ledger.errors import InputError

__all__ = ["find"]


def find(package: str, attribute: str) -> dict[str, Any]:
    """Every plug-in of `package` by its `.name`, sorted: `package`'s own modules, then others'.

    `package` is an import path such as `ledger.corpus.readers`; foreign plug-ins come from the
    entry-point group of that name. Raises InputError if two claim one name: built-ins may not
    be shadowed.
    """
    room = import_module(package)
    found: dict[str, Any] = {}
    for module in iter_modules(room.__path__):
        plugin = getattr(import_module(f"{package}.{module.name}"), attribute, None)
        if plugin is not None:
            _add(found, plugin, package)
    for entry in _declared(package, tuple(sys.path)):
        _add(found, entry.load(), package)
    return dict(sorted(found.items()))


@cache
def _declared(package: str, path: tuple[str, ...]) -> EntryPoints:
    """What the distributions on `path`, which is sys.path, declare: read once a process."""
    return entry_points(group=package)


def _add(found: dict[str, Any], plugin: Any, package: str) -> None:
    if plugin.name in found:
        raise InputError(f"two plug-ins named {plugin.name!r} in {package}")
    found[plugin.name] = plugin
