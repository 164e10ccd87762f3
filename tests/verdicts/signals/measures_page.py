"""Writes docs/verdicts-signals.md from what the measures say of themselves.

python -m tests.verdicts.signals.measures_page
"""

from pathlib import Path
from textwrap import fill
from typing import Final

from ledger.verdicts.reference.vote import FLOOR_3_2_ERROR, VOTE_ERROR
from ledger.verdicts.signals import Signal, signals
from ledger.verdicts.signals import sentences as sentences_at_1
from ledger.verdicts.signals import words as words_at_1

__all__ = ["PAGE", "page"]

PAGE: Final = Path(__file__).parents[3] / "docs" / "verdicts-signals.md"

_HEAD = """\
# Measures of a text

Named numbers that can be looked at beside a [verdict](verdicts.md). None of them is one: each says
which way AI text was found to differ, and in other corpora it was found the other way. They are
computed by `ledger.verdicts.signals.measure` over an Arrow array of texts, one column each, in time
linear in the text; a text too short for a measure has none, and its neighbours never matter. Those
that depend on length are compared at one length only. This page is generated from the measures.
"""
_MODEL = """\
## Under a language model

`perplexity` is exp of the mean negative log-likelihood of each token but the first, given those
before it; `log_rank` is the mean natural logarithm of the token's rank (Gehrmann et al. 2019,
GLTR). They belong to one model, one tokenizer, one number of tokens (160 unless said otherwise) and
one precision, and are recorded with all four. The model is a local one, a GGUF file or a folder
with config.json and *.safetensors; nothing is downloaded, and no code beside a model is run. It
needs `pip install 'headwater[lm]'`. Texts that a model has read in training have low perplexity,
whoever wrote them: well-known ones, encyclopedias, standards.
"""


def page() -> str:
    """The page, as it should stand in docs/."""
    known = signals()
    return "\n".join(
        [
            _HEAD,
            *map(_section, known.values()),
            _MODEL,
            "## What a word and a sentence are\n",
            _own(words_at_1.__doc__),
            _own(sentences_at_1.__doc__),
            "## The articles' vote and floor\n",
            _filled(
                "`seed-vote` calls a text synthetic if two of three hold: perplexity below 30, "
                "`burstiness_cv` below 0.4, `raw_ttr` below 0.52. It is here to compare with. "
                f"{VOTE_ERROR}"
            ),
            _filled(
                "`floor-3.2` holds a batch of fewer than 3.2 bits per token (`entropy_unigram`). "
                f"{FLOOR_3_2_ERROR}"
            ).rstrip("\n"),
            "",
        ]
    )


def _section(one: Signal) -> str:
    return (
        f"## {one.name}\n\n"
        + _filled(f"{_begun(one.definition)}. Unit: {one.unit}. Version {one.version}.")
        + "\n"
        + _filled(f"{_begun(one.direction)}. Source: {one.source}.")
    )


def _filled(text: str) -> str:
    return fill(text, 100, break_long_words=False, break_on_hyphens=False) + "\n"


def _own(text: str | None) -> str:
    """A module's docstring, its first line in bold."""
    first, _, rest = (text or "").partition("\n")
    return f"**{first}**\n{rest}"


def _begun(clause: str) -> str:
    return clause if clause[0] == "(" else clause[0].upper() + clause[1:]


if __name__ == "__main__":
    PAGE.write_text(page())
