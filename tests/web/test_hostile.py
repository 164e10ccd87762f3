"""What strangers, slow clients and a busy ledger do to the server; and what it says of them."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import (
    BusyError,
    InputError,
    KeyPermissionError,
    MalformedError,
    MissingExtraError,
)
from ledger.log.log import Log
from ledger.web import app as application
from ledger.web import bodies, desk, limits
from ledger.web.app import App
from ledger.web.bodies import Bodies
from ledger.web.desk import Desk
from ledger.web.requests import KEPT_SECONDS, Requests
from ledger.web.server import serve_tags
from ledger.web.strict import _TEXTS, parse_json
from ledger.web.token import Token, load_token
from tests.conftest import Ran
from tests.log.making import Ledger, assert_whole, new_ledger
from tests.web.serving import Served, needs_server, served, serving

__all__ = ["served"]
SECRET = b"a token that nobody guesses"
COMMIT = "ab" * 20
UPLOAD = json.dumps({"entries": [{"commit_sha": COMMIT, "content": "x"}]}).encode()


# --- over the wire


def raw(served: Served, data: bytes, seconds: float = 20.0) -> bytes:
    """Everything that comes back for these bytes until the server closes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=seconds) as connection:
        connection.sendall(data)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


@needs_server
@pytest.mark.parametrize(
    "path",
    [
        "/worker/notes/../../etc/passwd", "/worker/notes/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
        "/v1/tags/../tags", "/v1/TAGS", "/", "/worker/notes/upload/x", "/v1/tags%00", "/%0d%0aX:1",
    ],
)  # fmt: skip
def test_no_other_path_leads_anywhere(served: Served, path: str) -> None:
    asked = served.ask(path)
    assert (asked.status, asked.json) == (404, {"error": "no such route"})


@needs_server
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_no_other_method_does_anything(served: Served, method: str) -> None:
    asked = served.ask("/v1/tags", "-X", method, body=b"{}")
    assert (asked.status, asked.headers["allow"]) == (405, "POST")
    assert "access-control-allow-origin" not in asked.headers


@needs_server
def test_a_header_cannot_be_smuggled(served: Served) -> None:
    head = f"X-API-Key: {served.token}\r\nConnection: close\r\n"
    lengths = "Content-Length: 5\r\nContent-Length: 6\r\n"
    for bad in ("X: a\0b\r\n", lengths, "Content-Length: x\r\n", " X: folded\r\n", "X Y: 1\r\n"):
        answer = raw(served, f"POST /v1/tags HTTP/1.1\r\nHost: a\r\n{head}{bad}\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 400 "), bad
    both = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
    smuggled = f"POST /v1/tags HTTP/1.1\r\nHost: a\r\n{head}{both}\r\n0\r\n\r\nGET /v1/x HTTP/1.1"
    assert raw(served, smuggled.encode()).count(b"HTTP/1.1 ") == 1


