"""POST /v1/tags, asked by curl: tags in, receipts out, once each."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.provenance.tags.receipt import parse_receipt
from tests.web.serving import Asked, Served, needs_server, served, serving

__all__ = ["served"]
pytestmark = needs_server
TEXT = "One line of mine.\nOne line of a model's.\nAnd one more of mine.\n"


def digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def post(served: Served, *arguments: str, **members: Any) -> Asked:
    return served.ask("/v1/tags", *arguments, body=json.dumps(members).encode())


def test_a_tag_of_a_text_and_its_receipt(served: Served) -> None:
    asked = post(served, text=TEXT, assistance="mostly", model="example/writer", lines=[[2, 2]])
    assert asked.status == 202, asked
    tag = parse_receipt(asked.body, "receipt")
    assert tag.subject == digest(TEXT)
    assert (tag.body.assistance, tag.body.model) == ("A3", "example/writer")
    assert tag.body.covered_ppm == 23 * 1_000_000 // len(TEXT)
    with served.open() as log:
        entry = log.entry(int(asked.headers["headwater-entry"]))
        assert (entry.kind, entry.subject, entry.actor) == ("authorship", tag.subject, "operator")
        assert entry.claim_id == tag.claim_id
        assert log.vault is not None
        assert log.vault.attachment(bytes.fromhex(entry.body["spans"][7:])) == tag.attachments[0]
    assert TEXT.encode() not in served.ledger.path.read_bytes()


def test_a_tag_by_digest_alone_waits_for_its_document(served: Served) -> None:
    asked = post(served, digest=digest("elsewhere"), assistance="A4", reviewed=True, issued_at=5)
    assert asked.status == 202, asked
    tag = parse_receipt(asked.body, "receipt")
    assert tag.body.plain() == {"assistance": "A4", "issued_at": 5, "reviewed": True}
    again = post(served, digest=digest("elsewhere"), assistance="A4", reviewed=True, issued_at=5)
    assert again.headers["headwater-entry"] == asked.headers["headwater-entry"]


@pytest.mark.parametrize("where", ["header", "body"])
def test_the_same_key_and_body_have_the_same_receipt(served: Served, where: str) -> None:
    def ask(text: str) -> Asked:
        if where == "header":
            return post(served, "-H", "Idempotency-Key: k-1", text=text, assistance="none")
        return post(served, text=text, assistance="none", idempotency_key="k-2")

    first = ask(f"{where}: a text")
    size = served.size
    second = ask(f"{where}: a text")
    assert first.status == second.status == 202
    assert first.body == second.body
    assert first.headers["headwater-entry"] == second.headers["headwater-entry"]
    other = ask(f"{where}: another text")
    assert (other.status, "another request" in other.json["error"]) == (409, True)
    assert served.size == size


def test_a_key_is_remembered_by_the_next_server(tmp_path: Path) -> None:
    members = {"text": "kept", "assistance": "all", "idempotency_key": "k"}
    with serving(tmp_path) as running:
        first = post(running, **members)
    with serving(tmp_path) as running:
        assert post(running, **members).body == first.body
        assert post(running, **members | {"assistance": "none"}).status == 409


def test_a_server_that_died_before_it_recorded_records_the_same_claim(tmp_path: Path) -> None:
    members = {"text": "kept", "assistance": "all", "idempotency_key": "k"}
    dies = (
        "import ledger.web.app as app\ndef no(*_): raise RuntimeError('dies')\napp.record_tags = no"
    )
    with serving(tmp_path, dies) as running:
        size = running.size
        asked = post(running, **members)
        assert (asked.status, asked.json) == (500, {"error": "a fault of the server"})
        assert running.size == size
    assert "RuntimeError: dies" in (tmp_path / "stderr").read_text()
    with serving(tmp_path) as running:
        asked = post(running, **members)
        assert asked.status == 202
        assert running.size == size + 1


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "found no assistance"),
        ({"assistance": "A4"}, "expected either text or digest"),
        ({"assistance": "A4", "text": "a", "digest": "b"}, "expected either text or digest"),
        ({"assistance": "A9", "text": "a"}, "A9, expected one of none"),
        ({"assistance": "human", "text": "a"}, "human, expected one of none"),
        ({"assistance": "A4", "digest": "sha256:AB"}, "64 lower-case hex digits"),
        ({"assistance": "A4", "digest": f"hmac-{digest('a')}"}, "64 lower-case hex digits"),
        ({"assistance": "A4", "digest": digest("a"), "lines": [[1, 1]]}, "a text that is not here"),
        ({"assistance": "A4", "text": "a", "lines": [[1, 1]], "ranges": [[0, 1]]}, "one of them"),
        ({"assistance": "A4", "text": "a", "lines": [[1, 2]]}, "2"),
        ({"assistance": "A4", "text": "abc", "ranges": [[0, 9]]}, "9"),
        ({"assistance": "A4", "text": "abc", "ranges": [[0, 2], [1, 3]]}, "1"),
        ({"assistance": "A4", "text": "é", "ranges": [[0, 1]]}, "1"),
        ({"assistance": "A4", "text": "abc", "ranges": [[0, True]]}, "two whole numbers"),
        ({"assistance": "A4", "text": "abc", "ranges": [[0]]}, "two whole numbers"),
        ({"assistance": "A4", "text": "abc", "ranges": []}, "range"),
        ({"assistance": "A4", "text": "abc", "model": ""}, "model"),
        ({"assistance": "A4", "text": "abc", "model": "a\nb"}, "model"),
        ({"assistance": "A4", "text": "abc", "model": 5}, "expected a text"),
        ({"assistance": "A4", "text": "abc", "issued_at": 1.5}, "expected a whole number"),
        ({"assistance": "A4", "text": "abc", "issued_at": 2**70}, "issued_at"),
        ({"assistance": "A4", "text": "abc", "reviewed": 1}, "expected true or false"),
        ({"assistance": "A4", "text": "abc", "supersedes": "x"}, "supersedes"),
        ({"assistance": "A4", "text": "abc", "evidence": "observed"}, "unknown member evidence"),
        ({"assistance": "A4", "text": "abc", "weight": "weak"}, "unknown member weight"),
        ({"assistance": "A4", "text": "abc", "idempotency_key": ""}, "expected 1 to 255"),
        ({"assistance": "A4", "text": "abc", "idempotency_key": "k" * 256}, "expected 1 to 255"),
        ({"assistance": "A4", "text": None}, "null, expected a text"),
    ],
)  # fmt: skip
def test_400_for_what_is_no_tag(served: Served, members: dict[str, Any], words: str) -> None:
    size = served.size
    asked = post(served, **members)
    assert asked.status == 400, asked
    assert words in asked.json["error"]
    assert served.size == size


def test_two_keys_that_differ(served: Served) -> None:
    members = {"text": "a", "assistance": "A0", "idempotency_key": "b"}
    assert post(served, "-H", "Idempotency-Key: a", **members).status == 400
    twice = ("-H", "Idempotency-Key: a", "-H", "Idempotency-Key: b")
    assert post(served, *twice, text="a", assistance="A0").status == 400


def test_a_key_names_no_file(served: Served) -> None:
    asked = post(served, text="a key", assistance="A0", idempotency_key="../../../outside")
    assert asked.status == 202
    assert not [*served.folder.rglob("outside*")]


def test_a_text_that_differs_by_one_invisible_character_is_another(served: Served) -> None:
    plain, marked = (post(served, text=t, assistance="A0") for t in ("ab", "a\u200bb"))
    subjects = {parse_receipt(asked.body, "r").subject for asked in (plain, marked)}
    assert subjects == {digest("ab"), digest("a\u200bb")}
