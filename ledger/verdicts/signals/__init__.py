"""Named measures of a text, one file each. A module here that defines SIGNAL is a measure.

A measure is a pure function of a batch of texts; it is undefined (NaN) where a text is too short
for it, and never depends on a text's neighbours. None is a verdict: each says in `direction` what
is known of its sign, which is learned per corpus, never fixed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import pyarrow as pa

from ledger.errors import UnknownNameError
from ledger.registry import find
from ledger.verdicts.signals.batch import Batch
from ledger.verdicts.signals.reference import Reference
from ledger.verdicts.signals.tokens import Floats

__all__ = ["Batch", "Signal", "measure", "signal", "signals"]


@dataclass(frozen=True)
class Signal:
    """One measure. `version` is raised when a value changes.

    `definition` is one sentence, `source` the publication it follows; `direction` says what a high
    value means and which way AI text was found to differ. `measure` gives float64[n], in `unit`.
    """

    name: str
    version: int
    definition: str
    source: str
    unit: str
    direction: str
    measure: Callable[[Batch], Floats]


@cache
def signals() -> Mapping[str, Signal]:
    """Every measure by name."""
    return MappingProxyType(find(__name__, "SIGNAL"))


def signal(name: str) -> Signal:
    """The measure of that name. Raises UnknownNameError."""
    known = signals()
    if name not in known:
        raise UnknownNameError("signal", name, known)
    return known[name]


def measure(
    texts: pa.Array | pa.ChunkedArray,
    names: Iterable[str] | None = None,
    *,
    reference: Reference | None = None,
) -> pa.Table:
    """One float64 column a measure and one row a text; NaN where undefined.

    Without names: every measure. Those of rare words are undefined without a reference. Raises
    UnknownNameError.
    """
    chosen = [signal(name) for name in (signals() if names is None else names)]
    batch = Batch(texts, reference)
    return pa.table({one.name: pa.array(one.measure(batch)) for one in chosen})