@needs_server
def test_a_body_over_the_limit_is_refused_before_it_comes(served: Served) -> None:
    request = (
        f"POST /worker/notes/upload HTTP/1.1\r\nHost: a\r\nX-API-Key: {served.token}\r\n"
        f"Content-Length: {limits.BODY_BYTES + 1}\r\n\r\n"
    )
    answer = raw(served, request.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"expected at most 100,663,296" in answer
    assert b"connection: close" in answer


@needs_server
def test_who_does_not_send_headers_or_a_body_is_shown_the_door(tmp_path: Path) -> None:
    patch = """
import ledger.web.server as server, ledger.web.bodies as bodies
server.HEADER_SECONDS = 0.5
bodies.Bodies.__init__.__defaults__ = (0.5,)
"""
    with serving(tmp_path, patch) as running:
        start = time.monotonic()
        for beginning in (b"", b"GET /worker/notes/ HTTP/1.1\r\nX-Slow"):
            assert raw(running, beginning) == b""
        part = f"POST /v1/tags HTTP/1.1\r\nHost: a\r\nX-API-Key: {running.token}\r\n"
        answer = raw(running, f"{part}Content-Length: 10\r\n\r\n{{".encode())
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - start < 60  # the true limits would take 140
        first = (
            f"GET /worker/notes/?commits=a HTTP/1.1\r\nHost: a\r\nX-API-Key: {running.token}\r\n"
        )
        with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
            connection.sendall(f"{first}\r\n".encode())
            answer = b""
            while not answer.endswith(b'{"notes":{}}'):
                answer += connection.recv(65536) or pytest.fail("closed too early")
            assert answer.startswith(b"HTTP/1.1 404 ")
            connection.sendall(b"GET /slow")  # a second request that never ends
            assert connection.recv(65536) == b""
        assert running.ask("/worker/notes/?commits=a").status == 404


@needs_server
def test_ctrl_c_ends_it_as_it_ends_any_command(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        assert running.ask("/worker/notes/?commits=a").status == 404
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(30) == 130


@needs_server
def test_a_ledger_has_one_server(
    served: Served, headwater: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CONFIG", str(served.ledger.ring.folder))
    ran = headwater("--ledger", served.ledger.location, "serve", "--tags", "--port", "0")
    assert (ran.code, ran.stdout) == (4, "")
    assert "another server serves this ledger" in ran.stderr


@needs_server
def test_many_at_once_lose_nothing(served: Served) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(n: int) -> int:
        body = json.dumps({"text": f"text {n}", "assistance": "A0"}).encode()
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        head = f"POST /v1/tags HTTP/1.1\r\nHost: a\r\nX-API-Key: {served.token}\r\n{length}"
        return int(raw(served, head.encode() + body).split()[1])

    size = served.size
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(one, range(48)))
    assert set(found) <= {202, 503}
    assert served.size == size + found.count(202)
    assert found.count(202) >= 16


# --- the application alone


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    made = new_ledger(tmp_path / "ledger", tmp_path / "config")
    yield made
    assert_whole(made)


Made = Callable[..., App]


@pytest.fixture
def make(ledger: Ledger, tmp_path: Path) -> Iterator[Made]:
    """An application of the ledger; what it reports goes to `heard`."""
    desks: list[Desk] = []

    def made(heard: list[str], **options: Any) -> App:
        desks.append(Desk(ledger.location))
        token = Token("here", False, sha256(SECRET).digest())
        return App(desks[-1], token, Requests(tmp_path / "requests"), heard.append, **options)

    yield made
    for opened in desks:
        opened.close()


def ask(
    app: App, path: str, *parts: bytes, method: str = "POST", never: bool = False, **rest: Any
) -> tuple[int, dict[bytes, bytes], Any]:
    """One request whose body comes in `parts`; `never`: and then nothing more."""
    sent: list[MutableMapping[str, Any]] = []
    left = list(parts)

    async def receive() -> MutableMapping[str, Any]:
        if not left and never:
            await asyncio.sleep(60)
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left) or never}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"",
        "headers": [(b"x-api-key", SECRET)], **rest,
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"])


