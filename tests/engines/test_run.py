"""Scans: whole or absent, the same for any number of workers, ended cleanly however they end."""

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ledger.engines import (
    Engine,
    Sidecar,
    Source,
    content_root,
    fold,
    ray,
    ray_driver,
    run,
    runs,
    split,
    work,
)
from ledger.engines.root import row_bytes
from ledger.engines.sidecar import scan_source
from ledger.engines.worker import Failed
from ledger.errors import (
    InputError,
    MalformedError,
    MissingExtraError,
    RefusedError,
    StorageError,
    UnknownNameError,
)
from tests.engines.sources import (
    Changed,
    Deadly,
    Failing,
    Loud,
    Numbered,
    Squaring,
    codes_of,
    lose,
    reverse,
    scan,
)


def _many(log: Path | None = None) -> list[Source]:
    return [Numbered(f"source {number}", 1 + number % 4, log) for number in range(7)]


def _digests(sidecars: list[Sidecar]) -> list[bytes]:
    return [sidecar.path.read_bytes() for sidecar in sidecars]


def test_results_depend_on_how_many_workers_there_are(tmp_path: Path) -> None:
    found = {n: run(scan(), _many(), tmp_path / str(n), workers=n) for n in (1, 2, 3)}
    assert (tmp_path / "1").stat().st_mode & 0o777 == 0o700, "others can look for what is there"
    assert len({content_root(sidecars) for sidecars in found.values()}) == 1
    assert _digests(found[1]) == _digests(found[2]) == _digests(found[3])
    assert [sidecar.rows for sidecar in found[2]] == [3, 6, 9, 12, 3, 6, 9]
    assert [sidecar.source for sidecar in found[3]] == [source.key for source in _many()]


def test_a_killed_worker_leaves_half_a_result_or_loses_a_whole_one(tmp_path: Path) -> None:
    log, spared, folder = tmp_path / "log", tmp_path / "spared", tmp_path / "sidecars"
    deadly = Deadly("deadly", 4, log, spared=spared)
    sources = [Numbered("first", 2, log, 2000), replace(deadly, size=1)]
    with pytest.raises(RefusedError, match="ended before its work was done") as caught:
        run(scan(), sources, folder, workers=2)
    assert caught.value.hint is not None and "same command" in caught.value.hint
    assert not list(folder.glob(".*")), "what the killed worker had begun is still there"
    run(scan(), sources[:1], folder, workers=1)  # whether or not it had been finished in time
    log.write_text("")
    spared.touch()
    resumed = run(scan(), sources, folder, workers=2)
    assert log.read_text() == "deadly\n", "what was finished was read again"
    whole = run(scan(), sources, tmp_path / "whole", workers=1)
    assert content_root(resumed) == content_root(whole)
    assert _digests(resumed) == _digests(whole)


def test_a_second_run_reads_everything_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    heard: list[tuple[int, int, int]] = []
    run(scan(), _many(log), tmp_path / "s", workers=1, progress=lambda *n: heard.append(n))
    assert heard[0] == (0, 7, 0) and heard[-1] == (7, 7, 48)
    assert sorted(log.read_text().splitlines()) == [f"source {n}" for n in range(7)]
    log.unlink()
    heard.clear()
    run(scan(), _many(log), tmp_path / "s", workers=1, progress=lambda *n: heard.append(n))
    assert not log.exists() and heard == [(7, 7, 48)]


def test_workers_do_not_tell_how_far_they_are(tmp_path: Path) -> None:
    heard: list[tuple[int, int, int]] = []
    run(scan(), _many(), tmp_path, workers=2, progress=lambda *n: heard.append(n))
    assert heard == sorted(heard) and heard[-1] == (7, 7, 48) and len(heard) > 14


def test_other_parameters_or_another_version_find_the_old_results(tmp_path: Path) -> None:
    (once,) = run(scan(), [Numbered("a")], tmp_path)
    (twice,) = run(scan(times=2), [Numbered("a")], tmp_path)
    (newer,) = run(replace(scan(), version="2"), [Numbered("a")], tmp_path)
    assert len({once.path, twice.path, newer.path}) == 3
    assert [table["letters"][0].as_py() for table in twice.tables()] == [10, 10, 10]


