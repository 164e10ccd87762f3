"""The blend list: weights in tokens, prefixes of files that exist, and what is refused."""

import json

import pytest

from ledger.errors import InputError
from ledger.manifests.formats import megatron
from tests.manifests.formats.helpers import epoch, expected, table, tree, write


def blend(text: str) -> dict[str, float]:
    """As Megatron reads the file behind --data-args-path: words, in turn weights and prefixes."""
    words = text.split()
    assert len(words) % 2 == 0
    weights = [float(word) for word in words[::2]]
    assert all(weight > 0 for weight in weights)
    return dict(zip(words[1::2], weights, strict=True))


def test_weights_are_the_tokens_of_each_file(tmp_path):
    write("megatron", tmp_path / "out")
    found = blend((tmp_path / "out" / "blend.txt").read_text())
    for prefix, weight in found.items():
        lines = (tmp_path / "out" / f"{prefix.removesuffix('_text_document')}.jsonl").read_bytes()
        rows = [json.loads(line) for line in lines.splitlines()]
        assert weight == sum(row["tokens"] for row in rows)
        assert len({row["stratum"] for row in rows}) == 1
    files = {name[:-6] + "_text_document" for name in tree(tmp_path / "out") if "jsonl" in name}
    assert set(found) == files
    assert sum(found.values()) == sum(row["tokens"] for row in expected(epoch()))


def test_shares_are_of_tokens_where_documents_would_give_others(tmp_path):
    texts = ["long " * 400] * 2 + ["short"] * 8
    rows = table(texts, strata=["long"] * 2 + ["short"] * 8, tokens=[400] * 2 + [1] * 8)
    write("megatron", tmp_path / "out", iter([rows]), 1 << 20)
    assert blend((tmp_path / "out" / "blend.txt").read_text()) == {
        "stratum-00000-00000_text_document": 800.0,
        "stratum-00001-00000_text_document": 8.0,
    }
    said = json.loads((tmp_path / "out" / "strata.json").read_bytes())
    assert [(entry["weight"], entry["documents"], entry["files"]) for entry in said["strata"]] == [
        (800, 2, "stratum-00000"),
        (8, 8, "stratum-00001"),
    ]


def test_strata_are_gathered_over_many_tables(tmp_path):
    write("megatron", tmp_path / "out", epoch(batch=2), 1 << 20)
    assert sorted(name for name in tree(tmp_path / "out") if "jsonl" in name) == [
        f"stratum-0000{number}-00000.jsonl" for number in range(3)
    ]


def test_rows_without_tokens_are_refused(tmp_path):
    with pytest.raises(InputError, match="rows have no column tokens") as caught:
        write("megatron", tmp_path / "out", iter([table(["a"])]))
    assert caught.value.hint == "token counts come from a mix whose unit is tokens"
    assert not (tmp_path / "out").exists()


def test_a_file_without_tokens_is_not_in_the_list(tmp_path):
    rows = table(["", "words"], strata=["empty", "full"], tokens=[0, 1])
    write("megatron", tmp_path / "out", iter([rows]))
    assert list(blend((tmp_path / "out" / "blend.txt").read_text())) == [
        "stratum-00001-00000_text_document"
    ]
    assert (tmp_path / "out" / "stratum-00000-00000.jsonl").exists()
    with pytest.raises(InputError, match="found no tokens in any document"):
        write("megatron", tmp_path / "none", iter([table([""], tokens=[0])]))
    assert not (tmp_path / "none").exists()


def test_more_files_than_megatron_can_blend(tmp_path, monkeypatch):
    monkeypatch.setattr(megatron, "_MOST_FILES", 4)
    with pytest.raises(InputError, match="over 4 files") as caught:
        write("megatron", tmp_path / "out")
    assert caught.value.hint == "ask for larger shards, or for fewer strata"
    assert not (tmp_path / "out").exists()
