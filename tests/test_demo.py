"""The demo: from an index that answers, answers badly, or not at all."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ledger.corpus.releases import Release
from ledger.demo import MARKER, run_demo
from ledger.demo.written import PLANTED
from ledger.errors import InputError, VerificationError
from tests.fixtures.make import archive

_VARIED = "".join(  # so that a model which learnt it has choices, and a mark something to be in
    sha256(b"%d" % n).hexdigest()[: 3 + n % 5].translate(str.maketrans("0123456789", "ghijklmnop"))
    + (". " if n % 11 == 0 else " ")
    for n in range(4_000)
)
SAME = {f"old/{n}.txt": f"page {n} stayed as it was in the older book\n" for n in range(3)}
OLD = {
    **SAME,
    "gone.txt": f"a page that was taken out\n{_VARIED}\n",
    "logo.svg": "not among docs/**/*.txt\n",
}
NEW = {**SAME, "new.txt": "a page that was put in\n"}
DRAFTS = 12  # half of them with a watermark
UPLOADED = "2022-08-03T10:00:00.5Z"


class Index:
    """A package index on this machine. What a test changes in it is what it answers."""

    def __init__(self) -> None:
        self.files = {
            "notes-1.tar.gz": archive(OLD, 1_659_520_800),
            "notes-2.tar.gz": archive(NEW, 1_743_598_707),
        }
        self.releases = tuple(
            Release("notes", version, name, sha256(data).hexdigest())
            for version, (name, data) in zip("12", self.files.items(), strict=True)
        )
        self.html = False
        self.uploaded: str | None = UPLOADED
        self.asked: list[str] = []

    def page(self) -> tuple[str, bytes]:
        if self.html:
            anchors = [
                f'<a href="../../files/{r.file}#sha256={r.sha256}">{r.file}</a>'
                for r in self.releases
            ]
            return "text/html", f"<!DOCTYPE html><body>{''.join(anchors)}</body>".encode()
        files = []
        for release in self.releases:
            entry: dict[str, Any] = {
                "filename": release.file,
                "url": f"/files/{release.file}",
                "hashes": {"sha256": release.sha256},
            }
            if self.uploaded is not None:
                entry["upload-time"] = self.uploaded
            files.append(entry)
        answer = {"meta": {"api-version": "1.1"}, "name": "notes", "files": files}
        return "application/vnd.pypi.simple.v1+json", json.dumps(answer).encode()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index that pip, and nothing else of this machine's set-up, asks."""
    served = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            name = self.path.rpartition("/")[2]
            if self.path == "/simple/notes/":
                kind, data = served.page()
            elif self.path.startswith("/files/") and name in served.files:
                kind, data = "application/gzip", served.files[name]
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def _levels(demo: Any) -> list[tuple[int, str, int]]:
    rows = demo.sealed.statement.totals["levels"]
    return [(row["level"], row["standing"], row["documents"]) for row in rows]


def _rows(demo: Any) -> list[tuple[str, str, int]]:
    return [(row.label, row.basis, row.documents) for row in demo.labels]


