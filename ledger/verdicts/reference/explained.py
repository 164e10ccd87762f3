"""The explanation columns of one file, in words: beside an explanation, never part of it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ledger.errors import InputError, printable
from ledger.verdicts.reference.causal import Identity, open_model
from ledger.verdicts.reference.columns import PERPLEXITY, explain_columns
from ledger.verdicts.signals import signal
from ledger.verdicts.text.prose import Why, measure

__all__ = ["Explained", "explain_file"]


@dataclass(frozen=True)
class Explained:
    """Measures of one text by name, None where undefined; `words` of prose, `why` not more.

    `identity` says which model a perplexity belongs to.
    """

    words: int
    why: str | None
    values: dict[str, float | None]
    identity: Identity | None

    def lines(self) -> list[str]:
        """For a person to read."""
        said = "" if self.why is None else f", {self.why.replace('_', ' ')} for a verdict"
        found = [
            "measures of the text, which decide nothing",
            f"  {self.words:,} words of prose{said}",
        ]
        for name, value in self.values.items():
            shown = "undefined" if value is None else f"{value:.3f}"
            meant = "" if name == PERPLEXITY else f"  {signal(name).definition}"
            found.append(f"  {name} {shown}{meant}")
        if self.identity is not None:
            found.append(
                f"  perplexity under model {self.identity.model}, its first "
                f"{self.identity.context} tokens, {self.identity.dtype}"
            )
        return found

    def data(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "words": self.words,
            "why": self.why,
            "measures": self.values,
            "model": None if self.identity is None else asdict(self.identity),
        }


def explain_file(path: str, reference_model: Path | None = None) -> Explained:
    """Measure the text of a file, with a local model its perplexity, too.

    Raises InputError for what is no file of UTF-8 text, and what opening the model raises.
    """
    shown = printable(path)
    try:
        text = Path(path).read_bytes().decode()
    except (OSError, ValueError) as error:
        raise InputError(
            f"{shown}: {'not UTF-8' if isinstance(error, UnicodeDecodeError) else 'no such file'}, "
            "expected a file of text to measure",
            hint="the ledger holds no text: name the document by its file",
        ) from error
    texts = pa.array([text], pa.large_string())
    model = None if reference_model is None else open_model(reference_model)
    table = explain_columns(texts, model)
    found = measure(texts)
    why = Why(int(found.why[0]))
    return Explained(
        words=int(found.words[0]),
        why=None if why is Why.OK else why.name.lower(),
        values={name: table.column(name)[0].as_py() for name in table.column_names},
        identity=None if model is None else model.identity,
    )
