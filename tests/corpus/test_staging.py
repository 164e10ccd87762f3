"""Phase one: all or nothing, picked up again, and nothing half-written."""

import json
import os
import signal
import subprocess
import sys
from hashlib import sha256

import pyarrow as pa
import pytest

from ledger.corpus import staging
from ledger.corpus.dataset import Description, describe
from ledger.corpus.document import STAGED
from ledger.corpus.inputs import expand
from ledger.corpus.language import detector
from ledger.corpus.readers import ReadOptions
from ledger.corpus.staging import read_options, stage, write_rejects
from ledger.errors import InputError, MalformedError, StorageError
from tests.corpus.helpers import FIXTURES

PLAIN = Description(name="r", version="1", channel="other", language="none")
READERS = ("text", "jsonl", "jsonl_gz", "parquet", "archive")


def run(folder, to, description=PLAIN, options=ReadOptions(), **more):  # noqa: B008
    return stage(expand([folder], None, options), description, options, to, **more)


def rows(staged):
    return [row for item in staged.inputs for b in item.batches() for row in b.to_pylist()]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def to(tmp_path):
    return tmp_path / "staging"


@pytest.mark.parametrize("name", READERS)
def test_every_fixture_is_staged(name, to):
    folder = FIXTURES / name
    description = describe("r@1", [folder])
    options = read_options(description)
    staged = stage(expand([folder], None, options), description, options, to)
    (item,) = staged.inputs
    found = rows(staged)
    assert (staged.rows, staged.rejected) == (len(found), 0)
    assert len(found) == (4 if name == "archive" else 6)
    assert {row["language"] for row in found} >= {"en"}
    for row in found:
        assert row["bytes"] > 0
        assert len(row["sha256"]) == 32
    assert [batch.schema for batch in item.batches()] == [STAGED]
    if name != "text":
        file = next(path for path in folder.iterdir() if path.name.startswith("notes"))
        assert item.digest == sha256(file.read_bytes()).digest()
        assert item.size == file.stat().st_size


def test_every_reader_finds_the_same_documents(to):
    found = [{row["sha256"] for row in rows(run(FIXTURES / name, to))} for name in READERS]
    assert len(found[0]) == 6
    assert all(digests == found[0] for digests in found)


def test_a_staged_input_is_not_read_again(folder, to, monkeypatch):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n{"text": ""}\n{"text": "b"}\n')
    first = run(folder, to, keep_rejects=True)

    def refuse(*_):
        raise AssertionError("read again")

    reader = expand([folder], None)[0].reader
    monkeypatch.setattr(type(reader), "read", refuse)
    again = run(folder, to, keep_rejects=True)
    assert again == first
    assert (rows(again), list(again.rejects())) == (rows(first), list(first.rejects()))


@pytest.mark.parametrize(
    "options",
    [
        ReadOptions(columns={"text": "b"}),
        ReadOptions(max_document_bytes=5),
        ReadOptions(include=("x",)),
    ],
)
def test_other_options_are_another_staging(options, folder, to):
    (folder / "a.jsonl").write_bytes(b'{"text": "a", "b": "c"}\n')
    assert run(folder, to).inputs[0].staged != run(folder, to, options=options).inputs[0].staged


def test_another_language_rule_is_another_staging(folder, to):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n')
    german = PLAIN.model_copy(update={"language": "de"})
    assert rows(run(folder, to))[0]["language"] is None
    assert rows(run(folder, to, german))[0]["language"] == "de"


def test_changed_bytes_are_another_staging(folder, to):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n')
    first = run(folder, to)
    (folder / "a.jsonl").write_bytes(b'{"text": "b"}\n')
    second = run(folder, to)
    assert first.inputs[0].digest != second.inputs[0].digest
    assert first.inputs[0].map_digest == second.inputs[0].map_digest
    assert rows(second)[0]["sha256"] == sha256(b"b").digest()


def test_a_known_language_is_kept_and_an_unknown_one_found(folder, to):
    text = "Der grüne Tee zieht zwei Minuten bei siebzig Grad, länger macht ihn bitter."
    lines = [{"text": text, "lang": "xx"}, {"text": text, "lang": None}, {"text": "7 7"}]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = rows(run(folder, to, PLAIN.model_copy(update={"language": "detect"})))
    assert [row["language"] for row in found] == ["xx", "de", None]
    assert [row["language_ppm"] for row in found] == [None, 980_000, None]


def test_an_operation_names_a_detector_nobody_asked(folder, to):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n')
    for language, expected in (("none", None), ("de", None), ("detect", detector())):
        (item,) = run(folder, to, PLAIN.model_copy(update={"language": language})).inputs
        assert item.language_detector == expected


