"""A model's config becomes a mark, and a mark becomes the config that makes the same mark."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InputError, LedgerError, RefusedError, UnknownNameError
from ledger.watermarks.interchange.describing import (
    config_description,
    format_description,
    write_private,
)
from ledger.watermarks.interchange.engine_config import _ratio, engine_file
from ledger.watermarks.interchange.generation_config import EngineConfig, parse_config
from ledger.watermarks.interchange.reading import kind_of, kind_of_file, parse_json
from ledger.watermarks.registry.changes import entry_file, revoke
from ledger.watermarks.registry.describe import load_description
from ledger.watermarks.registry.recipients import my_recipient
from ledger.watermarks.registry.register import register, register_entry
from ledger.watermarks.registry.states import find_mark, open_marks
from ledger.watermarks.schemes import parse_algorithm
from tests.watermarks.interchange.making import model_folder
from tests.watermarks.registry.making import AT, ledger_of, write_description

KEY = 8_123_456_789_012_345
KGW = {"greenlist_ratio": 0.25, "bias": 2.5, "hashing_key": KEY, "seeding_scheme": "lefthash"}
SELF = KGW | {"seeding_scheme": "selfhash", "context_width": 4}
SYNTHID = {"ngram_len": 5, "keys": [KEY, 400, 836], "debug_mode": False}
VLLM = {"algorithm": "gumbel", "key": KEY, "deduplicate_contexts": "all"}
DUAL = {"algorithm": "dual_key_gumbel", "key": KEY, "alpha": 0.2, "context_width": 6}


def config_of(fields: dict[str, Any], **around: Any) -> EngineConfig:
    return parse_config({"watermarking_config": fields, **around}, "gc.json")


def test_a_config_is_read_into_the_scheme_that_detects_it() -> None:
    found = config_of(KGW, eos_token_id=2)
    assert found.algorithm == "kgw/lefthash@1"
    assert found.parameters == {"context_width": 1, "gamma": 0.25}
    assert found.key == {"key": KEY}
    assert (found.ignored, found.default_key, found.engine) == (("bias",), False, "transformers")
    assert config_of(SELF).algorithm == "kgw/selfhash@1"
    assert config_of(SYNTHID).algorithm == "synthid-table/mean@1"
    assert config_of(SYNTHID).parameters == {"ngram_len": 5}
    found = parse_config(VLLM, "vllm.json")
    assert (found.engine, found.algorithm) == ("vllm", "gumbel-philox/single@1")
    assert found.parameters == {"context_width": 4, "prf": "philox4x32-10-v1"}
    assert found.ignored == ("deduplicate_contexts",)
    found = parse_config(DUAL, "vllm.json")
    assert found.algorithm == "gumbel-philox/dual@1"
    assert found.parameters == {"alpha": 0.2, "context_width": 6, "prf": "philox4x32-10-v1"}


def test_a_config_object_saved_by_itself_is_read_too() -> None:
    assert parse_config(KGW, "wm.json") == config_of(KGW)
    assert parse_config(SYNTHID, "wm.json") == config_of(SYNTHID)


def test_a_config_without_a_key_says_that_the_engines_own_key_marks() -> None:
    found = config_of({})
    assert found.default_key and found.key == {"key": 15485863}


def test_no_key_is_in_a_repr() -> None:
    for found in (config_of(KGW), config_of(SYNTHID), parse_config(VLLM, "vllm.json")):
        assert str(KEY) not in repr(found)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([KGW], "expected a JSON object"),
        ({"transformers_version": "5.23.0", "eos_token_id": 2}, "marks nothing"),
        ({"watermarking_config": None}, "marks nothing"),
        ({"watermarking_config": [KGW]}, "expected an object"),
        ({"watermarking_config": KGW | {"hashing_keys": 3}}, "unknown field: hashing_keys"),
        (KGW | {"seeding_scheme": "minhash"}, "seeding_scheme: found minhash"),
        (KGW | {"seeding_scheme": ["lefthash"]}, "seeding_scheme"),
        (KGW | {"hashing_key": None}, "hashing_key: expected a whole number"),
        (KGW | {"hashing_key": True}, "hashing_key: expected a whole number"),
        (KGW | {"hashing_key": float(KEY)}, "hashing_key: expected a whole number"),
        (KGW | {"hashing_key": str(KEY)}, "hashing_key: expected a whole number"),
        (KGW | {"greenlist_ratio": float("nan")}, "greenlist_ratio"),
        (KGW | {"greenlist_ratio": 1}, "greenlist_ratio"),
        (KGW | {"greenlist_ratio": True}, "greenlist_ratio"),
        (KGW | {"context_width": 0}, "context_width"),
        (KGW | {"context_width": 10**6}, "context_width"),
        (SYNTHID | {"keys": []}, "keys"),
        (SYNTHID | {"keys": [KEY, True]}, "keys"),
        (SYNTHID | {"keys": {"0": KEY}}, "keys"),
        ({"keys": [KEY]}, "no ngram_len"),
        (VLLM | {"algorithm": "sbw"}, "algorithm: found sbw"),
        (VLLM | {"algorithm": ["gumbel"]}, "algorithm"),
        (VLLM | {"prf": "murmur"}, "prf"),
        (VLLM | {"key": -KEY}, "key: expected a whole number from 0"),
        (VLLM | {"key": KEY << 64}, "key: expected a whole number from 0"),
        ({"algorithm": "gumbel"}, "key: expected a whole number from 0"),
    ],
)
def test_a_config_that_makes_no_mark_is_refused_without_its_key(document: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        parse_config(document, "gc.json")
    assert str(caught.value).startswith("gc.json: ")
    assert str(KEY) not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"hashing_key": 1, "hashing_key": 2}', "hashing_key stands twice"),
        ('{"greenlist_ratio": NaN}', "NaN"),
        ('{"greenlist_ratio": -Infinity}', "-Infinity"),
        ('{"hashing_key": ' + "7" * 5000 + "}", "a number of 5,000 digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"hashing_key": 7,}', "gc.json:1: not JSON"),
        ("", "not JSON"),
        ('{"a": "\ud800"}', "invalid UTF-8"),
    ],
)
def test_json_that_only_an_attack_writes_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        parse_json(text.encode("utf-8", "surrogatepass"), "gc.json")
    assert "777" not in str(caught.value)
    assert "watermark import --help" in str(caught.value.hint)


def test_a_long_whole_number_is_read_exactly() -> None:
    number = 2**1023 + 1
    assert parse_json(json.dumps({"hashing_key": number}).encode(), "x") == {"hashing_key": number}


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    assert kind_of([], "x") == "soft-bindings"
    assert kind_of({"payloadType": "a"}, "x") == "bundle"
    for config in (KGW, SYNTHID, VLLM, {"watermarking_config": KGW}):
        assert kind_of(config, "x") == "config"
    with pytest.raises(InputError, match="one entry") as caught:
        kind_of({"format": "headwater watermark entry v1"}, "x")
    assert caught.value.hint == "headwater watermark register x"
    path = tmp_path / "large.json"
    path.write_bytes(b'{"payload":"' + b"A" * (5 << 20))
    assert kind_of_file(path) == "bundle"
    path.write_bytes(b"[" + b"{}," * (2 << 20))
    with pytest.raises(InputError, match="over 4,194,304 bytes"):
        kind_of_file(path)
    for strange in ({"a": 1}, "text", 7, None):
        with pytest.raises(InputError, match="none of a bundle"):
            kind_of(strange, "x")


@pytest.mark.parametrize("fields", [KGW, SELF, SYNTHID])
def test_a_models_folder_is_all_that_a_registration_needs(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    """The width of the logits and the tokenizer lie beside the config; the mark is verified."""
    ledger = ledger_of(tmp_path / "acme")
    made = config_description(
        model_folder(tmp_path / "model", fields), name="acme/m", version="1", provider="Acme"
    )
    assert made.description.vocab_size == 1000
    assert str(KEY) not in repr(made)
    path = tmp_path / "notes" / "mark.toml"
    path.parent.mkdir()
    write_private(path, format_description(made.description, path.parent))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = load_description(path)
    for name in ("name", "version", "provider", "algorithm", "vocab_size", "parameters", "key"):
        assert getattr(loaded, name) == getattr(made.description, name)
    with ledger.open(write=True) as log:
        state = register(log, path).state
        (opened,) = open_marks(log)
    assert state.verified and state.key_class == "committed"
    assert state.tokenizer is not None
    family, variant = parse_algorithm(made.config.algorithm)
    assert opened.key == family.key(variant, opened.parameters, made.config.key, 1000)


def test_a_description_with_odd_texts_and_recipients_is_read_back(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "acme")
    mine = my_recipient(ledger.ring).recipient
    made = config_description(
        model_folder(tmp_path / 'mo"del \\ é', KGW | {"hashing_key": 2**200}),
        name="acme/m",
        version='1 "é\x7f',
        provider="Acme \\ Søns",
        recipients={'the "regulator"': mine},
        model="m\u2028n",
    ).description
    path = tmp_path / "mark.toml"
    write_private(path, format_description(made, tmp_path))
    found = load_description(path)
    assert (found.version, found.provider, found.model) == (made.version, made.provider, made.model)
    assert found.recipients == made.recipients and found.key_class == "sealed"
    assert found.key == {"key": 2**200}
    assert isinstance(found.tokenizer, Path) and isinstance(made.tokenizer, Path)
    assert found.tokenizer.resolve() == made.tokenizer.resolve()


def test_what_a_config_does_not_say_must_be_given(tmp_path: Path) -> None:
    path = model_folder(tmp_path / "model", KGW)
    said = {"name": "acme/m", "version": "1", "provider": "Acme"}
    with pytest.raises(InputError, match=r"found 1001, but .*config.json says 1000"):
        config_description(path, **said, vocab_size=1001)
    (path.parent / "config.json").unlink()
    with pytest.raises(InputError, match="how wide") as caught:
        config_description(path, **said)
    assert "--vocab-size" in str(caught.value.hint)
    assert config_description(path, **said, vocab_size=1001).description.vocab_size == 1001
    (path.parent / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="no such file"):
        config_description(path, **said, vocab_size=1001)


def test_a_model_of_text_and_images_says_its_texts_width(tmp_path: Path) -> None:
    path = model_folder(tmp_path / "model", KGW)
    config = {"text_config": {"vocab_size": 2000}, "vocab_size": 1000}
    (path.parent / "config.json").write_text(json.dumps(config))
    made = config_description(path, name="m", version="1", provider="Acme")
    assert made.description.vocab_size == 2000


def test_a_file_with_a_key_is_never_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "mark.toml"
    path.write_text("mine")
    path.chmod(0o644)
    with pytest.raises(RefusedError, match="is there already"):
        write_private(path, b"key = 1")
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(RefusedError, match="is there already"):
        write_private(link, b"key = 1")
    assert path.read_text() == "mine" and not (tmp_path / "elsewhere.toml").exists()


SCHEMES: dict[str, dict[str, Any]] = {
    "kgw/lefthash@1": {"parameters": {"gamma": 0.25}, "key": {"key": KEY}},
    "kgw/selfhash@1": {"parameters": {"gamma": 0.3, "context_width": 4}, "key": {"key": -KEY}},
    "synthid-table/mean@1": {
        "parameters": {"ngram_len": 4, "sampling_table_size": 1001, "sampling_table_seed": -1},
        "key": {"keys": [KEY, -5, 2**64 - 1]},
    },
    "gumbel-philox/single@1": {"parameters": {"context_width": 3}, "key": {"key": 2**64 - 1}},
    "gumbel-philox/dual@1": {"parameters": {"alpha": 0.15}, "key": {"key": KEY}},
}


@pytest.mark.parametrize("algorithm", SCHEMES)
def test_an_exported_config_makes_the_registered_mark(tmp_path: Path, algorithm: str) -> None:
    """Exported, read again and canonicalised, it is the same mark."""
    ledger = ledger_of(tmp_path / "acme")
    engine = "vllm" if "philox" in algorithm else "transformers"
    with ledger.open(write=True) as log:
        register(log, write_description(tmp_path, algorithm=algorithm, **SCHEMES[algorithm]))
        (opened,) = open_marks(log)
        made = engine_file(log, opened.state, engine, with_key=True)
    assert (made.engine, made.has_key, made.secret) == (engine, True, True)
    found = parse_config(parse_json(made.data, "x"), "x")
    assert found.algorithm == algorithm and not found.default_key
    family, variant = parse_algorithm(algorithm)
    parameters = family.parameters(variant, found.parameters, 1000)
    assert parameters == opened.parameters
    assert family.key(variant, parameters, found.key, 1000) == opened.key


@pytest.mark.parametrize("vocab_size", [2, 3, 1000, 50257, 151_936, 2**31 - 1])
@pytest.mark.parametrize("gamma", [0.25, 0.5, 1 / 3, 0.9999, 0.1])
def test_the_green_share_is_the_one_registered(vocab_size: int, gamma: float) -> None:
    green = int(vocab_size * gamma)
    if 0 < green < vocab_size:
        assert int(vocab_size * _ratio(green, vocab_size)) == green
    if (vocab_size, gamma) == (50257, 0.25):
        assert _ratio(green, vocab_size) == 0.25


@pytest.mark.parametrize("algorithm", SCHEMES)
def test_a_secret_key_leaves_only_when_asked(tmp_path: Path, algorithm: str) -> None:
    """Without it the engine must stop, not mark with a well-known key: null stands in its place."""
    ledger = ledger_of(tmp_path / "acme")
    engine = "vllm" if "philox" in algorithm else "transformers"
    with ledger.open(write=True) as log:
        register(log, write_description(tmp_path, algorithm=algorithm, **SCHEMES[algorithm]))
        (opened,) = open_marks(log)
        made = engine_file(log, opened.state, engine)
    assert not made.has_key
    for number in "".join(opened.key.values()).split(","):
        assert number not in made.data.decode()
    document = json.loads(made.data)
    fields = document.get("watermarking_config", document)
    (name,) = {"hashing_key", "keys", "key"} & set(fields)
    assert fields[name] is None
    with pytest.raises(LedgerError):
        parse_config(document, "x")


def test_a_public_key_goes_along(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "acme")
    changes = dict(SCHEMES["kgw/lefthash@1"], key={"key": 15485863})
    with ledger.open(write=True) as log:
        register(
            log,
            write_description(tmp_path, algorithm="kgw/lefthash@1", key_class="public", **changes),
        )
        made = engine_file(log, find_mark(log, "acme-writer"), "transformers")
    assert (made.has_key, made.secret) == (True, False)
    assert json.loads(made.data) == {
        "watermarking_config": {
            "context_width": 1,
            "greenlist_ratio": 0.25,
            "hashing_key": 15485863,
            "seeding_scheme": "lefthash",
        }
    }


def test_a_mark_that_no_engine_makes_or_that_is_revoked_is_refused(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "acme")
    with ledger.open(write=True) as log:
        register(log, write_description(tmp_path))
        state = find_mark(log, "acme-writer")
        with pytest.raises(InputError, match="transformers does not make unigram/shuffle@1"):
            engine_file(log, state, "transformers")
        with pytest.raises(InputError, match="expected transformers or vllm"):
            engine_file(log, state, "sglang")
        changes = SCHEMES["kgw/lefthash@1"]
        register(
            log,
            write_description(tmp_path, version="2", algorithm="kgw/lefthash@1", **changes),
        )
        revoke(log, "acme-writer@2")
        with pytest.raises(RefusedError, match="was revoked"):
            engine_file(log, find_mark(log, "acme-writer@2"), "transformers")


def test_a_key_that_is_elsewhere_cannot_be_exported(tmp_path: Path) -> None:
    acme, other = ledger_of(tmp_path / "acme"), ledger_of(tmp_path / "other", provider=None)
    changes = SCHEMES["kgw/lefthash@1"]
    with acme.open(write=True) as log:
        state = register(
            log, write_description(tmp_path, algorithm="kgw/lefthash@1", **changes)
        ).state
        file = entry_file(log, state)
    other.ring.trust(state.provider_key, "provider")
    with other.open(write=True) as log:
        register_entry(log, file)
        found = find_mark(log, "acme-writer", at=AT)
        with pytest.raises(RefusedError, match="its key is not at hand"):
            engine_file(log, found, "transformers", with_key=True)
        assert not engine_file(log, found, "transformers").has_key


def test_a_typing_error_in_a_field_is_told_with_the_near_name() -> None:
    with pytest.raises(InputError) as caught:
        config_of(KGW | {"hashing_kye": 5})
    assert "hashing_key" in str(caught.value.hint)
    assert not isinstance(caught.value, UnknownNameError)
