"""A Ray cluster of two nodes on this machine, with a processor each, as `ray start` makes them."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import pytest

__all__ = ["NODE", "WITH_RAY", "Cluster", "two_nodes"]

NODE = "HEADWATER_TEST_NODE"
"""Of the environment of the second node's workers: `second`."""

WITH_RAY = [
    pytest.mark.ray,
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: `make ray`"),
]

_RAY = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
_LIMIT = 60.0  # seconds for a node to come up


class Cluster:
    """`address` is what `--ray-address` takes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._nodes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Both nodes."""
        head = ["--head", f"--port={self.port}", "--include-dashboard=false"]
        self._start([*head, f"--temp-dir={self._folder / 't'}"], {})
        self._await(1)
        self.join()

    def join(self) -> None:
        """A second node, which may have taken the place of one that is gone."""
        self._start([f"--address={self.address}"], {NODE: "second"})
        self._await(2)

    def nodes(self) -> int:
        """How many are alive, as Ray says."""
        code = (
            "import ray; "
            f"ray.init({self.address!r}, log_to_driver=False, logging_level='ERROR'); "
            "print(sum(node['Alive'] for node in ray.nodes()))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, timeout=_LIMIT, check=False
        )
        return int(done.stdout) if done.returncode == 0 else 0

    def stop(self) -> None:
        for node in self._nodes[::-1]:
            with suppress(ProcessLookupError):
                os.killpg(node.pid, signal.SIGTERM)
        for node in self._nodes:
            try:
                node.wait(10)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(node.pid, signal.SIGKILL)
                node.wait()

    def _start(self, arguments: list[str], environment: dict[str, str]) -> None:
        with (self._folder / f"{len(self._nodes)}.log").open("wb") as log:
            node = subprocess.Popen(
                [*_RAY, "start", "--block", "--num-cpus=1", "--object-store-memory=80000000",
                 "--disable-usage-stats", *arguments],
                env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                process_group=0,  # and no session: a machine in use is shared out by sessions
            )  # fmt: skip
        self._nodes.append(node)

    def _await(self, count: int) -> None:
        until = time.monotonic() + _LIMIT
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                if self.nodes() >= count:
                    return
            said = [log.read_text(errors="replace")[-500:] for log in self._folder.glob("*.log")]
            assert time.monotonic() < until, f"Ray did not come up: {said}"
            time.sleep(0.5)


@contextmanager
def two_nodes() -> Iterator[Cluster]:
    """Up, and gone again however the tests end. Its folder's name is short: sockets lie there."""
    folder = Path(mkdtemp(prefix="hw-"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("RAY_AUTH_MODE", "token"),
            ("RAY_AUTH_TOKEN", secrets.token_hex(32)),
            ("RAY_USAGE_STATS_ENABLED", "0"),
        ):
            patch.setenv(name, value)
        cluster = Cluster(folder)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
            shutil.rmtree(folder, ignore_errors=True)