def test_batches_are_bounded(folder, to):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n' * 25_000)
    (item,) = run(folder, to).inputs
    sizes = [batch.num_rows for batch in item.batches()]
    assert (sum(sizes), max(sizes) <= staging.BATCH_ROWS) == (25_000, True)


def test_short_batches_of_blocks_are_joined_in_order(folder, to):
    """A block of 4 MiB holds a hundred such texts: what is appended at once are all 400."""
    lines = [b'{"text": "%d %s"}\n' % (number, b"x" * 40_000) for number in range(400)]
    (folder / "a.jsonl").write_bytes(b"".join(lines))
    (item,) = run(folder, to).inputs
    with pa.memory_map(str(item.staged)) as source, pa.ipc.open_file(source) as file:
        assert file.num_record_batches > 1
    (batch,) = item.batches()
    assert batch.column("row").to_pylist() == list(range(400))


def test_batches_of_many_bytes_are_not_joined(folder, to, monkeypatch):
    lines = [b'{"text": "%s", "title": "%s"}\n' % (b"x" * 40_000, b"y" * 900)] * 400
    (folder / "a.jsonl").write_bytes(b"".join(lines))
    (item,) = run(folder, to).inputs
    (joined,) = item.batches()
    monkeypatch.setattr(staging, "_BATCH_BYTES", joined.nbytes // 3)
    sizes = [batch.num_rows for batch in item.batches()]
    assert (sum(sizes), len(sizes) > 1) == (400, True)


# bad rows


def test_a_bad_row_stops_everything(folder, to):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n')
    (folder / "b.jsonl").write_bytes(b'{"text": "b"}\n\n{"text": null}\n{"text": ""}\n')
    with pytest.raises(MalformedError, match=r"b\.jsonl:3: no text") as caught:
        run(folder, to)
    assert (caught.value.line, caught.value.exit_code) == (3, 3)
    assert "--rejects" in caught.value.hint
    assert not [path for path in to.iterdir() if path.suffix == ".tmp"]
    assert len(list(to.glob("*.arrow"))) == 1  # a.jsonl is kept for the next run


def test_a_bad_row_that_was_kept_once_still_stops_who_does_not_keep_it(folder, to):
    (folder / "b.jsonl").write_bytes(b'{"text": "b"}\n{"text": ""}\n')
    assert run(folder, to, keep_rejects=True).rejected == 1
    with pytest.raises(MalformedError, match=r"b\.jsonl:2: empty text"):
        run(folder, to)


def test_what_is_passed_over_is_counted_and_not_forgotten_by_the_next_run(to, monkeypatch):
    first = run(FIXTURES / "mediawiki", to)
    assert first.passed == {"pages of other namespaces": 1, "redirects": 1}
    assert (first.rejected, list(first.rejects())) == (0, [])
    monkeypatch.setattr(staging, "_write", None)  # reading it again would fail
    assert run(FIXTURES / "mediawiki", to).passed == first.passed


def test_what_is_passed_over_stands_beside_what_is_rejected(folder, to):
    pages = (FIXTURES / "mediawiki" / "wiki.xml").read_text()
    (folder / "wiki.xml").write_text(pages.replace("Sow two", "Sow three"))
    staged = run(folder, to, keep_rejects=True)
    assert staged.rejected == len(list(staged.rejects())) == 1
    assert staged.passed == {"pages of other namespaces": 1, "redirects": 1}


def test_the_same_bytes_under_another_name_are_another_staging(folder, to):
    (folder / "a.csv").write_bytes(b"text,id\nx\ty,1\n")
    (folder / "a.tsv").write_bytes(b"text\tid\nx,y\t1\n")
    assert len(rows(run(folder, to))) == 2
    (folder / "a.tsv").write_bytes((folder / "a.csv").read_bytes())
    with pytest.raises(MalformedError, match=r"a\.tsv:1: columns"):
        run(folder, to)


def test_rejects_are_written_with_their_reasons(folder, to, tmp_path):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n{"text": ""}\n{"text": "\xff"}\n')
    (folder / os.fsdecode(b"b\xff.jsonl")).write_bytes(b"x\n")
    staged = run(folder, to, keep_rejects=True)
    assert (staged.rows, staged.rejected) == (1, 3)
    assert write_rejects(tmp_path / "bad.jsonl", staged.rejects()) == 3
    found = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [row["where"] for row in found] == [
        f"{folder}/a.jsonl:2",
        f"{folder}/a.jsonl:3",
        f"{folder}/b\\udcff.jsonl:1",
    ]
    assert found[0]["reason"] == "empty text"


def test_a_row_of_a_table_and_a_member_are_named(folder, to):
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["a", None]}), folder / "a.parquet")
    with pytest.raises(MalformedError, match=r"a\.parquet:row 1: no text"):
        run(folder, to)


