"""The registered models of an open ledger."""

from collections.abc import Mapping
from typing import Final

from ledger.errors import InputError, UnknownNameError, printable
from ledger.log.log import Log
from ledger.provenance.models.registered import Models, ModelStanding

__all__ = ["find_model", "models_of", "parse_model"]

_NOWHERE: Final[Mapping[bytes, list[int]]] = {}


class _Reading:
    """A log as Models reads it."""

    def __init__(self, log: Log) -> None:
        self.entry, self.find = log.entry, log.find_all


def models_of(log: Log) -> Models:
    """Every model that the ledger has registered."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'model' ORDER BY idx"
    ).fetchall()
    entries = [(int(index), log.entry(index)) for (index,) in rows]
    return Models(_Reading(log), entries, _NOWHERE)


def parse_model(reference: str) -> tuple[str, str]:
    """(name, version) of `NAME@VERSION`. Raises InputError."""
    name, at, version = reference.rpartition("@")
    if not (at and name and version):
        raise InputError(
            f"{printable(reference)}: not a model's name and version",
            hint="write NAME@VERSION, as in notes-lm@2",
        )
    return name, version


def find_model(models: Models, reference: str) -> ModelStanding:
    """The model `NAME@VERSION`, or the one with this alias.

    Raises UnknownNameError, InputError where several have the alias.
    """
    found = models.called(reference)
    if len(found) > 1:
        raise InputError(
            f"{printable(reference)}: an alias of "
            f"{', '.join(printable(model.reference) for model in found)}",
            hint="name the model itself",
        )
    if not found:
        known = {model.reference for model in models}
        raise UnknownNameError(
            "model", reference, known,
            hint=None if known else "headwater model register NAME@VERSION",
        )  # fmt: skip
    return found[0]
