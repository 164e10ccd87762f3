"""The ASGI application: who asks, which route, what is answered. No third-party package.

Every answer is JSON; every error {"error": words}. What a client sent is never echoed but made
printable, and where the fault is ours it learns no more than that.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import orjson

from ledger.errors import (
    BusyError,
    InputError,
    LedgerError,
    RefusedError,
    VerificationError,
    printable,
)
from ledger.log.log import Log
from ledger.provenance.notes import upload_notes
from ledger.provenance.tags.drain import record_tags
from ledger.provenance.tags.receipt import format_receipt, parse_receipt
from ledger.web.bodies import Bodies, Message, Receive, SlowError, TooLargeError
from ledger.web.desk import Desk
from ledger.web.limits import ANSWER_SECONDS
from ledger.web.notes import TooMuchError, parse_commits, parse_upload, read_notes
from ledger.web.requests import ConflictError, Requests
from ledger.web.tags import parse_tag
from ledger.web.token import Token

__all__ = ["App", "Report"]

Report = Callable[[str], None]
Send = Callable[[Message], Awaitable[None]]
Scope = Mapping[str, Any]

_STATUS: tuple[tuple[type[LedgerError], HTTPStatus], ...] = (
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (TooMuchError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (SlowError, HTTPStatus.REQUEST_TIMEOUT),
    (ConflictError, HTTPStatus.CONFLICT),
    (InputError, HTTPStatus.BAD_REQUEST),
    (BusyError, HTTPStatus.SERVICE_UNAVAILABLE),
    (RefusedError, HTTPStatus.SERVICE_UNAVAILABLE),
    (VerificationError, HTTPStatus.INTERNAL_SERVER_ERROR),
)
_ROUTES = {
    "/v1/tags": "POST",
    "/worker/notes": "GET",
    "/worker/notes/upload": "POST",
}


@dataclass(frozen=True)
class Answer:
    """A status and its JSON bytes. `close`: the connection is not used again."""

    status: HTTPStatus
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    close: bool = False


class App:
    """Serves one ledger to whoever shows the token."""

    def __init__(
        self,
        desk: Desk,
        token: Token,
        requests: Requests,
        report: Report,
        bodies: Bodies | None = None,
    ) -> None:
        """`report` hears of what is the operator's business, one printable line at a time."""
        self._desk, self._token, self._requests = desk, token, requests
        self._report, self._bodies = report, bodies or Bodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except LedgerError as error:
            answer = self._refusal(error)
        except Exception:
            self._report(traceback.format_exc())
            answer = _error(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of the server", close=True)
        try:
            await asyncio.wait_for(_send(send, answer, scope["method"]), ANSWER_SECONDS)
        except TimeoutError:
            self._report("a client did not take its answer")
            raise

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = scope["headers"]
        if not self._token.admits(_shown(headers)):
            return _error(
                HTTPStatus.UNAUTHORIZED,
                "found no token of this server, expected it in X-API-Key or Authorization: Bearer",
                ((b"www-authenticate", b"Bearer"),),
                close=True,
            )
        path = scope["path"].removesuffix("/")
        method = _ROUTES.get(path)
        if method is None:
            return _error(HTTPStatus.NOT_FOUND, "no such route", close=True)
        if scope["method"] != method:
            allow = ((b"allow", method.encode()),)
            return _error(HTTPStatus.METHOD_NOT_ALLOWED, f"expected {method}", allow, close=True)
        if path == "/worker/notes":
            return await self._notes(scope["query_string"])
        with self._bodies.held() as room:
            body = await room.read(receive, _length(headers))
            if path == "/worker/notes/upload":
                return await self._upload(body)
            return await self._tag(body, headers)

    async def _notes(self, query: bytes) -> Answer:
        commits = parse_commits(query)
        notes = await self._desk.read(lambda log: read_notes(log, commits))
        status = HTTPStatus.OK if notes else HTTPStatus.NOT_FOUND
        return Answer(status, await asyncio.to_thread(orjson.dumps, {"notes": notes}))

    async def _upload(self, body: bytes) -> Answer:
        pairs = await asyncio.to_thread(parse_upload, body)
        done = await self._desk.write(lambda log: upload_notes(log, pairs))
        for reason in done.refused[:20]:
            self._report(f"a note is refused: {printable(reason)}")
        if done.refused and not done.accepted:
            raise InputError(done.refused[0])
        counts = {"success_count": done.accepted, "failure_count": len(done.refused)}
        return Answer(HTTPStatus.OK, orjson.dumps(counts))

    async def _tag(self, body: bytes, headers: "_Headers") -> Answer:
        keys = [value for name, value in headers if name == b"idempotency-key"]
        if len(keys) > 1:
            raise InputError("two idempotency keys, expected one")
        header = keys[0].decode("latin-1") if keys else None
        tag, key = await asyncio.to_thread(parse_tag, body, header)
        request = sha256(body).hexdigest()

        def record(log: Log) -> tuple[bytes, int]:
            kept = None if key is None else self._requests.answered(key, request)
            receipt = format_receipt(tag) if kept is None else kept
            if key is not None and kept is None:
                self._requests.keep(key, request, receipt)
            (stands,) = record_tags(log, [parse_receipt(receipt, "receipt")])
            return receipt, stands.index

        receipt, index = await self._desk.write(record)
        place = ((b"headwater-entry", b"%d" % index),)
        return Answer(HTTPStatus.ACCEPTED, receipt, place)

    def _refusal(self, error: LedgerError) -> Answer:
        status = next(
            (status for kind, status in _STATUS if isinstance(error, kind)),
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        retry = ((b"retry-after", b"1"),) if status == HTTPStatus.SERVICE_UNAVAILABLE else ()
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._report(f"{type(error).__name__}: {printable(error, 400)}")
            words = "busy" if isinstance(error, BusyError) else "the ledger takes no entries now"
            return _error(status, words, retry, close=True)
        words = f"{error}" if error.hint is None else f"{error}; {error.hint}"
        # part of a body that nobody reads would be taken for the next request
        return _error(status, words, close=True)


_Headers = list[tuple[bytes, bytes]]


def _shown(headers: _Headers) -> list[bytes]:
    """Every token that a client shows."""
    shown = []
    for name, value in headers:
        if name == b"x-api-key":
            shown.append(value.strip())
        elif name == b"authorization":
            scheme, _, rest = value.strip().partition(b" ")
            shown.append(rest.strip() if scheme.lower() == b"bearer" else b"")
    return shown


def _length(headers: _Headers) -> int | None:
    for name, value in headers:
        if name == b"content-length":
            return int(value)  # the protocol refused one that is no number
    return None


def _error(
    status: HTTPStatus,
    words: str,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    *,
    close: bool = False,
) -> Answer:
    return Answer(status, orjson.dumps({"error": printable(words, 400)}), headers, close)


async def _send(send: Send, answer: Answer, method: str) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(answer.body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *answer.headers,
    ]
    if answer.close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})
