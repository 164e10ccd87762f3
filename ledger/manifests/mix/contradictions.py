"""Where a mix contradicts itself, as far as it alone can say: no ledger, no counts.

What is left is a question of how much there is, which the allocation answers.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from ledger.manifests.mix.axes import ANCHOR, FINAL_STAGES, RESERVE, SEEN
from ledger.manifests.mix.fields import Fields
from ledger.manifests.mix.mix import Bound, Mix, Shares, Temperature, Unimax
from ledger.manifests.mix.where import Where
from ledger.provenance.rules import BASES

__all__ = ["check_mix"]


def check_mix(mix: Mix, fields: Fields) -> None:
    """Raises MalformedError for the first contradiction, in `fields`' words of place."""
    for reason, hint in _contradictions(mix):
        raise fields.error(reason, hint)


Found = Iterator[tuple[str, str | None]]


def _contradictions(mix: Mix) -> Found:
    yield from _datasets(mix)
    yield from _budget(mix)
    if isinstance(mix.target, Shares):
        yield from _shares(mix.target)
    for bound in mix.bounds:
        yield from _bound(bound)
    yield from _pairs(mix.bounds)
    if mix.gate.estimate > mix.gate.upper:
        yield (
            f"max_synthetic: found {_plain(mix.gate.estimate)} for the estimate, "
            f"which is above {_plain(mix.gate.upper)} for its upper bound",
            None,
        )
    yield from _replay(mix)
    yield from _tail(mix)


def _datasets(mix: Mix) -> Found:
    if mix.anchors and mix.stage not in FINAL_STAGES:
        yield (
            f"datasets: found {ANCHOR}{mix.anchors[0]} in stage {mix.stage}",
            f"anchors are for {' and '.join(FINAL_STAGES)} alone",
        )
    both = sorted(set(mix.reserves) & set(mix.anchors))
    if both:
        yield f"datasets: found {both[0]} as a reserve and as an anchor, expected one", None


def _budget(mix: Mix) -> Found:
    if mix.budget is None and isinstance(mix.target, Temperature | Unimax):
        kind = "temperature" if isinstance(mix.target, Temperature) else "unimax"
        yield f"target: found {kind} without a budget", f"budget = the {mix.unit} wanted"
    elif mix.budget is None and mix.repeat > 1:
        yield (
            f"repeat: found {_plain(mix.repeat)} without a budget",
            "without one a document comes once at most",
        )


def _shares(target: Shares) -> Found:
    total = sum((share.share for share in target.shares), Fraction())
    if total != 1:
        yield (
            f"share: found shares that add up to {_plain(total)}, expected 1",
            'a third is "1/3"; where = {} takes what no share above it means',
        )
    for at, share in enumerate(target.shares):
        for before, earlier in enumerate(target.shares[:at]):
            if earlier.where.covers(share.where):
                yield (
                    f"share {at + 1}: found {share.where}, of which share {before + 1} "
                    "takes everything",
                    "a stratum belongs to the first share that means it",
                )
        yield from _impossible(f"share {at + 1}", share.where)


def _bound(bound: Bound) -> Found:
    if bound.at_least is None and bound.at_most is None:
        yield f"{bound.name}: found neither at_least nor at_most", None
    if (bound.at_least or 0) > (1 if bound.at_most is None else bound.at_most):
        yield (
            f"{bound.name}: found at_least {_plain(bound.at_least)}, which is above "
            f"at_most {_plain(bound.at_most)}",
            None,
        )
    if not bound.where.values and bound.at_most is not None and bound.at_most < 1:
        yield f"{bound.name}: found everything at most {_plain(bound.at_most)}, expected 1", None
    yield from _impossible(bound.name, bound.where)


def _pairs(bounds: tuple[Bound, ...]) -> Found:
    names = [bound.name for bound in bounds]
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    if twice:
        yield f"bound: found two named {twice[0]}", None
    lower = [bound for bound in bounds if bound.at_least is not None]
    upper = [bound for bound in bounds if bound.at_most is not None]
    for inner in lower:
        for outer in upper:
            assert inner.at_least is not None and outer.at_most is not None
            if inner is outer or inner.at_least <= outer.at_most:
                continue
            if outer.where.covers(inner.where):
                yield (
                    f"{inner.name}: found at_least {_plain(inner.at_least)} of what "
                    f"{outer.name} holds at_most {_plain(outer.at_most)}",
                    None,
                )
    for one, other in combinations(lower, 2):
        assert one.at_least is not None and other.at_least is not None
        if one.at_least + other.at_least > 1 and one.where.disjoint(other.where):
            yield (
                f"{one.name} and {other.name}: found at_least {_plain(one.at_least)} and "
                f"{_plain(other.at_least)}, together above 1",
                None,
            )


def _impossible(name: str, where: Where) -> Found:
    values = dict(where.values)
    if "label" not in values or "basis" not in values:
        return
    rests = {basis for label in values["label"] for basis in BASES[label]}
    if not rests & set(values["basis"]):
        yield (
            f"{name}: found {where}, which no document can be",
            f"those labels rest on {', '.join(sorted(rests))}",
        )


def _replay(mix: Mix) -> Found:
    if mix.replay is None:
        return
    if mix.replay.reserve not in mix.reserves:
        yield (
            f"replay: found reserve {mix.replay.reserve}, which is not among the datasets",
            f'add "{RESERVE}{mix.replay.reserve}" to datasets',
        )
    if "dataset" not in mix.strata:
        yield "replay: found strata without the axis dataset", "add dataset to strata"


def _tail(mix: Mix) -> Found:
    divided = "tail" in mix.strata
    if mix.tail is not None and not divided and not mix.tail.weights:
        yield "tail: found neither weights nor the axis tail in strata", None
    if mix.tail is not None and divided and mix.tail.weights:
        yield (
            "tail: found weights beside the axis tail in strata, expected one of the two",
            "weights draw inside a stratum; as strata, the classes have shares and bounds",
        )
    if mix.tail is not None and list(mix.tail.weights) != sorted(mix.tail.weights):
        yield (
            f"tail: found weights {', '.join(map(str, mix.tail.weights))}, expected none below "
            "the one before it",
            "the classes ascend from common to rare, and rare documents are drawn more often",
        )
    if mix.tail is not None and mix.tail.earlier is not None and not divided:
        yield (
            "tail: found earlier without the axis tail in strata",
            f"it parts the rarest class in two: add tail to strata, and {SEEN} is the older part",
        )
    if mix.novel_tail is not None:
        absent = [axis for axis in ("label", "tail") if axis not in mix.strata]
        if absent:
            yield (
                f"novel_tail: found strata without the axis {absent[0]}",
                f"add {' and '.join(absent)} to strata",
            )


def _plain(value: Fraction | None) -> str:
    """A share as people write it."""
    assert value is not None
    return f"{float(value):.9g}" if 10**9 % value.denominator == 0 else str(value)
