"""What building tests stand on."""

from pathlib import Path

import pytest

from tests.manifests.building.corpus import Corpus, make_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_corpus(tmp_path / "corpus")