def test_a_fault_of_ours_tells_a_client_nothing(
    make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    def fault(*_: object) -> None:
        raise RuntimeError("an inner secret")

    app = make(heard)
    monkeypatch.setattr(application, "upload_notes", fault)
    status, _, answer = ask(app, "/worker/notes/upload", UPLOAD)
    assert (status, answer) == (500, {"error": "a fault of the server"})
    assert "an inner secret" in heard[0]


def test_a_ledger_that_another_writes_to_is_busy(
    ledger: Ledger, make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.databases.sqlite.BUSY_SECONDS", 0.05)
    heard: list[str] = []
    app = make(heard)
    holder = sqlite3.connect(ledger.path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        status, headers, answer = ask(app, "/worker/notes/upload", UPLOAD)
        assert (status, headers[b"retry-after"], answer) == (503, b"1", {"error": "busy"})
        assert heard and "BusyError" in heard[0]
        holder.execute("ROLLBACK")
    finally:
        holder.close()
    assert ask(app, "/worker/notes/upload", UPLOAD)[2] == {"success_count": 1, "failure_count": 0}


def test_a_line_that_is_too_long_is_told_so(make: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "JOBS", 0)
    assert ask(make([]), "/worker/notes/upload", UPLOAD)[0] == 503
    monkeypatch.setattr(desk, "JOBS", 1)
    assert ask(make([]), "/worker/notes/upload", UPLOAD)[0] == 200


def test_a_body_that_does_not_end(make: Made) -> None:
    app = make([], bodies=Bodies(0.05))
    status, headers, _ = ask(app, "/v1/tags", b"{", never=True)
    assert (status, headers[b"connection"]) == (408, b"close")


def test_a_body_that_grows_past_the_limit_unannounced(
    make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_BYTES", 100)
    assert ask(make([]), "/v1/tags", b"x" * 60, b"x" * 60)[0] == 413


def test_bodies_share_one_room(make: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODIES_BYTES", 100)
    app = make([])
    assert ask(app, "/v1/tags", b"x" * 101)[0] == 503
    for _ in range(3):  # room is given back, also by a request that was refused
        assert ask(app, "/v1/tags", b"x" * 90)[0] == 400


def test_an_answer_that_is_too_large(make: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make([])
    ask(app, "/worker/notes/upload", UPLOAD)
    query = {"query_string": f"commits={COMMIT}".encode(), "method": "GET"}
    assert ask(app, "/worker/notes/", **query)[0] == 200
    monkeypatch.setattr("ledger.web.notes.MAX_ANSWER", 0)
    status, _, answer = ask(app, "/worker/notes/", **query)
    assert (status, "ask for fewer commits" in answer["error"]) == (413, True)


def test_a_vault_that_withholds_a_note(ledger: Ledger, make: Made) -> None:
    app = make([])
    ask(app, "/worker/notes/upload", UPLOAD)
    vault = sqlite3.connect(ledger.vault)
    vault.execute("DELETE FROM attachment")
    vault.commit()
    vault.close()
    query = {"query_string": f"commits={COMMIT}".encode(), "method": "GET"}
    status, _, answer = ask(app, "/worker/notes/", **query)
    assert (status, answer) == (503, {"error": "the ledger takes no entries now"})


# --- parts


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(values)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    try:
        plain = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert parse_json(plain) == value


@pytest.mark.parametrize(
    "data",
    [b'{"a":1,"a":1}', b'[{"a":1,"\\u0061":2}]', b"\xef\xbb\xbf{}", b"1e999", b"-", b'"\\ud800"',
     b"[" * 5_000 + b"]" * 5_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
     "{}".encode("utf-16")],
)  # fmt: skip
def test_json_that_readers_read_differently_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_json(data)


def test_brackets_are_few_and_texts_are_long() -> None:
    long = json.dumps(['\\"[]{},:' * 200_000]).encode()
    assert parse_json(long) == ['\\"[]{},:' * 200_000]
    with pytest.raises(MalformedError, match="beside its texts"):
        parse_json(b"[" + b"[]," * (1 << 19) + b"[]]")


def test_a_token_is_made_once_and_kept_to_its_owner(own_place: Path) -> None:
    first = load_token()
    assert first.made
    path = Path(first.place)
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text().strip()
    again = load_token()
    assert not again.made
    assert again.admits([text.encode()])
    assert not again.admits([])
    assert not again.admits([text.encode(), b"x"])
    assert text not in repr(again) + str(again)
    path.chmod(0o644)
    with pytest.raises(KeyPermissionError, match="others can read the token"):
        load_token()


@pytest.mark.parametrize("text", ["", "short", "x" * 2_000, "é" * 30, "a b\nc" * 9])
def test_what_is_no_token(own_place: Path, text: str) -> None:
    path = own_place / "token"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InputError, match="not a token") as caught:
        load_token(path)
    assert len(text) < 20 or text not in str(caught.value)
    with pytest.raises(InputError, match="found no token file"):
        load_token(own_place / "none")


def test_a_token_of_the_environment(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_TOKEN", "from-the-environment-1")
    token = load_token()
    assert token.place == "$HEADWATER_TOKEN"
    assert token.admits([b"from-the-environment-1"])


def test_old_keys_are_forgotten(tmp_path: Path) -> None:
    kept = Requests(tmp_path / "kept")
    assert kept.forget() == 0
    kept.keep("a", "r", b"receipt")
    assert kept.answered("a", "r") == b"receipt"
    assert kept.forget() == 0
    old = time.time() - KEPT_SECONDS - 1
    os.utime(tmp_path / "kept" / "a", (old, old))
    assert kept.forget() == 1
    assert kept.answered("a", "r") is None


def test_a_job_sees_one_log_and_its_errors_come_back(ledger: Ledger) -> None:
    opened = Desk(ledger.location)

    def refused(log: Log) -> int:
        raise BusyError(f"{log.size}")

    async def both() -> int:
        with pytest.raises(BusyError, match="2"):
            await opened.read(refused)
        return await opened.write(lambda log: log.size)

    try:
        assert asyncio.run(both()) == 2
    finally:
        opened.close()


# --- the command


def test_others_reach_it_only_if_told_so(
    own_place: Path, headwater: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert headwater("init").code == 0
    ran = headwater("serve", "--tags", "--host", "0.0.0.0")
    assert (ran.code, ran.stdout) == (4, "")
    assert "others can reach this address" in ran.stderr
    assert "--allow-remote" in ran.stderr
    ran = headwater("serve", "--tags", "--host", "example.org")
    assert (ran.code, "not an address" in ran.stderr) == (3, True)
    assert headwater("serve").code == 2
    assert headwater("--ledger", "none.db", "serve", "--tags").code == 3
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = headwater("serve", "--tags", "--port", taken.getsockname()[1])
    assert ran.code == 4
    assert "--port 0" in ran.stderr
    assert headwater("verify").code == 0


def test_without_the_extra(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match="uvicorn"):
        serve_tags("x.db", announce=print, report=print)


def test_a_text_that_does_not_end_is_looked_at_once() -> None:
    """Each of its quotes is escaped: to look for the end behind every one takes hours."""
    for quotes in (3, 1_000_000):
        data = b'{"a":"' + b'\\"' * quotes
        for end in (b"", b"\\"):
            assert _TEXTS.sub(b'""', data + end) == b'{"":""'
        with pytest.raises(MalformedError, match="not JSON"):
            parse_json(data)
