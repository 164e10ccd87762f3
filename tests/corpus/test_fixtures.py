import pytest

from tests.corpus.helpers import FIXTURES
from tests.fixtures.make import make

FOLDERS = [
    "text",
    "jsonl",
    "jsonl_gz",
    "archive",
    "drafts",
    "git",
    "wet",
    "office",
    "csv",
    "messages",
    "zip",
    "mediawiki",
    "mbox",
]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_fixtures_are_what_their_generator_writes(folder, tmp_path):
    make(tmp_path)
    written = {p.relative_to(tmp_path): p for p in (tmp_path / folder).rglob("*") if p.is_file()}
    kept = {p.relative_to(FIXTURES): p for p in (FIXTURES / folder).rglob("*") if p.is_file()}
    assert set(written) == set(kept)
    for name, path in written.items():
        assert path.read_bytes() == kept[name].read_bytes(), name
