"""The keys that a caller trusts, in whichever form they are at hand."""

from collections.abc import Iterable
from pathlib import Path

from ledger.errors import InputError, printable
from ledger.log.keys import KeyRing
from ledger.log.notes import Verifier, parse_vkey

__all__ = ["TrustedKeys", "trusted_verifiers"]

TrustedKeys = str | Path | Verifier | Iterable[str | Verifier] | None
"""None: the keys of this user's config folder. A path: another config folder, or a file with a
vkey a line. Otherwise vkeys: one, or several.
"""


def trusted_verifiers(keys: TrustedKeys) -> tuple[Verifier, ...]:
    """The keys that may sign a statement. Raises InputError for what is no key and no such path."""
    if keys is None:
        return tuple(KeyRing().verifiers("statement"))
    if isinstance(keys, Verifier):
        return (keys,)
    if isinstance(keys, str) and not Path(keys).exists():
        return (parse_vkey(keys),)
    if isinstance(keys, str | Path):
        return _kept(Path(keys))
    return tuple(key if isinstance(key, Verifier) else parse_vkey(key) for key in keys)


def _kept(path: Path) -> tuple[Verifier, ...]:
    if path.is_dir():
        return tuple(KeyRing(path).verifiers("statement"))
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{printable(path)}: {printable(error)}, expected vkeys") from error
    return tuple(parse_vkey(line.strip()) for line in lines if line.strip())
