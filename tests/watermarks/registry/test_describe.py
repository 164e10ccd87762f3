"""A description by hand: every slip has its place, and no message shows a key."""

import traceback
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import (
    InputError,
    KeyPermissionError,
    LedgerError,
    MalformedError,
    RefusedError,
)
from ledger.log.keys import KeyRing
from ledger.watermarks.registry.describe import describe, load_description, provider_signer
from ledger.watermarks.registry.recipients import my_recipient
from tests.watermarks.registry.making import AT, DAY, PROVIDER, SECRET, write_description


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    ring = KeyRing(tmp_path / "config")
    ring.generate(PROVIDER, "provider")
    return ring


def refusal(path: Path, ring: KeyRing) -> LedgerError:
    """The error of a description; neither it nor its traceback shows the key."""
    with pytest.raises(LedgerError) as refused:
        describe(load_description(path), ring, now=AT)
    shown = "".join(traceback.format_exception(refused.value)) + str(refused.value.hint)
    assert str(SECRET) not in shown
    return refused.value


def test_a_description_becomes_canonical(tmp_path: Path, ring: KeyRing) -> None:
    path = write_description(
        tmp_path, key_class="public", not_after=AT + DAY, model="acme-7b", because="first"
    )
    path.write_text(path.read_text() + "not_before = 2026-02-01\n")
    body = describe(load_description(path), ring, now=AT).file.body
    assert body.parameters == {"green_tokens": "500"}
    assert body.key is not None and list(body.key) == ["seed"]
    assert (body.not_before, body.not_after, body.issued_at) == (1_769_904_000, AT + DAY, AT)
    assert (body.model, body.because, body.status) == ("acme-7b", "first", "active")
    assert body.supersedes is None and body.vectors is not None


