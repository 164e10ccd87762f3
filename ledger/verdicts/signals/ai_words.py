"""Words that language models overuse, per word of a text. An explanation, never a verdict.

The list is ours. It holds word forms whose sudden rise in texts after 2022 these studies describe,
and everyday kin of them: Liang et al. 2024, Monitoring AI-modified content at scale
(arXiv 2403.07183); Liang et al. 2024, Mapping the increasing use of LLMs in scientific papers
(arXiv 2404.01268); Kobak et al. 2025, Delving into LLM-assisted writing in biomedical publications
through excess vocabulary (arXiv 2406.07016). People write every one of them too, scholars and
writers of English as a second language above all.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.tokens import Floats, divide, sums

__all__ = ["AI_WORDS", "SIGNAL"]

_LIST = """
additionally commendable comprehensive crucial crucially delve delved delves delving
embark embarked embarking emphasizing encompass encompasses encompassing enhance enhances
enhancing ensuring foster fostered fostering fosters furthermore garner garnered garnering
highlighting holistic innovative insights intricacies intricate intricately invaluable landscape
leverage leverages leveraging meticulous meticulously moreover multifaceted notable notably
nuanced nuances pivotal potentially profound realm realms resonate resonates resonating robust
seamless seamlessly showcase showcased showcases showcasing tapestry testament transformative
underscore underscored underscores underscoring unwavering versatile vibrant
"""
AI_WORDS: Final = frozenset(_LIST.split())
"""Lower case, as words@1 spells them."""

_SET = pa.array(sorted(AI_WORDS), pa.large_string())


def _measure(batch: Batch) -> Floats:
    listed = pc.is_in(batch.words.vocabulary, value_set=_SET).to_numpy(zero_copy_only=False)
    tokens = batch.tokens
    return divide(sums(listed[tokens.ids], tokens.offsets), tokens.sizes)


SIGNAL = Signal(
    name="ai_words",
    version=1,
    definition="share of the text's words that are on our list of words models overuse (words@1)",
    source="our own list, after arXiv 2403.07183, 2404.01268 and 2406.07016",
    unit="share",
    direction="high: more of the words that became frequent after 2022; for explanation only, "
    "since people write them too",
    measure=_measure,
)
