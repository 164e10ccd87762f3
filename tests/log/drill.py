"""Runs ledgers to their death. One process forks a child per drill: a kill costs no start-up.

Reads one JSON job a line; a child appends batch after batch and writes the size after each append
that returned; the parent kills it and answers {"acknowledged": […], "status": …}.
"""

import json
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import ledger.log.log as log_module
from ledger.errors import LedgerError
from ledger.log.canonical import format_entry
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.pins import Pins
from ledger.log.store import Store
from ledger.log.vault import Disclosure, Vault, commit, scope_of
from tests.log.making import AT, digest, origin

MOST_BATCHES = 4_000  # a drill that nobody ends fails instead of running for ever
POINTS = (
    "before the vault",
    "after the vault",
    "after the bundles",
    "before the checkpoint",
    "before the pin",
)


def append_forever(job: dict[str, Any], out: int) -> None:
    """Batches of 1 to 400 entries, half of them with a disclosure, until somebody stops us."""
    from ledger.provenance.opening import open_ledger

    pick = random.Random(job["seed"])
    with open_ledger(
        job["ledger"], write=True, keys=KeyRing(Path(job["config"])), clock=lambda: AT
    ) as log:
        assert log.vault is not None
        file = bytes.fromhex(digest("f")[7:])
        scope = scope_of("file", file)
        key = log.vault.ensure_keys([scope])[scope]
        for _ in range(MOST_BATCHES):
            entries, shown = [], []
            for n in range(pick.randint(1, job.get("batch", 400))):
                document = digest(f"{job['seed']} {log.size} {n}")
                row = log.size + n
                made = commit(key, "url", bytes.fromhex(document[7:]), (file, row, 0), "u").hex()
                private = {"url": f"sha256:{made}"}
                entries.append(format_entry(origin(document, row=row, private=private)))
                shown.append(Disclosure(scope, {"url": "u"}))
            die_at(job.get("point"), pick)
            size = log.append(entries, shown, [b"an attachment %d" % log.size]).size
            os.write(out, b"%d\n" % size)


def die_at(point: str | None, pick: random.Random) -> None:
    """From the second batch on, perhaps kill ourselves at one exact place of an append."""
    if point is None or pick.random() < 0.5:
        return

    def dying(owner: Any, name: str, *, after: bool) -> None:
        real = getattr(owner, name)

        def doomed(*arguments: Any, **named: Any) -> Any:
            if after:
                real(*arguments, **named)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, name, doomed)

    if point == "before the vault":
        dying(Vault, "store", after=False)
    elif point == "after the vault":
        dying(Vault, "store", after=True)
    elif point == "after the bundles":
        dying(Store, "write", after=True)
    elif point == "before the checkpoint":
        real_write = Store.write

        def write(self: Store, *arguments: Any) -> Any:
            dying(Store, "add_checkpoint", after=False)
            return real_write(self, *arguments)

        Store.write = write  # type: ignore[method-assign]
    elif point == "before the pin":
        dying(Pins, "advance", after=False)
    else:
        raise ValueError(point)


def append_once(job: dict[str, Any], out: int) -> None:
    """One large batch under a limit; the error's name, exit code and text are the answer."""
    from ledger.provenance.opening import open_ledger

    if "user" in job and os.geteuid() == 0:  # root may write to what is read-only
        os.setgroups([])
        os.setgid(job["user"])
        os.setuid(job["user"])
    if "file_bytes" in job:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_bytes"],) * 2)
    entries = [
        format_entry(origin(digest(f"{job['seed']} {n}"), row=n, site=digest(n)[7:]))
        for n in range(job["batch"])
    ]
    try:
        with open_ledger(job["ledger"], write=True, keys=KeyRing(Path(job["config"]))) as log:
            answer = ["", 0, str(log.append(entries).size), ""]
    except LedgerError as error:
        answer = [type(error).__name__, error.exit_code, str(error), error.hint or ""]
    os.write(out, json.dumps(answer).encode() + b"\n")


def run(job: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        status = 1
        try:
            (append_once if job["what"] == "once" else append_forever)(job, write)
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(write)
    if "delay" in job:
        time.sleep(job["delay"])
        os.kill(child, signal.SIGKILL)
    with os.fdopen(read) as lines:
        said = [json.loads(line) for line in lines if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    return {"said": said, "status": os.waitstatus_to_exitcode(status)}


def main() -> None:
    assert Log.append is log_module.Log.append  # imported before any fork
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