def test_equal_effective_keys_have_equal_fingerprints(tmp_path: Path, ring: KeyRing) -> None:
    def fingerprint(key: int) -> str | None:
        path = write_description(
            tmp_path,
            algorithm="kgw/lefthash@1",
            key_class="public",
            parameters={"gamma": 0.25},
            key={"key": key},
        )
        return describe(load_description(path), ring, now=AT).file.body.key_fingerprint

    assert fingerprint(15485863) == fingerprint(15485863 + 2**32)
    assert fingerprint(15485863) != fingerprint(15485864)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("nme = 'x'\n", 1, "unknown key: nme"),
        ("name = 'x'\nvocab-size = 5\n", 2, "unknown key: vocab-size"),
        ("name = 'x'\nhashing_key = 7777123456789\n", 2, "unknown key: hashing_key"),
        ("name = 'x'\nname = 'y'\n", None, "not TOML"),
        ("name = 'x\n", None, "not TOML"),
        ("[key]\nhashing_key = 7777123456789_\n", 2, "not TOML"),
        ("[key]\nhashing_key = 777712345678 9\n", 2, "not TOML"),
        ("name = 'x'\nnot_before = 2026-02-30\n", 2, "not TOML"),
        ("a = " + "[" * 2000 + "]" * 2000, None, "nested too deeply"),
        ("a" + ".a" * 1500 + " = 1\n" * 12, None, ""),
        ("a = " + "9" * 4000 + "\n", 1, ""),
        ("x" * 5000, 1, "a line of 5000 bytes"),
        ("name = 'x'\n" * 7000, None, "over 65536 bytes"),
        ("name = '\x00'\n", 1, "not TOML"),
        ("", None, "no name"),
    ],
)
def test_a_file_that_is_no_description_is_refused_at_its_line(
    tmp_path: Path, ring: KeyRing, text: str, line: int | None, words: str
) -> None:
    path = tmp_path / "mark.toml"
    path.write_text(text)
    path.chmod(0o600)
    error = refusal(path, ring)
    assert isinstance(error, MalformedError) and words in str(error)
    assert line is None or error.line == line
    assert ("register --help" in str(error.hint)) == ("not TOML" in str(error))
    assert "77771234" not in f"{error} {error.hint}"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path, ring: KeyRing) -> None:
    path = tmp_path / "mark.toml"
    path.write_bytes(b"name = 'x'\nmodel = '\xff'\n")
    assert "mark.toml:2: invalid UTF-8" in str(refusal(path, ring))
    assert "no such file" in str(refusal(tmp_path / "none.toml", ring))
    assert "directory" in str(refusal(tmp_path, ring))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown scheme": ({"algorithm": "unigram/shufle@1"}, "unknown watermark scheme"),
    "a number for a name": ({"name": 5}, "name: expected text"),
    "no version": ({"version": None}, "no version"),
    "a vocabulary as text": ({"vocab_size": "1000"}, "vocab_size: expected a whole number"),
    "a boolean vocabulary": ({"vocab_size": True}, "vocab_size: expected a whole number"),
    "no vocabulary": ({"vocab_size": 1}, "vocab_size: expected a whole number from 2"),
    "a negative one": ({"vocab_size": -1}, "vocab_size: expected a whole number from 2"),
    "a huge one": ({"vocab_size": 2**31}, "vocab_size: expected a whole number from 2"),
    "an unknown class": ({"key_class": "secret"}, "key_class: expected public, committed"),
    "a key that is no table": ({"key": SECRET}, "key: expected a table"),
    "parameters that are none": ({"parameters": "x"}, "parameters: expected a table"),
    "a real key": ({"key": {"watermark_key": SECRET + 0.5}}, "watermark_key"),
    "a boolean key": ({"key": {"watermark_key": True}}, "watermark_key"),
    "a key too large": ({"key": {"watermark_key": SECRET * 10**30}}, "watermark_key"),
    "a key as text": ({"key": {"watermark_key": f"{SECRET}x"}}, "watermark_key"),
    "an unknown key": ({"key": {"hashing_key": SECRET}}, "unknown field"),
    "no key": ({"key": None}, "seed: found nothing"),
    "an unknown parameter": ({"parameters": {"gamma": 0.5}}, "unknown parameter of unigram: gamma"),
    "a list of all": ({"parameters": {"fraction": 1.0}}, "fraction"),
    "recipients of numbers": ({"recipients": {"a": 5}}, "recipients: expected NAME"),
    "recipients of a committed key": ({"recipients": {"a": "hwr1"}}, "expected a recipient"),
    "sealed to nobody": ({"key_class": "sealed"}, "sealed without recipients"),
    "remote without endpoint": ({"key_class": "remote", "key": None}, "endpoint"),
    "remote with a key": ({"key_class": "remote"}, "expected none"),
    "an endpoint in the clear": ({"endpoint": "http://acme.example"}, "expected https://"),
    "a tokenizer that is a number": ({"tokenizer": 5}, "tokenizer: expected a file"),
    "half a tokenizer": ({"tokenizer": {"definition": "x"}}, "tokenizer: expected a file"),
    "no digests": ({"tokenizer": {"definition": "x", "behaviour": "y"}}, "tokenizer"),
    "no tokenizer": ({"tokenizer": None}, "both digests"),
    "a tokenizer that is not there": ({"tokenizer": "none.json"}, "none.json"),
    "a time as text": ({"not_before": "2026-02-01"}, "not_before: expected a date"),
    "an end before the start": ({"not_before": 9, "not_after": 5}, "not_before is after"),
    "a huge time": ({"not_before": 2**60}, "not_before"),
    "a name with a slash at the end": ({"name": "acme/"}, "name"),
    "somebody else's provider key": ({"provider_key": "eve+00000000"}, "no provider key"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_slip_is_said_with_its_name(tmp_path: Path, ring: KeyRing, name: str) -> None:
    changes, words = WRONG[name]
    error = refusal(write_description(tmp_path, **changes), ring)
    assert words in str(error)
    assert "mark.toml" in str(error) or isinstance(error, RefusedError)
    assert len(str(error)) < 400


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "0x10", "-5", "07:32:00"])
def test_numbers_that_are_none_are_no_parameters(tmp_path: Path, ring: KeyRing, value: str) -> None:
    path = write_description(tmp_path, parameters=None)
    path.write_text(path.read_text() + f"[parameters]\nfraction = {value}\n")
    assert "fraction" in str(refusal(path, ring))