def test_a_fetched_corpus_is_not_dated_by_its_index(index: Index, tmp_path: Path) -> None:
    demo = run_demo(tmp_path / "demo", releases=index.releases)
    assert demo.instead is None
    assert [s.summary.documents for s in (demo.first, demo.second)] == [4, 4 + DRAFTS + PLANTED]
    assert (demo.overlap.counts.exact, demo.overlap.counts.near_80) == (3, 3)
    assert [(e.outcome, e.level) for e in demo.evidence] == [("checked", 3), ("checked", 3)]
    # both archives say the same upload time here, so every document is older than the cut-off
    assert _rows(demo) == [
        ("synthetic_known", "marked", DRAFTS // 2),
        ("human_unverified", "predates", 4),
        ("human_unverified", "none", DRAFTS // 2 + PLANTED),
    ]
    assert demo.certificate.level == 3
    assert demo.selected.built is not None and demo.selected.audited > 0
    assert demo.selected.stopped is not None and "text has digest" in demo.selected.stopped
    assert demo.share.audited is None and demo.share.truth is None
    assert demo.share.why_not is not None and "found 0 human documents" in demo.share.why_not
    assert demo.verified.size == demo.issued.index + 1
    assert _levels(demo) == [(3, "checked", 4)]
    assert (demo.reserve.level, demo.reserve.statement.rule["before"]) == (4, "2022-11-30")
    reserves = demo.issued.statement.composition["reserves"]
    assert reserves["in_any"]["documents"] == 3
    (compared,) = demo.issued.statement.composition["overlaps"]["rows"]
    assert (compared["against"], compared["exact"]) == ("notes-docs@1", 3)


def test_a_document_is_dated_by_the_wrong_archive(index: Index, tmp_path: Path) -> None:
    """Only what the older release shares is older than the cut-off."""
    answer = json.loads(index.page()[1])
    answer["files"][1]["upload-time"] = "2025-04-02T12:00:00Z"
    index.page = lambda: ("application/json", json.dumps(answer).encode())  # type: ignore[method-assign]
    demo = run_demo(tmp_path / "demo", releases=index.releases)
    assert _rows(demo) == [
        ("synthetic_known", "marked", DRAFTS // 2),
        ("human_unverified", "predates", 3),
        ("human_unverified", "none", 1 + DRAFTS // 2 + PLANTED),
    ]


@pytest.mark.parametrize("html", [False, True])
def test_an_index_without_times_dates_a_corpus(index: Index, tmp_path: Path, html: bool) -> None:
    index.html, index.uploaded = html, None
    demo = run_demo(tmp_path / "demo", releases=index.releases)
    assert demo.instead is None
    assert [(e.outcome, e.level) for e in demo.evidence] == [("asserted", 1), ("asserted", 1)]
    assert all("date is asserted" in e.detail for e in demo.evidence)
    assert _levels(demo) == [(1, "asserted", 4)]
    assert demo.sealed.statement.rule["allow_asserted"] is True
    assert "4 of its 4 documents have only asserted dates" in demo.sealed.statement.limits[1]
    assert _rows(demo) == [
        ("synthetic_known", "marked", DRAFTS // 2),
        ("human_unverified", "none", 4 + DRAFTS // 2 + PLANTED),
    ]
    assert demo.mark.exact and len(demo.mark.caught) == DRAFTS // 2


def test_a_second_run_asks_again_or_fails(index: Index, tmp_path: Path) -> None:
    first = run_demo(tmp_path / "demo", releases=index.releases)
    asked = len(index.asked)
    second = run_demo(tmp_path / "demo", releases=index.releases)
    assert len(index.asked) == asked
    assert second.certificate.level == 3
    assert second.issued.statement.content_root == first.issued.statement.content_root
    made = [dict(run.issued.statement.composition) for run in (first, second)]
    assert [composition.pop("reserves")["in_any"]["documents"] for composition in made] == [3, 3]
    found = [composition.pop("watermarks")["rows"][0] for composition in made]
    assert [row["outcomes"] for row in found] == [{"below_alpha": 10 + PLANTED, "detected": 6}] * 2
    assert made[0] == made[1]
    assert second.sealed.statement.sums == first.sealed.statement.sums  # content/ is the same
    assert second.sealed.statement_digest != first.sealed.statement_digest  # keys and log are not


def test_an_archive_has_other_bytes_than_the_pinned(index: Index, tmp_path: Path) -> None:
    index.files["notes-2.tar.gz"] += b"\0"
    with pytest.raises(VerificationError, match=r"notes-2\.tar\.gz\.part: SHA-256 .* expected"):
        run_demo(tmp_path / "demo", releases=index.releases)
    assert not list((tmp_path / "demo" / "downloads").glob("*.gz"))


def test_a_kept_archive_was_changed(index: Index, tmp_path: Path) -> None:
    run_demo(tmp_path / "demo", releases=index.releases)
    with (tmp_path / "demo" / "downloads" / "notes-1.tar.gz").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(VerificationError, match=r"notes-1\.tar\.gz: SHA-256"):
        run_demo(tmp_path / "demo", releases=index.releases)


@pytest.mark.parametrize("html", [False, True])
def test_a_kept_index_page_lies(index: Index, tmp_path: Path, html: bool) -> None:
    index.html = html
    run_demo(tmp_path / "demo", releases=index.releases)
    page = tmp_path / "demo" / "downloads" / ("index.html" if html else "index.json")
    page.write_text(page.read_text().replace(index.releases[0].sha256, "0" * 64))
    with pytest.raises(VerificationError, match="lists 0000"):
        run_demo(tmp_path / "demo", releases=index.releases)


def test_an_index_that_lists_another_digest_is_believed(index: Index, tmp_path: Path) -> None:
    wanted = (index.releases[0]._replace(sha256="0" * 64), index.releases[1])
    demo = run_demo(tmp_path / "demo", releases=wanted)
    assert demo.instead == "the package index does not list notes as pinned here"
    assert not any("/files/" in path for path in index.asked)


def test_an_answer_that_is_no_index_stops_the_demo(index: Index, tmp_path: Path) -> None:
    index.page = lambda: ("application/json", b"[1, 2")  # type: ignore[method-assign]
    demo = run_demo(tmp_path / "demo", releases=index.releases)
    assert demo.instead is not None and "cannot be read" in demo.instead


def test_no_index_stops_the_demo(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for _ in range(2):
        demo = run_demo(tmp_path / "demo", releases=index.releases)
        assert demo.instead == "pip is set up without a package index"
        assert index.asked == []
        assert demo.first.summary.dataset == "installed-licences@1"
        assert demo.first.summary.documents > 0 and demo.second.summary.documents > 0
        assert demo.certificate.level == 3
        assert [row.basis for row in demo.labels] == ["marked", "none"]
        assert demo.mark.exact
        assert _levels(demo)[0][:2] == (1, "asserted")
        today = datetime.now(UTC).date()
        assert demo.sealed.statement.rule["before"] > today.isoformat()


def test_the_demo_replaces_what_it_did_not_make(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "ledger.db").write_text("somebody's work")
    with pytest.raises(InputError, match="found other files, expected an empty folder"):
        run_demo(folder)
    assert [path.name for path in folder.iterdir()] == ["ledger.db"]
    assert (folder / "ledger.db").read_text() == "somebody's work"


def test_the_demo_touches_the_users_keys(
    index: Index, tmp_path: Path, headwater: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    ran = headwater("demo")
    assert ran.code == 0, ran.stderr
    assert "text that was already on this machine" in ran.stdout
    assert not (tmp_path / "config").exists()
    assert (tmp_path / "here" / "headwater-demo" / MARKER).exists()
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["headwater-demo"]


def test_the_demo_is_no_json(
    index: Index, headwater: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    ran = headwater("--json", "-q", "demo", "-o", "there")
    assert (ran.code, ran.stderr) == (0, "")
    found = json.loads(ran.stdout)
    assert found["downloaded"] is False
    assert found["certificate"]["level"] == 3
    assert sum(row["documents"] for row in found["labels"]) == found["datasets"][1]["documents"]
