"""A calibration's sample as bytes: what was measured of each document, and which it is.

    {"format": FORMAT,
     "human": [{"documents": ["<64 hex digits>", …], "scores_milli": […], "source": "news@2022",
                "words": […]}, …],
     "synthetic": {"documents": […], "scores_milli": […], "words": […]}}

Canonical JSON; sources by name, documents by digest, ascending; scores in thousandths, rounded
down. No text is in it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from ledger.corpus.neardup.side import Digests, distinct
from ledger.errors import InputError, VerificationError
from ledger.log.canonical import encode
from ledger.verdicts.statistics.conformal import Calibration, Sample

__all__ = ["FORMAT", "Part", "SampleFile", "format_sample", "parse_sample"]

FORMAT = "headwater calibration sample v1"

_HEX = re.compile(r"(?:[0-9a-f]{64})*")
_MOST = 2**53


@dataclass(frozen=True, eq=False)
class Part:
    """Documents of one source by digest: uint8[m, 32], int64[m] thousandths, int64[m] words."""

    digests: Digests
    milli: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)

    @property
    def sample(self) -> Sample:
        """As statistics take it."""
        return Sample(self.milli / 1000, self.words)


@dataclass(frozen=True, eq=False)
class SampleFile:
    """Human documents by the name of their source, and AI documents."""

    human: Mapping[str, Part]
    synthetic: Part

    @property
    def calibration(self) -> Calibration:
        """As statistics take it."""
        human = {name: part.sample for name, part in self.human.items()}
        return Calibration(human, self.synthetic.sample)

    @property
    def documents(self) -> Digests:
        """The distinct human documents, sorted."""
        return distinct(np.concatenate([part.digests for part in self.human.values()]))


def format_sample(sample: SampleFile) -> bytes:
    """The bytes of a sample: the same for the same documents, scores and words."""
    human = [
        {"source": name, **_plain(sample.human[name])} for name in sorted(sample.human)
    ]  # fmt: skip
    return encode({"format": FORMAT, "human": human, "synthetic": _plain(sample.synthetic)})


def parse_sample(data: bytes, where: str) -> SampleFile:
    """The sample in `data`. Raises VerificationError naming `where`."""
    try:
        document = orjson.loads(data)
        if document["format"] != FORMAT or encode(document) != data:
            raise ValueError("not of this format")
        names = [str(part["source"]) for part in document["human"]]
        if not names or names != sorted(set(names)):
            raise ValueError("sources are not in order")
        human = {str(part["source"]): _part(part) for part in document["human"]}
        return SampleFile(human, _part(document["synthetic"]))
    except (AttributeError, InputError, KeyError, TypeError, ValueError) as error:
        raise VerificationError(
            f"{where}: not a {FORMAT}: {str(error)[:80] or type(error).__name__}"
        ) from error


def _plain(part: Part) -> dict[str, Any]:
    return {
        "documents": [row.tobytes().hex() for row in part.digests],
        "scores_milli": part.milli.tolist(),
        "words": part.words.tolist(),
    }


def _part(plain: Mapping[str, Any]) -> Part:
    joined = "".join(plain["documents"])
    if _HEX.fullmatch(joined) is None or any(len(text) != 64 for text in plain["documents"]):
        raise ValueError("documents are not digests")
    digests = np.frombuffer(bytes.fromhex(joined), np.uint8).reshape(-1, 32)
    numbers = [plain["scores_milli"], plain["words"]]
    for values in numbers:
        if len(values) != len(digests):
            raise ValueError(f"{len(values)} values of {len(digests)} documents")
        if not all(type(value) is int and abs(value) < _MOST for value in values):
            raise ValueError("values are not whole numbers")
    if not np.array_equal(distinct(digests), digests):
        raise ValueError("documents are not in order")
    milli, words = (np.array(values, np.int64) for values in numbers)
    return Part(digests, milli, words)
