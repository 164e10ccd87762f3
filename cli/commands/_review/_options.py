"""Options that the commands about reviews share."""

from collections.abc import Callable
from typing import Any

import click

__all__ = ["draw_options", "key_option", "policy_option"]

key_option = click.option(
    "--key", metavar="NAME", help="Your key for claims. Else the only one that you have."
)
policy_option = click.option(
    "--policy", metavar="NAME|FILE", help="The label policy. Else the one in use."
)


def draw_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--sample and --seed of the random draw."""
    sample = click.option(
        "--sample",
        type=click.IntRange(min=1),
        metavar="N",
        help="Draw N documents. Else go on with the newest draw, or draw 100.",
    )
    seed = click.option(
        "--seed", type=click.IntRange(min=0), metavar="KEY", help="The key to draw by. Else 0."
    )
    return sample(seed(function))
