"""git-ai's notes backend, asked by curl as its contract says."""

import json
from hashlib import sha1, sha256
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.log.record import live
from ledger.provenance.notes import commit_subject, note_commits
from tests.web.serving import Served, needs_server, served, serving

__all__ = ["served"]
pytestmark = needs_server

NOTE = """docs/a text.md
  s_0123456789abcd::t_0123456789abcd 1-10,15
---
{ "schema_version": "authorship/3.0.0", "base_commit_sha": "%s", "prompts": {} }
"""


def commit(name: object) -> str:
    return sha1(str(name).encode()).hexdigest()


def upload(served: Served, *pairs: tuple[str, str], path: str = "/worker/notes/upload") -> object:
    entries = [{"commit_sha": name, "content": content} for name, content in pairs]
    asked = served.ask(path, body=json.dumps({"entries": entries}).encode())
    assert asked.status == 200, asked
    return asked.json


def counts(good: int, bad: int = 0) -> dict[str, int]:
    return {"success_count": good, "failure_count": bad}


def notes(served: Served, *commits: str, path: str = "/worker/notes/") -> object:
    return served.ask(f"{path}?commits={','.join(commits)}").json["notes"]


def test_a_hundred_commits_there_and_back_and_the_same_again(served: Served) -> None:
    pairs = {commit(n): NOTE % commit(n) + f"é \u202e \x00 {n}" for n in range(100)}
    assert upload(served, *pairs.items()) == counts(100)
    assert notes(served, *pairs) == pairs
    size = served.size
    assert upload(served, *pairs.items()) == counts(100)
    assert served.size == size
    assert notes(served, *reversed(pairs), commit("nobody's")) == pairs
    with served.open() as log:
        assert set(pairs) <= set(note_commits(log))


def test_the_newest_is_served_and_all_are_kept(served: Served) -> None:
    name = commit("amended")
    for text in ("one", "two", "one"):
        assert upload(served, (name, text)) == counts(1)
        assert notes(served, name) == {name: text}
    assert upload(served, (name, "three"), (name, "four")) == counts(2)
    assert notes(served, name) == {name: "four"}
    with served.open() as log:
        entries = [log.entry(index) for index in log.find(commit_subject(name))]
        assert len(live(list(enumerate(entries)))) == 5
        for before, after in pairwise(entries):
            assert after.body["supersedes"] == before.claim_id
        assert log.vault is not None
        kept = [log.vault.attachment(bytes.fromhex(e.body["note"][7:])) for e in entries]
    assert kept == [b"one", b"two", b"one", b"three", b"four"]


def test_no_note_is_404_with_an_empty_object(served: Served) -> None:
    for query in (commit("none"), "", "not-a-commit", f"{commit(1)[:39]},,"):
        asked = served.ask(f"/worker/notes/?commits={query or ','}")
        assert (asked.status, asked.json) == (404, {"notes": {}})


def test_a_slash_at_the_end_is_optional(served: Served) -> None:
    name = commit("slash")
    assert upload(served, (name, "x"), path="/worker/notes/upload/") == counts(1)
    assert notes(served, name, path="/worker/notes") == {name: "x"}
    assert notes(served, name, path="/worker/notes/") == {name: "x"}
    assert served.ask(f"/worker/notes//?commits={name}").status == 404


def test_a_commits_name_is_compared_as_it_was_given(served: Served) -> None:
    lower, upper, long = commit("case"), commit("case").upper(), sha256(b"case").hexdigest()
    assert upload(served, (lower, "a"), (upper, "b"), (long, "c")) == counts(3)
    assert notes(served, upper, lower, long) == {lower: "a", upper: "b", long: "c"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["-H", "X-API-Key: wrong"],
        ["-H", "X-API-Key;"],
        ["-H", "Authorization: Bearer wrong"],
        ["-H", "Authorization: Basic {token}"],
        ["-H", "X-API-Key: {token}", "-H", "Authorization: Bearer wrong"],
        ["-H", "X-API-Key: {token}x"],
        ["-u", "me:{token}"],
        [],
    ],
)
@pytest.mark.parametrize(
    "path", ["/worker/notes/?commits=a", "/worker/notes/upload", "/v1/tags", "/x"]
)
def test_401_without_the_token(served: Served, arguments: list[str], path: str) -> None:
    said = [word.replace("{token}", served.token) for word in arguments]
    size = served.size
    asked = served.ask(path, *said, token=None, body=b'{"entries": []}')
    assert asked.status == 401
    assert asked.headers["www-authenticate"] == "Bearer"
    assert served.size == size


