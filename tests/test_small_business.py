"""A small company's wiki, tickets and folder of documents, in one command."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.corpus.texts import text_sources
from ledger.provenance.opening import open_ledger
from tests.conftest import Ran
from tests.fixtures import exports, office
from tests.fixtures.make import NOTES

Command = Callable[..., Ran]


@pytest.fixture
def company() -> list[str]:
    """What lies there: wiki.zip, tickets.csv, and docs/ with a bit of everything."""
    Path("wiki.zip").write_bytes(exports.archive(NOTES))
    Path("tickets.csv").write_text(exports.tickets(), newline="")
    made = office.corpus(NOTES, "")
    for name, data in made.items():
        path = Path("docs", Path(name).name)
        if path.suffix in (".docx", ".pdf", ".md"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    Path("docs/2019/old").mkdir(parents=True)
    Path("docs/2019/old/list.mbox").write_bytes(exports.mailbox())
    Path("docs/2019/chat.jsonl").write_text(exports.talks())
    Path("docs/logo.png").write_bytes(exports.PICTURE)
    Path("docs/settings.xml").write_text("<settings/>")
    return ["wiki.zip", "tickets.csv", "docs/"]


def test_a_company_is_ingested_in_one_command(headwater: Command, company: list[str]) -> None:
    headwater("init")
    one = ("--json", "ingest", *company, "--dataset", "smb@1", "--ai-since", "2023-09")
    done = headwater(*one)
    assert done.code == 0, done.stderr
    found = json.loads(done.stdout)

    assert found["inputs"] == 5  # the zip, the table, the folder, the mailbox, the chats
    assert found["documents"] == found["recorded"] == 5 + 4 + 3 + 3 + 6
    assert found["rejected"] == 0
    assert found["passed"] == {
        "attachments": 1,
        "members ending in .png": 1,
        "messages without text": 1,
    }
    assert found["left_over"] == {".png": 1, ".xml": 1}
    shown = json.loads(headwater("--json", "dataset", "show", "smb@1").stdout)
    assert "2023-09-01" in json.dumps(shown)
    again = json.loads(headwater(*one).stdout)
    assert again["recorded"] == 0
    assert again["left_over"] == found["left_over"]

    assert headwater("certify", "smb@1", "-o", "out").code == 0
    assert headwater("verify").code == 0
    assert headwater("verify", "out").code == 0


def test_what_was_not_read_is_said_to_a_person(headwater: Command, company: list[str]) -> None:
    headwater("init")
    said = headwater("ingest", *company, "--dataset", "smb@1").stdout
    assert "passed over: attachments (1), members ending in .png (1), messages" in said
    assert "not read: .png (1), .xml (1)" in said


def test_short_comments_are_pooled_when_asked(headwater: Command, company: list[str]) -> None:
    headwater("init")
    done = headwater(
        *("--json", "ingest", "tickets.csv", "--dataset", "smb@1"),
        *("--option", "csv.pool=agent-month", "--option", "csv.pool_below=120"),
    )
    assert json.loads(done.stdout)["documents"] == 3

    with open_ledger("headwater.db", write=False) as log:
        (source,) = text_sources(log, "smb@1")
        source.check()
        texts = [text for table in source.tables() for text in table.column("text").to_pylist()]
    assert f"{exports.BODIES[1]}\n\n{exports.BODIES[2]}" in texts


def test_every_text_is_found_again_where_it_was_read(
    headwater: Command, company: list[str]
) -> None:
    headwater("init")
    headwater("ingest", *company, "--dataset", "smb@1")
    with open_ledger("headwater.db", write=False) as log:
        sources = text_sources(log, "smb@1")
        for source in sources:
            source.check()
        rows = {
            (digest.hex(), row, part)
            for source in sources
            for table in source.tables()
            for digest, row, part in zip(
                *(table.column(name).to_pylist() for name in ("sha256", "row", "part")), strict=True
            )
        }
        recorded = {
            (entry.subject.removeprefix("sha256:"), locator["row"], locator["part"])
            for index in range(log.size)
            for entry in [log.entry(index)]
            if entry.kind == "origin"
            for locator in [entry.body["locator"]]
        }
    assert rows == recorded


def test_one_broken_ticket_stops_the_run_and_names_its_line(
    headwater: Command, company: list[str]
) -> None:
    headwater("init")
    broken = exports.tickets().replace('"The shelf is 2""', '"The shelf is 2"')
    Path("tickets.csv").write_text(broken, newline="")
    done = headwater("ingest", *company, "--dataset", "smb@1")
    assert done.code == 3
    assert "tickets.csv:2: more text after a closing quote" in done.stderr
    done = headwater("--json", "ingest", *company, "--dataset", "smb@1", "--rejects", "bad.jsonl")
    assert json.loads(done.stdout)["recorded"] == 20
    assert Path("bad.jsonl").read_text().count("\n") == json.loads(done.stdout)["rejected"]