def test_untrusted_names_cannot_write_on_the_terminal(folder, to):
    (folder / "a\x1b[2J\u202e.jsonl").write_bytes(b"x\n")
    with pytest.raises(MalformedError) as caught:
        run(folder, to)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.tar.gz", "a.parquet"])
def test_a_truncated_input_records_nothing_even_with_rejects(name, folder, to):
    (folder / name).write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(MalformedError, match=name):
        run(folder, to, keep_rejects=True)
    assert list(to.iterdir()) == []


def test_a_file_without_bytes_has_no_documents(folder, to):
    (folder / "a.jsonl").write_bytes(b"")
    staged = run(folder, to)
    assert (staged.rows, staged.rejected, rows(staged)) == (0, 0, [])


# accidents


def test_an_input_that_changes_while_it_is_read_is_refused(folder, to, monkeypatch):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n')
    real = staging.input_digest

    def meddle(item, options):
        digest = real(item, options)
        stat = item.path.stat()
        item.path.write_bytes(b'{"text": "b"}\n')
        os.utime(item.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        return digest

    monkeypatch.setattr(staging, "input_digest", meddle)
    with pytest.raises(InputError, match=r"a\.jsonl changed while it was read"):
        run(folder, to)
    assert list(to.glob("*.arrow")) == []


def test_a_file_added_to_a_folder_while_it_is_read_is_refused(folder, to, monkeypatch):
    (folder / "a.txt").write_bytes(b"a")
    real = staging.input_digest

    def meddle(item, options):
        digest = real(item, options)
        (folder / "b.txt").write_bytes(b"b")
        return digest

    monkeypatch.setattr(staging, "input_digest", meddle)
    with pytest.raises(InputError, match="changed while it was read"):
        run(folder, to)


def test_a_damaged_staging_file_is_made_again(folder, to):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n')
    (item,) = run(folder, to).inputs
    good = item.staged.read_bytes()
    for bad in (b"", good[: len(good) // 2], good[:-3]):
        item.staged.write_bytes(bad)
        assert len(rows(run(folder, to))) == 1
        assert item.staged.read_bytes() == good


def test_a_staging_folder_that_is_a_file(folder, tmp_path):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n')
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="expected room to write") as caught:
        run(folder, tmp_path / "file")
    assert caught.value.exit_code == 4


FULL_DISK = """
import resource, sys
from pathlib import Path
from ledger.corpus.dataset import Description
from ledger.corpus.inputs import expand
from ledger.corpus.readers import ReadOptions
from ledger.corpus.staging import stage
from ledger.errors import StorageError
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
description = Description(name="r", version="1", channel="other", language="none")
try:
    stage(expand([Path(sys.argv[1])], None), description, ReadOptions(), Path(sys.argv[2]))
except StorageError as error:
    print(error)
"""


def test_a_full_disk_is_said_and_leaves_nothing(folder, to, root):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n' * 100_000)
    command = [sys.executable, "-c", FULL_DISK, str(folder), str(to)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.stderr == ""
    assert "file too large, expected room to write" in done.stdout
    assert list(to.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from ledger.corpus import staging
from ledger.corpus.dataset import Description
from ledger.corpus.inputs import expand
from ledger.corpus.readers import ReadOptions
description = Description(name="r", version="1", channel="other", language="none")
calls = 0
def progress(done, total, documents):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
staging.stage(
    expand([Path(sys.argv[1])], None), description, ReadOptions(), Path(sys.argv[2]), progress
)
"""


@pytest.mark.parametrize("call", [1, 2, 3, 4, 5])
def test_a_killed_run_is_picked_up(call, folder, to, root):
    for name in "abc":
        (folder / f"{name}.jsonl").write_bytes(b'{"text": "%s"}\n' % name.encode())
    command = [sys.executable, "-c", KILLED, str(folder), str(to), str(call)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    kept = {path: path.stat().st_ino for path in to.glob("*.arrow")}
    assert len(kept) == call // 2
    staged = run(folder, to)
    assert [row["sha256"] for row in rows(staged)] == [
        sha256(n).digest() for n in (b"a", b"b", b"c")
    ]
    assert all(path.stat().st_ino == inode for path, inode in kept.items())


def test_progress_ends_at_the_whole(folder, to):
    (folder / "a.jsonl").write_bytes(b'{"text": "a"}\n' * 50)
    (folder / "b.jsonl").write_bytes(b'{"text": "b"}\n' * 70)
    for _ in range(2):  # read, then picked up
        heard = []
        run(folder, to, progress=lambda *told, heard=heard: heard.append(told))
        assert heard[-1] == (1680, 1680, 120)
        assert [done for done, _, _ in heard] == sorted(done for done, _, _ in heard)


def test_rejects_that_cannot_be_written(tmp_path):
    with pytest.raises(StorageError):
        write_rejects(tmp_path / "missing" / "bad.jsonl", iter([]))
