"""The server: a socket, uvicorn, and a clock for headers that do not come."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.corpus.atomic import locked_folder
from ledger.corpus.extractors import needs
from ledger.errors import InputError, RefusedError, StorageError, printable
from ledger.log.keys import config_folder
from ledger.provenance.opening import open_ledger
from ledger.web.app import App, Report
from ledger.web.desk import Desk
from ledger.web.limits import CONNECTIONS, HEADER_BYTES, HEADER_SECONDS, IDLE_SECONDS
from ledger.web.requests import Requests
from ledger.web.token import Token, load_token

if TYPE_CHECKING:
    from uvicorn import Server

__all__ = ["Listening", "serve_tags"]


@dataclass(frozen=True)
class Listening:
    """A server that takes requests at `url`; the token is where `token` says."""

    url: str
    token: Token
    loopback: bool


def serve_tags(
    location: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8271,
    token_file: Path | None = None,
    remote: bool = False,
    announce: Callable[[Listening], None],
    report: Report,
) -> None:
    """Serve a ledger until the process is interrupted. Port 0: any that is free.

    One server a ledger, so that an idempotency key means one request. Raises MissingExtraError,
    BusyError where there is one already, InputError for a host or a token that is none,
    RefusedError for a host that others reach unless `remote`, StorageError where the port is
    taken; and what opening a ledger for writing raises.
    """
    with needs("uvicorn", "web"):
        import uvicorn  # noqa: F401 - asked for before anything is opened
    loopback = _is_loopback(host)
    if not loopback and not remote:
        raise RefusedError(
            f"{printable(host)}: others can reach this address",
            hint="add --allow-remote, and put TLS in front: the token travels as it is",
        )
    token = load_token(token_file)
    with open_ledger(location, write=True) as log:
        log.sign_head()  # keys, pin and schema are as they must be, or we say so now
        name = sha256(log.log_name.encode()).hexdigest()[:16]
    folder = config_folder() / "requests" / name
    requests = Requests(folder)
    with (
        locked_folder(folder, f"{printable(location)}: another server serves this ledger"),
        _listen(host, port) as listener,
        closing(Desk(location)) as desk,
    ):
        requests.forget()
        app = App(desk, token, requests, report)
        bound = listener.getsockname()
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        announce(Listening(f"http://{shown}:{bound[1]}", token, loopback))
        _server(app).run(sockets=[listener])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise InputError(
            f"{printable(host)}: not an address, expected one such as 127.0.0.1 or ::1"
        ) from None


def _listen(host: str, port: int) -> socket.socket:
    name = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        return socket.create_server((name, port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        reason = (error.strerror or "refused").lower()
        raise StorageError(
            f"{printable(host)}:{port}: {reason}", hint="--port 0 takes one that is free"
        ) from error


def _server(app: App) -> "Server":
    from uvicorn import Config, Server
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        """As uvicorn's, but whoever does not send a request's headers is shown the door."""

        _slow: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._watch()
            else:
                self._unwatch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._unwatch()
            super().connection_lost(exc)

        def _watch(self) -> None:
            if self._slow is None:
                self._slow = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

        def _unwatch(self) -> None:
            if self._slow is not None:
                self._slow.cancel()
                self._slow = None

    config = Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )
    return Server(config)
