"""Ray: the sidecars that the pool makes, also where workers and nodes die under it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from ledger.engines import Engine, Sidecar, Source, content_root, run, work
from ledger.errors import InputError, MalformedError, RefusedError
from tests.conftest import Ran
from tests.engines.cluster import WITH_RAY, Cluster, two_nodes
from tests.engines.sources import (
    Deadly,
    Doomed,
    Failing,
    Loud,
    Mortal,
    Numbered,
    Squaring,
    Waiting,
    scan,
)

pytestmark = WITH_RAY

_LIMIT = 150  # seconds a test; whatever hangs is stopped, and the cluster with it


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {_LIMIT} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with two_nodes() as made:
        yield made


def _whole(sources: list[Source], folder: Path) -> list[Sidecar]:
    return run(scan(), sources, folder, workers=1)


def _same(found: list[Sidecar], sources: list[Source], folder: Path) -> None:
    """Byte for byte what one process makes, and nothing else."""
    whole = _whole(sources, folder)
    assert content_root(found) == content_root(whole)
    assert [one.path.read_bytes() for one in found] == [one.path.read_bytes() for one in whole]
    assert [one.source for one in found] == [source.key for source in sources]
    assert {path.name for path in found[0].path.parent.iterdir()} == {
        path.name for path in folder.iterdir()
    }


def test_a_cluster_finds_something_else(tmp_path: Path, cluster: Cluster) -> None:
    log, heard = tmp_path / "log", list[tuple[int, int, int]]()
    sources: list[Source] = [Numbered(f"source {n}", 1 + n % 4, log) for n in range(30)]
    engine = Engine("ray", address=cluster.address)
    found = run(
        scan(), sources, tmp_path / "s", workers=engine, progress=lambda *n: heard.append(n)
    )
    assert sorted(log.read_text().splitlines()) == sorted(f"source {n}" for n in range(30))
    assert heard == sorted(heard) and heard[0] == (0, 30, 0)
    assert heard[-1] == (30, 30, sum(one.rows for one in found))
    log.unlink()
    again = run(scan(), sources, tmp_path / "s", workers=engine)
    assert not log.exists(), "what was finished was done again"
    assert again == found
    _same(found, sources, tmp_path / "whole")


def test_auto_is_not_the_cluster_that_runs_here(tmp_path: Path, cluster: Cluster) -> None:
    sources: list[Source] = [Numbered("a")]
    found = run(scan(), sources, tmp_path / "s", workers=Engine("ray", address="auto"))
    _same(found, sources, tmp_path / "whole")


def test_a_worker_dies_and_the_scan_with_it(tmp_path: Path, cluster: Cluster) -> None:
    log, struck = tmp_path / "log", tmp_path / "struck"
    sources: list[Source] = [Mortal(f"mortal {n}", 4, log, struck=struck) for n in range(12)]
    found = run(scan(), sources, tmp_path / "s", workers=Engine("ray", address=cluster.address))
    begun = log.read_text().splitlines()
    assert struck.exists() and len(begun) > len(set(begun)) == 12, "nobody was killed at work"
    log.unlink()
    _same(found, sources, tmp_path / "whole")


def test_a_node_dies_and_the_scan_with_it(tmp_path: Path, cluster: Cluster) -> None:
    log, struck = tmp_path / "log", tmp_path / "struck"
    sources: list[Source] = [Doomed(f"doomed {n}", 3, log, struck=struck) for n in range(12)]
    try:
        found = run(scan(), sources, tmp_path / "s", workers=Engine("ray", address=cluster.address))
        assert struck.exists(), "no node was killed"
        while cluster.nodes() != 1:  # Ray notices in its own time; `limit` ends a wait for ever
            time.sleep(0.2)
    finally:
        if struck.exists():
            cluster.join()
    begun = log.read_text().splitlines()
    assert len(begun) > len(set(begun)) == 12
    _same(found, sources, tmp_path / "whole")


def test_a_worker_that_always_dies_is_retried_for_ever(tmp_path: Path, cluster: Cluster) -> None:
    log, spared = tmp_path / "log", tmp_path / "spared"
    sources: list[Source] = [Numbered("good"), Deadly("deadly", 3, log, spared=spared)]
    engine = Engine("ray", address=cluster.address)
    with pytest.raises(RefusedError, match="ended before its work was done, 4 times") as caught:
        run(scan(), sources, tmp_path / "s", workers=engine)
    assert log.read_text() == "deadly\n" * 4
    assert caught.value.hint is not None and "same command" in caught.value.hint
    assert not list((tmp_path / "s").glob(".*")), "what the dead had begun is still there"
    spared.touch()
    _same(run(scan(), sources, tmp_path / "s", workers=engine), sources, tmp_path / "whole")


@pytest.mark.parametrize("how", ["malformed", "gone", "bug"])
def test_an_error_loses_its_type_or_words(tmp_path: Path, cluster: Cluster, how: str) -> None:
    kinds = {"malformed": MalformedError, "gone": FileNotFoundError, "bug": KeyError}
    with pytest.raises(kinds[how]) as caught:
        run(scan(), [Failing("bad", how=how)], tmp_path, workers=Engine("ray", 1, cluster.address))
    if isinstance(caught.value, MalformedError):
        assert (str(caught.value), caught.value.hint) == ("corpus.jsonl:7: not json", "mend it")
    if isinstance(caught.value, FileNotFoundError):
        assert caught.value.filename == "/nowhere/at/all"
    assert not list(tmp_path.glob(".*"))


def test_jobs_come_back_in_another_order(cluster: Cluster) -> None:
    engine = Engine("ray", 3, cluster.address)
    assert work([Squaring(n) for n in range(5)], workers=engine) == [0, 1, 4, 9, 16]
    with pytest.raises(Exception, match="pickle"):
        work([Squaring(-1), Squaring(2)], workers=engine)
    assert work([], workers=engine) == []


def _processes() -> set[str]:
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
        except OSError:  # it ended meanwhile
            continue
        if b"hw-ray-" in words:
            found.add(folder.name)
    return found


def test_a_ray_of_our_own_stays_behind(tmp_path: Path) -> None:
    """Also where the call is interrupted in the midst of it."""
    sources: list[Source] = [Loud(f"source {n}") for n in range(8)]
    _same(run(scan(), sources, tmp_path / "s", workers=Engine("ray", 2)), sources, tmp_path / "w")
    assert not _processes()

    def stop(done: int, jobs: int, rows: int) -> None:
        assert _processes()
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(scan(), sources, tmp_path / "again", workers=Engine("ray", 2), progress=_quiet(stop))
    until = time.monotonic() + 15
    while _processes() and time.monotonic() < until:
        time.sleep(0.2)
    assert not _processes()
    assert not list((tmp_path / "again").glob(".*"))


def _quiet(hear: Callable[[int, int, int], None]) -> Callable[[int, int, int], None]:
    """Not before anything is done: Ray has not started then."""
    return lambda done, jobs, rows: hear(done, jobs, rows) if done else None


def test_whoever_reaches_the_machine_can_use_our_ray(tmp_path: Path) -> None:
    refused, come = list[str](), tmp_path / "come"

    def knock(done: int, jobs: int, rows: int) -> None:
        if come.exists():
            return
        (head,) = {address for address in map(_head_of, _processes()) if address}
        code = f"import ray; ray.init({head!r}, logging_level='ERROR'); print('came in')"
        free = {name: value for name, value in os.environ.items() if "RAY_AUTH" not in name}
        knocking = subprocess.run(
            ["timeout", "12", sys.executable, "-c", code],
            env=free | {"RAY_AUTH_MODE": "disabled"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "came in" not in knocking.stdout
        refused.append(knocking.stderr)
        come.touch()

    sources: list[Source] = [Numbered("a"), Waiting("b", come=come)]
    run(scan(), sources, tmp_path / "s", workers=Engine("ray", 1), progress=_quiet(knock))
    assert len(refused) == 1 and "InvalidAuthToken" in refused[0]


def _head_of(process: str) -> str | None:
    """The address that a process of a Ray was told."""
    words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    found = [word.partition("=")[2] for word in words if word.startswith("--gcs-address=")]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "connection refused"),
        ("nowhere.invalid:6379", "expected a running cluster"),
        ("ray://127.0.0.1:1", "expected a running cluster"),
        ("127.0.0.1:99999999", "expected a running cluster"),
    ],
)
def test_a_cluster_that_is_not_there_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    began = time.monotonic()
    with pytest.raises(InputError, match=r"^Ray at ") as caught:
        run(scan(), [Numbered("a")], tmp_path, workers=Engine("ray", address=address))
    assert words in f"{caught.value} {caught.value.hint}"
    assert time.monotonic() - began < 60


def test_the_command_says_what_ray_prints(
    headwater: Callable[..., Ran], tmp_path: Path, cluster: Cluster
) -> None:
    """And it finds with Ray what it finds without, which the ledger then holds once."""
    assert headwater("init").code == 0
    for name in ("one", "two"):
        rows = [f"the {name if n % 2 else 'same'} sentence number {n} goes on" for n in range(40)]
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps({"text": " ".join([row] * 5)}) + "\n" for row in rows))
        assert headwater("ingest", path, "--dataset", f"{name}@1").code == 0
    asked = ("audit", "overlap", "one@1", "--against", "two@1", "--json")
    ran = headwater(*asked, "--engine", "ray", "--ray-address", cluster.address, "--workers", 2)
    assert ran.code == 0, ran.stderr
    with_ray = json.loads(ran.stdout)
    for sidecar in Path("headwater.db.sidecars").iterdir():
        sidecar.unlink()
    alone = json.loads(headwater(*asked, "--workers", 1).stdout)
    changed = {name for name in alone if alone[name] != with_ray[name]}
    assert changed <= {"entry", "new"}
    assert headwater("verify").code == 0
