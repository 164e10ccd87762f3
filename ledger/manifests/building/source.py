"""A mix file, and the policy and word counts it names, read from disk."""

from pathlib import Path

from ledger.errors import InputError, printable
from ledger.manifests.mix.mix import Mix
from ledger.manifests.mix.parse import parse_mix
from ledger.manifests.tail.table import Table, load_table
from ledger.provenance.policy import load_policy
from ledger.provenance.rules import Policy

__all__ = ["load_mix", "policy_of", "table_of"]

_MOST = 1 << 20  # parse_mix knows its own limit and says it


def load_mix(path: Path) -> Mix:
    """The mix in a file. Raises InputError where none can be read, MalformedError."""
    try:
        with path.open("rb") as file:
            source = file.read(_MOST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{printable(path)}: no mix can be read there: {reason.lower()}",
            hint="a mix is a TOML file; headwater manifest build --help shows one",
        ) from error
    return parse_mix(source, str(path))


def table_of(mix: Mix, folder: Path) -> Table | None:
    """The word counts that a mix's tail names, a path taken from `folder`; None without a tail.

    Raises InputError, MalformedError.
    """
    return None if mix.tail is None else load_table(folder.absolute() / mix.tail.table)


def policy_of(mix: Mix, folder: Path) -> Policy:
    """The policy a mix names: a built-in one, or a file whose path is taken from `folder`.

    Raises UnknownNameError, InputError, MalformedError.
    """
    if "/" in mix.policy or mix.policy.endswith(".toml"):
        return load_policy(str(folder.absolute() / mix.policy))
    return load_policy(mix.policy)
