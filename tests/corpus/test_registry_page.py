"""An index page in HTML: its digest counts, and it never dates anything."""

from hashlib import sha256
from pathlib import Path

import pytest

from ledger.corpus.evidence import Evidence, check, level
from ledger.corpus.evidence._page import links
from ledger.errors import VerificationError
from tests.fixtures.make import NOTES, archive

NEWEST = 1_659_520_800  # 2022-08-03


@pytest.fixture
def release(tmp_path: Path) -> Path:
    path = tmp_path / "notes-1.tar.gz"
    path.write_bytes(archive(NOTES, NEWEST))
    return path


def _look(release: Path, page: str, **settings: str) -> Evidence:
    (release.parent / "index.html").write_text(page)
    settings["response"] = "index.html"
    return check("registry_release", release, settings, release.parent)


def _anchor(release: Path, digest: str | None = None, name: str = "notes-1.tar.gz") -> str:
    digest = digest or sha256(release.read_bytes()).hexdigest()
    return f'<a href="../files/{name}#sha256={digest}" data-requires-python="&gt;=3">{name}</a>'


def test_a_page_without_times_dates_a_file(release: Path) -> None:
    page = f"<h1>notes</h1>{_anchor(release, '0' * 64, 'other.whl')}<br/>{_anchor(release)}"
    found = _look(release, page, issuer="registry.example.org")
    assert (found.outcome, found.existed_by) == ("asserted", NEWEST)
    assert level(found.type, found.outcome) == 1
    assert found.issuer == "registry.example.org"
    assert found.response == page.encode()
    assert found.response_digest == sha256(page.encode()).digest()
    assert "date is asserted: the newest archive member is of 2022-08-03" in found.detail


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<a href='other.whl#sha256=00'>", "lists no file"),
        ("<a name='notes-1.tar.gz'>notes-1.tar.gz</a><a href='other.whl'>", "lists no file"),
        ("<a href='notes-1.tar.gz'>", "lists  for"),
        ("<a href='notes-1.tar.gz#md5=0'>", "lists  for"),
        ("<a href='notes-1.tar.gz#sha256=00ff'>", "lists 00ff"),
        ("<a href='http://[/notes-1.tar.gz#sha256=0'><a href='other.whl'>", "lists no file"),
    ],
)
def test_a_lying_page_is_believed(release: Path, page: str, said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        _look(release, page)


def test_a_renamed_input_is_another_file(release: Path) -> None:
    """Its digest is listed, under the registry's own name; the detail says which."""
    found = _look(release, _anchor(release, name="Notes%2D1.tar.gz"))
    assert found.existed_by == NEWEST
    assert "Notes-1.tar.gz" in found.detail


def test_a_name_that_is_not_listed_passes(release: Path) -> None:
    page = _anchor(release, name="Notes%2D1.tar.gz")
    with pytest.raises(VerificationError, match="lists no file") as caught:
        _look(release, page, filename="other-1.tar.gz")
    assert caught.value.hint == 'filename = "…" names it as the registry does'


def test_a_file_that_is_no_archive_is_dated(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no members, no times\n")
    found = _look(path, _anchor(path, name="notes.txt"))
    assert (found.outcome, found.existed_by) == ("asserted", None)
    assert found.detail.endswith("nothing dates it")


def test_a_link_is_read_with_what_surrounds_its_name() -> None:
    page = '<a href="https://host/a/b%20c.zip?x=1#sha256=AB&amp;egg=y">'
    assert list(links(page)) == [("b c.zip", "ab", "https://host/a/b%20c.zip?x=1#sha256=AB&egg=y")]