def test_near_names_are_offered(tmp_path: Path, ring: KeyRing) -> None:
    path = write_description(tmp_path)
    path.write_text(path.read_text() + "tokeniser = 'x'\n")
    assert "tokenizer" in (refusal(path, ring).hint or "")
    error = refusal(write_description(tmp_path, algorithm="unigram/shufle@1"), ring)
    assert "unigram/shuffle@1" in (error.hint or "")


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_secret_key_that_others_can_read_is_refused(
    tmp_path: Path, ring: KeyRing, mode: int
) -> None:
    path = write_description(tmp_path)
    path.chmod(mode)
    assert isinstance(refusal(path, ring), KeyPermissionError)
    public = write_description(tmp_path, "public.toml", key_class="public")
    public.chmod(mode)
    describe(load_description(public), ring, now=AT)


def test_a_local_time_is_no_moment(tmp_path: Path, ring: KeyRing) -> None:
    path = write_description(tmp_path)
    text = path.read_text()
    path.write_text(text + "not_before = 2026-02-01T12:00:00\n")
    assert "with its offset" in str(refusal(path, ring))
    path.write_text(text + "not_before = 2026-02-01T12:00:00+01:00\n")
    body = describe(load_description(path), ring, now=AT).file.body
    assert body.not_before == 1_769_904_000 + 11 * 3600


def test_the_provider_s_key_is_chosen_without_a_guess(tmp_path: Path, ring: KeyRing) -> None:
    description = load_description(write_description(tmp_path))
    assert provider_signer(description, ring).name == PROVIDER
    with pytest.raises(RefusedError, match="no provider key") as none:
        provider_signer(description, KeyRing(tmp_path / "empty"))
    assert none.value.hint == "headwater key generate NAME --use provider"
    other = load_description(write_description(tmp_path, provider="Acme Inc."))
    assert provider_signer(other, ring).name == PROVIDER  # the only one there is
    second = ring.generate("acme.example/second", "provider")
    with pytest.raises(InputError, match="2 provider keys"):
        provider_signer(other, ring)
    said = write_description(tmp_path, provider_key=second.verifier.label)
    assert provider_signer(load_description(said), ring).verifier == second.verifier
    assert provider_signer(description, ring).name == PROVIDER


def test_keys_of_other_uses_do_not_sign_marks(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "config")
    for use in ("log", "statement", "claim"):
        ring.generate(PROVIDER, use)
    with pytest.raises(RefusedError, match="no provider key"):
        provider_signer(load_description(write_description(tmp_path)), ring)


def test_sealing_to_a_mistyped_recipient_is_refused(tmp_path: Path, ring: KeyRing) -> None:
    good = my_recipient(KeyRing(tmp_path / "other")).recipient
    wrong = good[:-1] + ("a" if good[-1] != "a" else "b")
    path = write_description(tmp_path, key_class="sealed", recipients={"regulator": wrong})
    assert "expected a recipient" in str(refusal(path, ring))


def test_a_tokenizer_s_file_is_fingerprinted_and_must_fit(tmp_path: Path, ring: KeyRing) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="trains a small BPE")
    from ledger.watermarks.tokenization.load import load

    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet)
    made.train_from_iterator(["a small text for a small tokenizer " * 20], trainer)
    made.save(str(tmp_path / "tokenizer.json"))
    found = load(tmp_path / "tokenizer.json")
    path = write_description(tmp_path, tokenizer="tokenizer.json", vocab_size=found.vocab_size)
    body = describe(load_description(path), ring, now=AT).file.body
    assert (body.tokenizer, body.tokenizer_behaviour) == (found.definition, found.behaviour)
    small = found.vocab_size - 1
    path = write_description(tmp_path, tokenizer="tokenizer.json", vocab_size=small)
    assert f"but vocab_size is {small}" in str(refusal(path, ring))
