"""From a ledger to a trainer: what `build` writes is what the loader reads."""

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from ledger import open_manifest
from ledger.errors import DocumentMismatchError, RefusedError
from ledger.manifests.layout import texts_name
from tests.manifests.building.corpus import Corpus, make_corpus

MIXES = {
    "once": """
budget = 50
datasets = ["diary@1", "wiki@1", "model@1"]
strata = ["label", "dataset", "topic", "language"]
""",
    "twice": """
budget = 95
repeat = 3
datasets = ["diary@1", "wiki@1"]
strata = ["dataset", "language"]
[[share]]
where = { dataset = "wiki@1", language = "en" }
share = "1/3"
[[share]]
where = {}
share = "2/3"
""",
}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_corpus(tmp_path / "corpus", files=2)


@pytest.mark.parametrize("name", MIXES)
def test_a_built_manifest_is_not_what_was_asked_for(
    corpus: Corpus, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "m"
    built = corpus.build(MIXES[name], out)
    opened = open_manifest(out, trusted_keys=corpus.ring.folder, require_stage="pretrain")
    assert opened.statement == built.statement
    opened.verify()
    documents = list(opened)
    strata = json.loads((out / "strata.json").read_text())["strata"]
    for document in documents:
        assert corpus.texts[document.sha256.removeprefix("sha256:")] == document.text
        assert sha256(document.text.encode()).hexdigest() in document.sha256
    given = Counter(document.stratum for document in documents)
    assert given == {n: one["given"] for n, one in enumerate(strata) if one["given"]}
    assert list(opened.strata) == strata
    assert len(documents) == opened.statement.documents
    again = open_manifest(out, trusted_keys=corpus.ring.folder)
    assert [d for batch in again.read(16) for d in batch.sha256] == [d.sha256 for d in documents]


def test_a_changed_byte_of_a_built_manifest_is_read(corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "m"
    corpus.build(MIXES["once"], out)
    path = out / texts_name(0)
    data = path.read_bytes()
    path.write_bytes(data.replace(b" page ", b" rage ", 1))
    opened = open_manifest(out, trusted_keys=corpus.ring.folder)
    with pytest.raises(DocumentMismatchError, match=r"part-00000\.arrow: row \d+: text has"):
        list(opened)


def test_a_document_taken_down_since_is_read(corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "m"
    corpus.build(MIXES["once"], out)
    gone = open_manifest(out, trusted_keys=corpus.ring.folder)[3].sha256
    with pytest.raises(RefusedError, match=gone):
        open_manifest(out, trusted_keys=corpus.ring.folder, taken_down=[gone])
