"""Tar archives to the byte: against Python's own writer of them."""

import io
import json
import tarfile

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.manifests.formats import find_format
from tests.manifests.formats.helpers import COLUMNS, epoch, expected, table, write


def member(name: str, data: bytes) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    header = entry.tobuf(tarfile.USTAR_FORMAT)
    return header + data + bytes(-len(data) % 512)


def test_archives_are_those_that_tarfile_makes(tmp_path):
    written = write("webdataset", tmp_path / "out")
    rows = expected(epoch())
    at = 0
    for file in written:
        if not file.rows:
            continue
        parts = []
        for row in rows[at : at + file.rows]:
            stem = f"{at:012}-{row['sha256']}"
            rest = {name: row[name] for name in sorted(COLUMNS) if name != "text"}
            line = json.dumps(rest, ensure_ascii=False, separators=(",", ":")).encode()
            parts += [member(f"{stem}.txt", row["text"].encode()), member(f"{stem}.json", line)]
            at += 1
        archive = (tmp_path / "out" / file.path).read_bytes()
        assert archive == b"".join(parts) + bytes(1024)
    assert at == len(rows)


def test_nothing_of_this_machine_is_in_an_archive(tmp_path):
    write("webdataset", tmp_path / "out")
    for path in (tmp_path / "out").glob("*.tar"):
        with tarfile.open(path) as archive:
            for entry in archive:
                assert (entry.mtime, entry.uid, entry.gid, entry.mode) == (0, 0, 0, 0o644)
                assert (entry.uname, entry.gname, entry.isreg()) == ("", "", True)


def test_one_shard_and_several_are_named_in_the_readme(tmp_path):
    write("webdataset", tmp_path / "one", epoch(), 1 << 20)
    assert '"PATH OF THIS FOLDER/train-00000.tar"' in (tmp_path / "one/README.md").read_text()
    written = write("webdataset", tmp_path / "many", epoch())
    last = max(file.path for file in written if file.rows)
    assert f"/train-{{00000..{last[6:11]}}}.tar" in (tmp_path / "many/README.md").read_text()


@settings(max_examples=25, deadline=None)  # writes and syncs files
@given(st.lists(st.text(max_size=1200), min_size=1, max_size=12), st.data())
def test_any_text_and_any_name_come_back(tmp_path_factory, texts, data):
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    names = st.text(max_size=30).map(lambda name: name.encode("utf-8", "replace").decode())
    strata = [data.draw(names) for _ in texts]
    out = tmp_path_factory.mktemp("any") / "out"
    find_format("webdataset").write(iter([table(texts, strata=strata)]), out, shard_bytes=4096)
    found = []
    for path in sorted(out.glob("*.tar")):
        with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
            bodies = [archive.extractfile(entry).read() for entry in archive]
        found += zip(bodies[::2], bodies[1::2], strict=True)
    assert [text.decode() for text, _ in found] == texts
    assert [json.loads(rest)["stratum"] for _, rest in found] == strata
