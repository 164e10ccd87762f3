"""What `datasets` reads: rows in the manifest's order."""

import pytest

from ledger.errors import InputError
from tests.manifests.making import Made, make_manifest

datasets = pytest.importorskip("datasets", reason="datasets is of extra [hf]")
pytestmark = pytest.mark.filterwarnings("default")  # the library's own


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("manifest") / "m"
    texts = [f"{n} text" for n in range(50)]
    return make_manifest(folder, texts, stratum=[n % 2 for n in range(50)], files=2)


def test_rows_are_not_those_of_the_manifest(made: Made) -> None:
    opened = made.open()
    rows = list(opened.hf())
    assert rows == [document._asdict() for document in opened]
    assert list(opened.hf(start=20)) == rows[20:]
    assert list(opened.hf(epoch=1)) != rows


def test_ranks_share_rows(made: Made) -> None:
    opened = made.open()
    parts = [[row["sha256"] for row in opened.hf(rank=rank, world=2)] for rank in range(2)]
    whole = [document.sha256 for document in opened]
    assert [parts[0], parts[1]] == [whole[::2], whole[1::2]]
    with pytest.raises(InputError):
        opened.hf(rank=2, world=2)