@pytest.mark.parametrize("harm", ["cut", "empty", "other"])
def test_a_damaged_result_is_taken_for_a_whole_one(tmp_path: Path, harm: str) -> None:
    (sidecar,) = run(scan(), [Numbered("a")], tmp_path)
    right = sidecar.path.read_bytes()
    if harm == "other":
        (other,) = run(scan(), [Numbered("b")], tmp_path)
        sidecar.path.write_bytes(other.path.read_bytes())
    else:
        sidecar.path.write_bytes(right[: len(right) // 2] if harm == "cut" else b"")
    (again,) = run(scan(), [Numbered("a")], tmp_path)
    assert again.path.read_bytes() == right


def test_a_result_that_is_damaged_later_is_a_traceback(tmp_path: Path) -> None:
    (sidecar,) = run(scan(), [Numbered("a")], tmp_path)
    sidecar.path.write_bytes(b"PAR1 no more PAR1")
    with pytest.raises(StorageError, match="damaged"):
        list(sidecar.tables())


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_loses_its_type_or_words_on_the_way(tmp_path: Path, workers: int) -> None:
    def raised(how: str, kind: type[Exception]) -> Exception:
        sources = [Failing("bad", how=how), Numbered("good", 1)]
        with pytest.raises(kind) as caught:
            run(scan(), sources, tmp_path / how, workers=workers)
        assert not list((tmp_path / how).glob(".*"))
        return caught.value

    malformed = raised("malformed", MalformedError)
    assert isinstance(malformed, MalformedError)
    assert str(malformed) == "corpus.jsonl:7: not json"
    assert (malformed.hint, malformed.line, malformed.path) == ("mend it", 7, "corpus.jsonl")
    gone = raised("gone", FileNotFoundError)
    assert isinstance(gone, FileNotFoundError) and gone.filename == "/nowhere/at/all"
    bug = raised("bug", KeyError)
    assert bug.args == ("a bug",)
    if workers == 2:
        assert any("sources.py" in note for note in bug.__notes__)
        assert "Unsendable" in str(raised("unsendable", RuntimeError))


def test_a_map_that_breaks_its_promise_is_believed(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with pytest.raises(ValueError, match="another order"):
        run(replace(scan(), map=reverse), [Numbered("a")], folder)
    with pytest.raises(ValueError, match="2 rows, expected 3"):
        run(replace(scan(), map=lose), [Numbered("a")], folder)
    with pytest.raises(ValueError, match="expected letters"):
        run(replace(scan(), schema=pa.schema([("letters", pa.int8())])), [Numbered("a")], folder)
    assert not list(folder.iterdir())


def test_a_map_that_no_worker_can_find_is_sent(tmp_path: Path) -> None:
    nameless = replace(scan(), map=lambda table, *, params: table)
    with pytest.raises(InputError, match="expected one of a module"):
        run(nameless, _many(), tmp_path, workers=2)
    with pytest.raises(InputError, match="0 workers"):
        run(scan(), _many(), tmp_path, workers=0)


def test_a_source_that_changed_is_scanned_under_its_old_key(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="changed since"):
        run(scan(), [Changed("a")], tmp_path / "s")
    assert not list((tmp_path / "s").iterdir())


def test_a_library_that_prints_breaks_the_reports(tmp_path: Path) -> None:
    sources = [Loud("a"), Loud("b")]
    found = run(scan(), sources, tmp_path, workers=2)
    assert [sidecar.rows for sidecar in found] == [9, 9]


def test_a_folder_that_cannot_be_made_is_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="expected room to write"):
        run(scan(), [Numbered("a")], tmp_path / "file")


def test_leftovers_of_a_killed_run_stay_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    made: list[Path] = []
    replaced = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (made.append(old), replaced(old, new)))
    run(scan(), [Numbered("a")], tmp_path)
    ours = made[0]
    assert ours.name.endswith(f"-{os.getpid()}.tmp")
    stale = ours.with_name(ours.name.replace(f"-{os.getpid()}.", f"-{ended.pid}."))
    theirs, forsaken = (tmp_path / f".count-{n}.parquet.0.0123-{ended.pid}.tmp" for n in (1, 2))
    for path in (ours, stale, theirs, forsaken):
        path.touch()
    long_ago = time.time() - 90_000
    os.utime(forsaken, (long_ago, long_ago))
    run(scan(), [Numbered("b")], tmp_path)
    assert not stale.exists() and ours.exists(), "the dead are asked after by their numbers"
    assert theirs.exists(), "a number of another machine's process says nothing here"
    assert not forsaken.exists()


def test_stripes_lose_or_repeat_rows(tmp_path: Path) -> None:
    whole = Numbered("large", 7, size=1000)
    parts = split(whole, 400)
    assert len(parts) == 3 and len({part.key for part in parts}) == 3
    assert split(whole, 1000) == [whole]
    found = run(scan(), parts, tmp_path / "parts", workers=2)
    assert [sidecar.rows for sidecar in found] == [9, 6, 6]
    assert content_root(found) == content_root(run(scan(), [whole], tmp_path / "whole"))


def test_fold_depends_on_where_sources_end(tmp_path: Path) -> None:
    found = run(scan(), _many(), tmp_path)

    def letters(table: pa.Table) -> int:
        assert table.column_names == ["letters"]
        return int(pc.sum(table["letters"]).as_py())

    total = fold(found, letters, int.__add__, 0, ["letters"])
    halves = (fold(half, letters, int.__add__, 0, ["letters"]) for half in (found[:3], found[3:]))
    assert total == sum(halves) == 48 * len("source 0 0 0")


def test_different_rows_have_one_canonical_form() -> None:
    def forms(*columns: pa.Array) -> list[bytes]:
        return list(row_bytes(pa.table(list(columns), names=[str(n) for n in range(len(columns))])))

    texts = pa.array(["ab", "a", "", None])
    others = pa.array(["c", "bc", "abc", "abc"])
    numbers = pa.array([1, 0, None, -1], pa.int32())
    lists = pa.chunked_array([codes_of([[1], []]), codes_of([[0], [1, 2]])])
    for column in (texts, numbers, lists):
        assert len(set(forms(column, others))) == 4
    assert forms(texts.slice(1), others.slice(1)) == forms(texts, others)[1:]
    assert forms(numbers.cast(pa.int64())) == forms(numbers)
    with pytest.raises(TypeError, match="double"):
        forms(pa.array([0.5]))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_of_jobs_come_in_another_order(workers: int) -> None:
    heard: list[tuple[int, int, int]] = []
    jobs = [Squaring(number) for number in range(5)]
    assert work(jobs, workers=workers, progress=lambda *n: heard.append(n)) == [0, 1, 4, 9, 16]
    assert heard[-1] == (5, 5, 5)
    assert work([], workers=workers) == []


def test_a_result_that_cannot_be_sent_hangs_the_run() -> None:
    with pytest.raises(Exception, match=r"(?i)pickle"):
        work([Squaring(-1), Squaring(2)], workers=2)


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from ledger.engines import content_root, run
from tests.engines.sources import {source}, scan
print("once", flush=True)
found = run(scan(), [{source}("a"), {source}("b")], Path({folder!r}), workers=2)
print(content_root(found).hex())
"""


def test_a_script_without_a_guard_starts_itself_again(tmp_path: Path, root: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(root=str(root), folder=str(tmp_path / "s"), source="Numbered"))
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True
    )
    here = run(scan(), [Numbered("a"), Numbered("b")], tmp_path / "here", workers=1)
    assert ran.stdout.splitlines() == ["once", content_root(here).hex()]
    assert ran.stderr == ""


def test_ctrl_c_leaves_workers_or_their_tracebacks(tmp_path: Path, root: Path) -> None:
    script, folder = tmp_path / "script.py", tmp_path / "s"
    script.write_text(SCRIPT.format(root=str(root), folder=str(folder), source="Slow"))
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _wait_for(lambda: len(list(folder.glob(".*.tmp"))) == 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert stderr.count("KeyboardInterrupt") == 1, stderr
    assert not list(folder.iterdir())
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nobody of the group is left


def _wait_for(condition: "object", seconds: float = 30) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to it"
        time.sleep(0.05)


def test_a_sidecar_on_another_machines_disk_is_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that has a folder of the same path, not the same folder."""
    monkeypatch.setattr(runs, "_PATIENCE", 0.2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    replaced = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: replaced(old, elsewhere / Path(new).name))
    with pytest.raises(StorageError, match="and it is not here") as caught:
        run(scan(), [Numbered("a")], tmp_path / "s", workers=1)
    assert caught.value.hint is not None and "every machine" in caught.value.hint
    assert len(list(elsewhere.iterdir())) == 1


def test_a_machine_without_the_folder_is_told_to_free_some_space(tmp_path: Path) -> None:
    path = tmp_path / "not shared" / "a.parquet"
    with pytest.raises(StorageError, match="no such file") as caught:
        scan_source(scan(), Numbered("a"), path, lambda rows: None)
    assert caught.value.hint is not None and "shared" in caught.value.hint


def test_an_engine_that_is_not_there_is_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownNameError, match="unknown engine: rai") as unknown:
        run(scan(), [Numbered("a")], tmp_path, workers=Engine("rai"))
    assert unknown.value.hint == "did you mean ray?"
    with pytest.raises(InputError, match="expected none"):
        run(scan(), [Numbered("a")], tmp_path, workers=Engine(address="here:1"))
    monkeypatch.setattr(ray, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="ray is not installed"):
        run(scan(), [Numbered("a")], tmp_path, workers=Engine("ray"))
    run(scan(), [Numbered("a")], tmp_path)
    run(scan(), [Numbered("a")], tmp_path, workers=Engine("ray"))  # there is nothing to do


def test_what_goes_through_ray_grows_with_the_texts(tmp_path: Path) -> None:
    """A task as it runs in a worker, without Ray around it."""
    sizes = []
    for tables in (1, 300):
        job = runs._Job(scan(), Numbered("a", tables), tmp_path / f"{tables}.parquet")
        there = pickle.dumps(job)
        back = ray_driver.task(ray_driver.Place.here(), there)
        outcome = pickle.loads(back)
        assert outcome.rows == outcome.result.rows == 3 * tables
        sizes.append((len(there), len(back)))
    assert sum(sizes[1]) - sum(sizes[0]) < 50, "texts went along"
    assert max(map(sum, sizes)) < 3000


def test_another_release_on_a_worker_goes_unnoticed() -> None:
    outcome = pickle.loads(
        ray_driver.task(replace(ray_driver.Place.here(), release="0.0"), pickle.dumps(None))
    )
    assert isinstance(outcome.result, Failed)
    error = outcome.result.error()
    assert isinstance(error, InputError) and "expected 0.0" in str(error)
