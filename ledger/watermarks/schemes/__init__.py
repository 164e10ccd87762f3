"""One file per family of watermarks. A module here that defines FAMILY is a family.

A family says which parameters it takes, how the scheme really sees a key, and gives a `Mark`: a
scheme bound to both, which turns token ids into a value per counted unit. What a unit is, and that
each is counted once, is the family's to know; what the values mean is its null distribution's.
"""

import re
from collections.abc import Hashable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ledger.errors import InputError, UnknownNameError, printable
from ledger.registry import find

if TYPE_CHECKING:
    from ledger.watermarks.statistics import Null
    from ledger.watermarks.tokens import Scores, Tokens

__all__ = [
    "Family",
    "Mark",
    "Recognised",
    "families",
    "format_algorithm",
    "open_mark",
    "parse_algorithm",
    "recognise",
]

_ALGORITHM = re.compile(r"([a-z0-9-]{1,40})/([a-z0-9-]{1,40})@([1-9][0-9]{0,3})", re.ASCII)


class Mark(Protocol):
    """A scheme bound to parameters and a key. Immutable; its repr shows no key.

    Marks of equal `shared` and `vocab_size` may be given the result of one `prepare`: what does not
    depend on the key. A unit is counted once per document, by the strictest of the scheme's own
    rule and its effective hash state; one with a token id of `vocab_size` or more never is. What a
    document scores does not depend on its neighbours in the batch.
    """

    @property
    def scheme(self) -> str: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def null(self) -> "Null": ...
    @property
    def shared(self) -> Hashable: ...
    def prepare(self, tokens: "Tokens") -> Any: ...
    def score(self, tokens: "Tokens", prepared: Any) -> "Scores": ...


class Recognised(NamedTuple):
    """A mark as another project spells it, in this catalogue's words; repr shows no key."""

    variant: str
    parameters: Mapping[str, Any]
    key: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Recognised({self.variant!r}, {dict(self.parameters)!r}, key withheld)"


class Family(Protocol):
    """`version` is raised when a decision changes. Keys never enter a message.

    `spellings` are all names, in lower case, by which other projects' records call its schemes.
    """

    name: str
    version: int
    variants: tuple[str, ...]
    spellings: tuple[str, ...]

    def parameters(self, variant: str, given: Mapping[str, Any], vocab_size: int) -> dict[str, str]:
        """Public parameters as canonical text, sorted. Raises InputError, naming the parameter."""
        ...

    def key(
        self, variant: str, parameters: Mapping[str, str], given: Mapping[str, Any], vocab_size: int
    ) -> dict[str, str]:
        """The key as the scheme sees it, so that equal effective keys are equal.

        Raises InputError, without the value.
        """
        ...

    def open(
        self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str], vocab_size: int
    ) -> Mark:
        """The mark. Both mappings are canonical ones."""
        ...

    def demo_key(self, variant: str, parameters: Mapping[str, str], key: Mapping[str, str]) -> bool:
        """Whether the key is a well-known default, which attributes a text to nobody."""
        ...

    def recognise(
        self, scheme: str, params: Mapping[str, Any], vocab_size: int
    ) -> Recognised | None:
        """Another project's spelling of one of our variants; None if it is none."""
        ...


@cache
def families() -> Mapping[str, Family]:
    """Every family by name."""
    return MappingProxyType(find(__name__, "FAMILY"))


def format_algorithm(family: Family, variant: str) -> str:
    """`family/variant@version`."""
    return f"{family.name}/{variant}@{family.version}"


def parse_algorithm(text: str) -> tuple[Family, str]:
    """(family, variant) of `family/variant@version`.

    Raises UnknownNameError, or InputError for a version that this release does not have.
    """
    found, known = _ALGORITHM.fullmatch(text), families()
    catalogue = [format_algorithm(f, variant) for f in known.values() for variant in f.variants]
    if found is None or found[1] not in known or found[2] not in known[found[1]].variants:
        raise UnknownNameError("watermark scheme", text, catalogue)
    family = known[found[1]]
    if int(found[3]) != family.version:
        raise InputError(
            f"{printable(text)}: this release has version {family.version}",
            hint="a decoder of another version decides otherwise; use the release that has it",
        )
    return family, found[2]


def open_mark(
    algorithm: str, parameters: Mapping[str, Any], key: Mapping[str, Any], vocab_size: int
) -> Mark:
    """The mark of a scheme, its parameters and its key, in any spelling. Raises InputError."""
    family, variant = parse_algorithm(algorithm)
    if type(vocab_size) is not int or not 2 <= vocab_size <= 2**31 - 1:
        raise InputError("vocab_size: expected a whole number from 2 to 2^31 - 1")
    canonical = family.parameters(variant, parameters, vocab_size)
    return family.open(
        variant, canonical, family.key(variant, canonical, key, vocab_size), vocab_size
    )


def recognise(scheme: str, params: Mapping[str, Any], vocab_size: int) -> Mark | None:
    """The mark that another project's record describes; None if no family knows it.

    Raises InputError where a family knows the scheme and refuses its parameters.
    """
    for family in families().values():
        known = family.recognise(scheme, params, vocab_size)
        if known is not None:
            return open_mark(
                format_algorithm(family, known.variant), known.parameters, known.key, vocab_size
            )
    return None
