"""One file a kind of section. A module here defines `SECTION`; it is found by its name.

`query` asks a View and returns a member of the `composition` object: canonical JSON values, the
same for the same claims in any order. It reads the documents from `view.table`, where `dataset` is
`view.dataset_id`, or through the View's own methods. A section that means something of any
documents, and not of a whole dataset alone, says `covers = ("dataset", "manifest")`. `render` turns
such a member, which may come from anybody's file, into an HTML fragment that escapes everything; it
raises ValueError, KeyError or TypeError where the member has not its shape.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

__all__ = [
    "SHAPE_ERRORS",
    "Reconciling",
    "Section",
    "Subject",
    "all_sections",
    "built_in_sections",
    "covering",
]

Subject = Literal["dataset", "manifest"]
"""What a certificate is about."""

SHAPE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What `render` and `reconcile` may raise for a member that has not their shape."""


class Section(Protocol):
    """`name` is its member in `composition`; `order` its place on the page."""

    name: str
    title: str
    order: int

    def query(self, view: "View") -> dict[str, Any]: ...
    def render(self, data: Mapping[str, Any], statement: "Statement") -> str: ...


@runtime_checkable
class Reconciling(Protocol):
    """A section whose numbers also rest on attachments, which one vault has and another not."""

    def reconcile(
        self, found: Mapping[str, Any], expected: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], Mapping[str, Any], list[str]]:
        """A certificate's member and the one computed here, both without what either side could
        not compute, and a note for people about each thing left out. Raises as `render`.
        """
        ...


def all_sections() -> list[Section]:
    """Ours and those of installed plug-ins, in order: what a new certificate holds."""
    from ledger.registry import find

    return _ordered(list(find(__name__, "SECTION").values()))


def built_in_sections() -> list[Section]:
    """Ours alone: what opening a certificate may load."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = (getattr(module, "SECTION", None) for module in modules)
    return _ordered([section for section in found if section is not None])


def covering(sections: Sequence[Section], about: Subject) -> list[Section]:
    """Those that a certificate about it holds."""
    return [item for item in sections if about in getattr(item, "covers", ("dataset",))]


def _ordered(sections: Sequence[Section]) -> list[Section]:
    return sorted(sections, key=lambda section: (section.order, section.name))
