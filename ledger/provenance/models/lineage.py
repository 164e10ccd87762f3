"""A model's lineage: what it was tuned from and trained on, back to what nobody here knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.errors import printable
from ledger.provenance.models.generations import Share, at_least
from ledger.provenance.models.registered import Models, ModelStanding

__all__ = ["Lineage", "lineage_data", "lineage_lines", "lineage_of", "share_words", "shares_of"]

_DEEPEST = 100


@dataclass(frozen=True)
class Lineage:
    """A model and what is before it. `index` and `generation` are None where nobody registered it:
    then `reference` is its subject. `returns`: it came up before, nearer to the model asked about.

    `tuned` are the models that name it as their base.
    """

    reference: str
    index: int | None
    generation: int | None
    aliases: tuple[str, ...]
    manifests: tuple[str, ...]
    trained_on: tuple[Share, ...]
    base: "Lineage | None"
    tuned: tuple[str, ...]
    returns: bool = False


def shares_of(body: Mapping[str, Any]) -> tuple[Share, ...]:
    """What a `model` claim says of the documents that the model was trained on."""
    return tuple(
        Share(row.get("generation"), row["documents"]) for row in body.get("trained_on", ())
    )


def lineage_of(models: Models, standing: ModelStanding, names: Mapping[str, str]) -> Lineage:
    """The lineage of a registered model. `names` are manifests' by digest of their statements."""
    chain: list[ModelStanding] = [standing]
    unknown: str | None = None
    returns = False
    while "base" in chain[-1].body:
        before = models.get(str(chain[-1].body["base"]))
        if before is None:
            unknown = str(chain[-1].body["base"])
            break
        returns = before.subject in {model.subject for model in chain} or len(chain) == _DEEPEST
        chain.append(before)
        if returns:
            break
    tree = None if unknown is None else Lineage(unknown, None, None, (), (), (), None, ())
    for place in range(len(chain) - 1, -1, -1):
        tree = _node(models, chain[place], names, tree, returns and place == len(chain) - 1)
    assert tree is not None
    return tree


def _node(
    models: Models,
    standing: ModelStanding,
    names: Mapping[str, str],
    base: Lineage | None,
    returns: bool,
) -> Lineage:
    body = standing.body
    return Lineage(
        standing.reference,
        standing.index,
        models.generation(standing.subject),
        tuple(body.get("aliases", ())),
        tuple(names.get(digest, digest) for digest in body.get("manifests", ())),
        shares_of(body),
        base,
        tuple(sorted(m.reference for m in models if m.body.get("base") == standing.subject)),
        returns,
    )


def share_words(shares: tuple[Share, ...]) -> str:
    """`12 documents: at least 25 % of generation 1 or later, 40 % unknown`"""
    total = sum(share.documents for share in shares)
    if not total:
        return "no documents"
    said = [
        f"at least {_percent(share.documents, total)} of generation {share.generation} or later"
        for share in at_least(shares)
        if share.generation
    ]
    nought = sum(share.documents for share in shares if share.generation == 0)
    if nought:
        said.insert(0, f"{_percent(nought, total)} of people or dated before AI text")
    unknown = sum(share.documents for share in shares if share.generation is None)
    if unknown:
        said.append(f"{_percent(unknown, total)} unknown")
    return f"{total:,} document{'' if total == 1 else 's'}: {', '.join(said)}"


def _percent(part: int, whole: int) -> str:
    """Rounded down, as every share here is a lower bound."""
    tenths = part * 1000 // whole
    return f"{tenths / 10:g} %" if tenths or not part else "under 0.1 %"


def lineage_lines(tree: Lineage) -> list[str]:
    """The lineage as a picture, the model asked about on top."""
    lines = list(_lines(tree))
    if tree.tuned:
        lines.append(f"tuned from it: {', '.join(printable(name) for name in tree.tuned)}")
    return lines


def _lines(node: Lineage) -> Iterator[str]:
    if node.index is None:
        yield f"{node.reference}: registered by nobody here, so nothing is known of it"
        return
    yield f"{printable(node.reference)}: writes text of generation {node.generation} or later"
    if node.returns:
        yield "└─ comes up above: the ledger's claims lead back to themselves"
        return
    parts: list[list[str]] = []
    if node.aliases:
        parts.append([f"called {', '.join(printable(alias) for alias in node.aliases)}"])
    if node.manifests or node.trained_on:
        named = ", ".join(printable(name) for name in node.manifests) or "what was not named"
        parts.append([f"trained on {named}; {share_words(node.trained_on)}"])
    if node.base is not None:
        first, *rest = _lines(node.base)
        parts.append([f"tuned from {first}", *rest])
    if not node.manifests and not node.trained_on:
        parts.append(["what it was trained on is not recorded"])
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        yield ("└─ " if last else "├─ ") + part[0]
        yield from (("   " if last else "│  ") + line for line in part[1:])


def lineage_data(tree: Lineage) -> dict[str, Any]:
    """The lineage as JSON."""
    return {
        "aliases": list(tree.aliases),
        "base": None if tree.base is None else lineage_data(tree.base),
        "entry": tree.index,
        "generation": tree.generation,
        "manifests": list(tree.manifests),
        "model": tree.reference,
        "returns": tree.returns,
        "trained_on": [
            {"documents": share.documents, "generation": share.generation}
            for share in tree.trained_on
        ],
        "tuned": list(tree.tuned),
    }