def test_either_header_shows_the_token(served: Served) -> None:
    for header in (
        f"Authorization: Bearer {served.token}",
        f"authorization: bearer {served.token}",
    ):
        asked = served.ask("/worker/notes/?commits=a", "-H", header, token=None)
        assert asked.status == 404


def test_a_note_of_eight_megabytes_in_a_body_of_sixty_four(served: Served, tmp_path: Path) -> None:
    text = {commit(f"large {n}"): f"{n} é\n" * ((8 << 20) // 5 + 1 + n) for n in range(8)}
    assert all(len(content.encode()) >= 8 << 20 for content in text.values())
    entries = [{"commit_sha": name, "content": content} for name, content in text.items()]
    body = tmp_path / "body"
    body.write_text(json.dumps({"entries": entries}, ensure_ascii=False))
    assert body.stat().st_size >= 64 << 20
    asked = served.ask("/worker/notes/upload", body=body)
    assert (asked.status, asked.json) == (200, counts(8))
    found = served.ask(f"/worker/notes/?commits={','.join(text)}").json["notes"]
    assert found == text


def test_what_cannot_be_kept_is_counted_and_the_rest_is_kept(served: Served) -> None:
    name, huge = commit("kept"), "x" * ((16 << 20) + 1)
    assert upload(served, ("HEAD", "x"), (name, "kept"), (commit("huge"), huge)) == counts(1, 2)
    assert notes(served, name, commit("huge")) == {name: "kept"}
    asked = served.ask(
        "/worker/notes/upload", body=b'{"entries": [{"commit_sha": "HEAD", "content": ""}]}'
    )
    assert asked.status == 400
    assert asked.json["error"].startswith("entries[0]: commit HEAD: expected 40 or 64")


DEEP = b'{"entries": ' + b"[" * 900 + b"]" * 900 + b"}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"nonsense", "not JSON"),
        (b'{"entries": NaN}', "not JSON"),
        (b'{"entries": [{"commit_sha": "\xff", "content": ""}]}', "not JSON"),
        (b'{"entries": [{"commit_sha": "\\ud800", "content": ""}]}', "not JSON"),
        (b'{"entries": [], "entries": []}', "entries stands twice"),
        (b'{"entries": [{"content": "a", "commit_sha": "b", "content": "c"}]}', "stands twice"),
        (b"[]", "a list, expected an object"),
        (b"null", "null, expected an object"),
        (b"{}", "found no entries"),
        (b'{"Entries": []}', "unknown member Entries"),
        (b'{"entries": {}}', "entries: an object, expected a list"),
        (b'{"entries": [1]}', "entries[0]: a whole number, expected an object"),
        (b'{"entries": [{"commit_sha": 1, "content": ""}]}', "expected a text"),
        (b'{"entries": [{"commit_sha": "a", "content": "", "x": 1}]}', "unknown member x"),
        (b'{"entries": [{"commitSha": "a", "content": ""}]}', "unknown member commitSha"),
        (DEEP, "expected an object"),
        (b"[" * 100_000, "not JSON"),
        (b"[" + b"[]," * 700_000 + b"[]]", "bytes beside its texts"),
        (b'{"entries": [' + b"{}," * 10_000 + b"{}]}", "10,001 of them, expected at most 10,000"),
    ],
)  # fmt: skip
def test_400_for_what_stays_wrong(served: Served, body: bytes, words: str) -> None:
    size = served.size
    asked = served.ask("/worker/notes/upload", body=body)
    assert asked.status == 400, asked
    assert words in asked.json["error"]
    assert served.size == size


@pytest.mark.parametrize(
    "query", ["", "?", "?commits", "?commit=a", "?commits=a&commits=b", "?commits=a&x=b"]
)
def test_400_for_another_query(served: Served, query: str) -> None:
    assert served.ask(f"/worker/notes/{query}").status == 400


def test_a_query_of_too_many_commits(served: Served) -> None:
    short = ",".join(f"{n:x}" for n in range(1_001))
    asked = served.ask(f"/worker/notes/?commits={short}")
    assert (asked.status, "expected at most 1,000" in asked.json["error"]) == (400, True)
    longest = ",".join(sha256(b"%d" % n).hexdigest() for n in range(1_000))
    assert served.ask(f"/worker/notes/?commits={longest}").status == 404


def test_what_was_uploaded_is_there_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        assert upload(running, (commit(1), "kept")) == counts(1)
        token = running.token
    with serving(tmp_path) as running:
        assert running.token == token
        assert notes(running, commit(1)) == {commit(1): "kept"}
