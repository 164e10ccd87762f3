from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ledger.corpus.hashing import hash_texts
from ledger.engines import content_root, run
from ledger.errors import DocumentMismatchError
from ledger.provenance.overlap import Reference
from ledger.verdicts.core.model import Model
from ledger.verdicts.scanning.gather import Scored, gather_scores
from ledger.verdicts.scanning.mapping import RESULTS, classifying, milli
from ledger.verdicts.text.prose import Why
from tests.verdicts.scanning.making import draw, fake_model, text
from tests.watermarks.scanning.making import Texts

ODD = [
    "",
    "word",
    "12345 " * 400,
    "\x00\x07\x1b[31m" * 500,
    "for (int i = 0; i < n; i++) { a[i] = b[i] ^ 0xff; }\n" * 80,
    "Ceci est une phrase en français qui ne parle de rien et qui se répète encore. " * 40,
    "Ã©tÃ© Ã  la plage â€œavecâ€\x9d des caractÃ¨res brisÃ©s " * 60,
    "\U0001f600" * 3000,
    "\u202e\u200b\ufeff" * 3000,
    "the " * 1_000_000,
]


def table(texts: list[str]) -> pa.Table:
    column = pa.array(texts, pa.large_string())
    return pa.table({"sha256": hash_texts(column)[0], "text": column})


def test_rows_are_lost_or_swapped(detector: Model) -> None:
    texts = [*draw(5, 1.0), "too short", text(-2.5, 77, 300)]
    found = classifying(detector).apply(table(texts))
    assert found.schema.equals(RESULTS)
    assert found.column("score_milli").to_pylist()[5] is None
    assert found.column("score_milli").to_pylist()[6] == -2500
    assert found.column("words").to_pylist() == [160] * 5 + [2, 300]
    assert found.column("why").to_pylist() == [0] * 5 + [int(Why.TOO_SHORT), 0]


def test_bad_text_is_a_traceback(detector: Model) -> None:
    """Every text has a stated outcome."""
    found = classifying(detector).apply(table(ODD))
    whys = [Why(why) for why in found.column("why").to_pylist()]
    assert whys[:2] == [Why.TOO_SHORT] * 2 and whys[2:5] == [Why.NOT_PROSE] * 3
    assert whys[5] == Why.NOT_ENGLISH and Why.OK not in whys[6:9]
    assert [score is None for score in found.column("score_milli").to_pylist()] == [
        why != Why.OK for why in whys
    ]


def test_the_result_depends_on_tables_order_or_workers(own_place: Path, detector: Model) -> None:
    texts = tuple([*draw(40, 0.0), *ODD[:6], *draw(3, 0.0)])
    roots, gathered = set(), []
    for number, (order, rows) in enumerate([(texts, 1000), (texts[::-1], 7), (texts, 1)]):
        source, folder = Texts(order, rows), Path(f"s{number}")
        roots.add(content_root(run(classifying(detector), [source], folder, workers=1)))
        reference = Reference("x@1", b"", len(set(texts)), (source,))
        gathered.append(gather_scores(reference, detector, folder, workers=1))
    assert len(roots) == 1 and {scored.root for scored in gathered} == roots
    first = gathered[0]
    assert len(first) == 46 and np.array_equal(first.digests, gathered[1].digests)
    assert first.reasons() == gathered[2].reasons()
    assert sum(first.reasons().values()) == int((~first.measurable).sum()) == 6


def test_documents_of_others_are_counted(own_place: Path, detector: Model) -> None:
    texts = draw(9, 0.0)
    every = Reference("x@1", b"", 9, (Texts(tuple(texts)),))
    whole = gather_scores(every, detector, Path("s"), workers=1)
    few = whole.digests[2:5]
    some = Reference("x@1", b"", 3, every.sources, few.tobytes())
    assert np.array_equal(gather_scores(some, detector, Path("s"), workers=1).digests, few)
    with pytest.raises(DocumentMismatchError, match="9 documents found in its inputs, expected 8"):
        gather_scores(Reference("x@1", b"", 8, every.sources), detector, Path("s"), workers=1)
    none = Reference("x@1", b"", 0, ())
    assert len(gather_scores(none, detector, Path("s"), workers=1)) == 0


def test_weights_are_no_parameter(detector: Model) -> None:
    other = fake_model(1)
    assert classifying(detector).digest != classifying(other).digest
    assert classifying(detector).digest == classifying(fake_model(0)).digest


def test_a_score_is_rounded_up() -> None:
    scores = np.array([0.0, 0.0019999, -0.0001, 1.9999, 1e300, -1e300])
    assert milli(scores).tolist() == [0, 1, -1, 1999, 2**31 - 1, -(2**31) + 1]


def test_no_document_is_a_traceback() -> None:
    none = np.zeros(0, np.int64)
    empty = Scored(np.zeros((0, 32), np.uint8), none, none.astype(np.int8), none)
    assert empty.reasons() == {} and len(empty.root) == 32
