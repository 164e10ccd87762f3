"""A mark is verified where its key is at hand, and says what to beware of."""

import dataclasses
import os
from pathlib import Path

import pytest

from ledger.errors import (
    InputError,
    VerificationError,
)
from ledger.watermarks.registry.changes import entry_file, share
from ledger.watermarks.registry.check import check, check_tokenizer
from ledger.watermarks.registry.entry import format_entry_file
from ledger.watermarks.registry.keystore import KeyMaterial
from ledger.watermarks.registry.opening import open_decoder
from ledger.watermarks.registry.recipients import my_recipient
from ledger.watermarks.registry.register import (
    load_envelope,
)
from ledger.watermarks.registry.states import open_marks, stored_vectors
from tests.log.making import Ledger, assert_whole
from tests.watermarks.registry.making import (
    SECRET,
    do,
    ledger_of,
    made,
    provider_of,
    state_of,
    write_description,
)


def test_a_public_key_is_verified_by_anybody(acme: Ledger, other: Ledger, tmp_path: Path) -> None:
    done = do(other, made(acme, tmp_path, key_class="public"))
    assert done.state.verified
    assert any(warning.startswith("public-key:") for warning in done.state.warnings)


def test_a_sealed_key_is_opened_by_its_recipient_alone(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    mine = my_recipient(other.ring).recipient
    path = made(acme, tmp_path, key_class="sealed", recipients={"other": mine})
    done = do(other, path)
    assert done.state.verified and done.state.recipients == ("other",)
    third = ledger_of(tmp_path / "third", provider=None)
    third.ring.trust(provider_of(acme.ring).verifier.vkey, "provider")
    assert do(third, path).state.unverified == "its key is not at hand"
    with other.open() as log:
        (opened,) = open_marks(log)
        assert format_entry_file(entry_file(log, opened.state)) == path.read_bytes()
        assert " key=" not in repr(opened) and opened.key["seed"] not in repr(opened)
    assert_whole(other)
    assert_whole(third)


def test_a_key_that_is_handed_over_is_checked_and_kept(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    path = made(acme, tmp_path)
    assert not do(other, path).state.verified
    handed = tmp_path / "key.json"
    with acme.open() as log:
        named = {"other": my_recipient(other.ring).recipient}
        handed.write_bytes(share(log, "acme-writer", named).data)
    with other.open(write=True) as log:
        checked = check(log, "acme-writer", key=load_envelope(handed))
    assert checked.verified and checked.kept and checked.commitment and checked.demo_key is False
    assert [vector.tokens for vector in checked.vectors] == [256] * 4
    assert state_of(other).verified
    third = ledger_of(tmp_path / "third", provider=None)
    third.ring.trust(provider_of(acme.ring).verifier.vkey, "provider")
    with pytest.raises(VerificationError, match="not for this installation"):
        do(third, path, handed)
    assert_whole(other)


def test_a_key_given_later_with_the_same_entry_is_kept_too(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    path, handed = made(acme, tmp_path), tmp_path / "key.json"
    do(other, path)
    with acme.open() as log:
        named = {"other": my_recipient(other.ring).recipient}
        handed.write_bytes(share(log, "acme-writer", named).data)
    done = do(other, path, handed)
    assert not done.new and done.state.verified and state_of(other).verified


def test_a_secret_key_has_one_spelling_too(acme: Ledger, tmp_path: Path) -> None:
    state = do(acme, write_description(tmp_path)).state
    spelled = KeyMaterial({"watermark_key": str(SECRET)}, bytes(32))
    with acme.open() as log:
        vectors = stored_vectors(log, state.body)
        assert vectors is not None
        with pytest.raises(VerificationError, match="is not the canonical key") as refused:
            open_decoder(state.body, spelled, vectors, "mark")
    assert str(SECRET) not in str(refused.value)


def test_an_envelope_of_another_mark_or_key_is_refused(
    acme: Ledger, other: Ledger, tmp_path: Path
) -> None:
    named = {"other": my_recipient(other.ring).recipient}
    first, second = made(acme, tmp_path), tmp_path / "key.json"
    do(acme, write_description(tmp_path, version="2"))
    with acme.open() as log:
        second.write_bytes(share(log, "acme-writer@2", named).data)
    with pytest.raises(VerificationError, match="another mark"):
        do(other, first, second)
    with pytest.raises(InputError, match="has its key inside"):
        do(acme, write_description(tmp_path), second)


def test_equal_effective_keys_collide_visibly(acme: Ledger, tmp_path: Path) -> None:
    """By the name of another scheme, another version, another spelling of the key."""
    lefthash = {"algorithm": "kgw/lefthash@1", "parameters": {"gamma": 0.25}}
    do(acme, write_description(tmp_path, **lefthash, key={"key": 4_000_000_007}))
    wrapped = write_description(tmp_path, **lefthash, name="b", key={"key": 4_000_000_007 + 2**32})
    simple = write_description(
        tmp_path,
        "simple.toml",
        name="c",
        algorithm="kgw/extended@1",
        parameters={
            "gamma": 0.25,
            "prf": "multiplicative",
            "context_width": 1,
            "self_salt": False,
        },
        key={"key": 4_000_000_007},
    )
    done = do(acme, wrapped)
    assert [w for w in done.state.warnings if w.startswith("collision:")] == [
        "collision: the same effective key decides for acme-writer@1"
    ]
    assert any("acme-writer@1, b@1" in warning for warning in do(acme, simple).state.warnings)
    third = do(acme, write_description(tmp_path, **lefthash, name="d", key={"key": 5}))
    assert not any(warning.startswith("collision:") for warning in third.state.warnings)


def test_a_well_known_default_key_is_said(acme: Ledger, tmp_path: Path) -> None:
    changes = {"algorithm": "kgw/lefthash@1", "parameters": {"gamma": 0.25}}
    done = do(acme, write_description(tmp_path, **changes, key={"key": 15_485_863}))
    assert any(warning.startswith("demo-key:") for warning in done.state.warnings)
    with acme.open() as log:
        assert check(log, "acme-writer").demo_key
    other = do(acme, write_description(tmp_path, **changes, version="2", key={"key": 15_485_864}))
    assert not any(warning.startswith("demo-key:") for warning in other.state.warnings)


def test_a_remote_mark_is_listed_and_never_verified(acme: Ledger, tmp_path: Path) -> None:
    endpoint = "https://acme.example/detect"
    path = write_description(
        tmp_path, key_class="remote", key=None, tokenizer=None, endpoint=endpoint
    )
    done = do(acme, path)
    assert done.state.endpoint == endpoint and not done.state.verified
    assert "only its provider" in (done.state.unverified or "")
    with acme.open() as log:
        assert not check(log, "acme-writer").verified
        assert open_marks(log) == []


def test_vectors_that_the_vault_withholds_are_said(acme: Ledger, tmp_path: Path) -> None:
    do(acme, write_description(tmp_path, key_class="public"))
    os.unlink(acme.vault)
    state = state_of(acme)
    assert state.counts and not state.verified
    assert state.unverified == "its vectors are not in the vault"


def test_a_vault_without_the_config_folder_gives_no_key(acme: Ledger, tmp_path: Path) -> None:
    do(acme, write_description(tmp_path))
    os.unlink(acme.ring.folder / "marks.x25519")
    state = state_of(acme)
    assert state.counts and state.unverified == "its key is not at hand"


def test_another_tokenizer_is_refused(acme: Ledger, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="makes two small tokenizers")
    from ledger.watermarks.tokenization.load import load

    paths = []
    for number, words in enumerate((["a", "b"], ["b", "a"])):
        paths.append(tmp_path / f"{number}.json")
        vocabulary = {word: place for place, word in enumerate(words)}
        model = tokenizers.models.WordLevel(vocabulary, unk_token="a")
        tokenizers.Tokenizer(model).save(str(paths[-1]))
    found = load(paths[0])
    digests = {"definition": found.definition, "behaviour": found.behaviour}
    do(acme, write_description(tmp_path, tokenizer=digests))
    state = state_of(acme)
    check_tokenizer(state, paths[0])
    renamed = dataclasses.replace(state, tokenizer="sha256:" + "0" * 64)
    with pytest.raises(VerificationError, match="same ids for the probe text, but is defined"):
        check_tokenizer(renamed, paths[0])  # no scan would take it for the mark's
    with pytest.raises(VerificationError, match=r"1\.json: tokenizer sha256:.*acme-writer@1"):
        check_tokenizer(state, paths[1])
    with acme.open() as log, pytest.raises(VerificationError):
        check(log, "acme-writer", tokenizer=paths[1])
    with acme.open() as log:
        assert check(log, "acme-writer", tokenizer=paths[0]).tokenizer


def test_a_scan_finds_the_tokenizer_that_a_description_named(acme: Ledger, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="makes a small tokenizer")
    from ledger.provenance.overlap import sidecar_folder
    from ledger.watermarks.tokenization.kept import find_kept

    model = tokenizers.models.WordLevel({"a": 0, "b": 1}, unk_token="a")
    tokenizers.Tokenizer(model).save(str(tmp_path / "tokenizer.json"))
    state = do(acme, write_description(tmp_path, tokenizer="tokenizer.json")).state
    (tmp_path / "tokenizer.json").unlink()
    kept = find_kept(sidecar_folder(acme.location), str(state.tokenizer))
    assert kept is not None and kept.behaviour == state.tokenizer_behaviour
