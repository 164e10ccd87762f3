"""A whole number divided in given proportions, no part above its cap. Integers throughout."""

from collections.abc import Sequence

__all__ = ["apportion"]

_FINE = 64  # bits, beyond the weights' own, of the level at which a part is full


def apportion(total: int, weights: Sequence[int], caps: Sequence[int]) -> list[int]:
    """Parts that add up to `total`, or to all caps where those are less.

    Water-filling: every part is min(cap, level * weight), the level such that they add up. Then
    down to whole numbers, and one more for the greatest remainders (the first of equal ones). A
    part without a weight gets something only where the others have come to their caps.
    """
    total = min(total, sum(caps))
    shift = max(weights, default=0).bit_length() + _FINE
    order = sorted(
        (place for place, weight in enumerate(weights) if weight > 0),
        key=lambda place: ((caps[place] << shift) // weights[place], place),
    )
    parts = [0] * len(weights)
    left, mass = total, sum(weights[place] for place in order)
    full = 0
    for place in order:
        if caps[place] * mass > left * weights[place]:
            break
        parts[place] = caps[place]
        left, mass, full = left - caps[place], mass - weights[place], full + 1
    open_ = order[full:]
    remainders = []
    for place in open_:
        share, remainder = divmod(left * weights[place], mass)
        parts[place] = min(share, caps[place])
        remainders.append((-remainder, place))
    _hand_out(parts, caps, total - sum(parts), [place for _, place in sorted(remainders)])
    _hand_out(parts, caps, total - sum(parts), range(len(parts)), whole=True)
    return parts


def _hand_out(
    parts: list[int], caps: Sequence[int], left: int, order: Sequence[int], *, whole: bool = False
) -> None:
    """Give what is left, one each in order, or (`whole`) as much as each can take."""
    for place in order:
        if left <= 0:
            return
        more = min(left if whole else 1, caps[place] - parts[place])
        parts[place] += more
        left -= more
