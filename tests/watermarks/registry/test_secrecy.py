"""A key that is not public is nowhere: no file but its own, no message, no repr, no traceback."""

import contextlib
import io
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import LedgerError
from ledger.log.log import Log
from ledger.watermarks.registry.changes import correct, entry_file, retire, revoke, rotate, share
from ledger.watermarks.registry.check import check
from ledger.watermarks.registry.describe import describe, load_description
from ledger.watermarks.registry.entry import format_entry_file
from ledger.watermarks.registry.keystore import stored_envelopes
from ledger.watermarks.registry.opening import find_material, open_decoder
from ledger.watermarks.registry.recipients import my_recipient
from ledger.watermarks.registry.register import load_envelope, register
from ledger.watermarks.registry.states import find_mark, marks, open_marks, stored_vectors
from ledger.watermarks.schemes import parse_algorithm
from tests.log.making import assert_whole
from tests.watermarks.registry.making import AT, ledger_of, write_description

KEY = 8_123_456_789_012_345_671  # fits a signed and an unsigned word of 64 bits
SCHEMES: dict[str, dict[str, Any]] = {
    "philox": {
        "algorithm": "gumbel-philox/single@1",
        "parameters": {"context_width": 4},
        "key": {"key": KEY},
    },
    "kgw": {
        "algorithm": "kgw/lefthash@1",
        "parameters": {"gamma": 0.25},
        "key": {"key": KEY},
    },
}


def canonical(scheme: str) -> int:
    """The key as the scheme sees it, which is what is kept."""
    said = SCHEMES[scheme]
    family, variant = parse_algorithm(said["algorithm"])
    parameters = family.parameters(variant, said["parameters"], 1000)
    return int(family.key(variant, parameters, said["key"], 1000)["key"])


NUMBERS = {KEY, *map(canonical, SCHEMES)}
SPELLINGS = [
    *(f"{number:{form}}".encode() for number in NUMBERS for form in ("d", "x", ",")),
    *(number.to_bytes(8, order) for number in NUMBERS for order in ("little", "big")),
]


def assert_hidden(text: str | bytes, place: str) -> None:
    data = text.encode() if isinstance(text, str) else text
    for spelling in SPELLINGS:
        assert spelling not in data, f"the key stands in {place}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("key_class", ["committed", "sealed"])
def test_a_key_is_nowhere(
    tmp_path: Path, scheme: str, key_class: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ledger = ledger_of(tmp_path / "acme")
    regulator = ledger_of(tmp_path / "regulator", provider=None)
    named = {"regulator": my_recipient(regulator.ring).recipient}
    changes = dict(SCHEMES[scheme], key_class=key_class)
    if key_class == "sealed":
        changes["recipients"] = named
    path = write_description(tmp_path, **changes)
    said = io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        ledger.open(write=True) as log,
    ):
        results: list[Any] = [load_description(path)]
        results += [describe(load_description(path), log.keys, now=AT)]
        results += [register(log, path), register(log, path), *marks(log), *open_marks(log)]
        results += [check(log, "acme-writer"), share(log, "acme-writer", named)]
        results += [retire(log, "acme-writer"), revoke(log, "acme-writer", because="leak")]
        results += [correct(log, write_description(tmp_path, **changes, model="m"))]
        file = entry_file(log, find_mark(log, "acme-writer"))
        results += [file, format_entry_file(file), find_mark(log, "acme-writer")]
        results += [stored_envelopes(log), share(log, "acme-writer", named).data]
        register(log, write_description(tmp_path, "b.toml", **changes, name="b"))
        results += rotate(log, "b", write_description(tmp_path, "c.toml", **changes, name="c"))
        results += [decoder_of(log)]
    assert len(results) > 15
    for result in results:
        assert_hidden(f"{result!r} {result}", type(result).__name__)
    assert_hidden(said.getvalue() + caplog.text, "what was printed or logged")
    places = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".toml"]
    assert {"ledger.db", "ledger.vault.db", "marks.x25519"} <= {p.name for p in places}
    for place in places:
        assert_hidden(place.read_bytes(), str(place))
    assert_whole(ledger)


def decoder_of(log: Log) -> Any:
    """The decoder and the key material themselves: even they show nothing."""
    state = find_mark(log, "acme-writer")
    stored = stored_envelopes(log)[state.subject]
    material = find_material(state.subject, state.body, log.keys, stored)
    vectors = stored_vectors(log, state.body)
    assert material is not None and vectors is not None
    assert int(material.key["key"]) in NUMBERS  # it is there, and shown nowhere
    return repr([open_decoder(state.body, material, vectors, "x"), material])


FAILURES: dict[str, Callable[[Path], Any]] = {
    "an unknown scheme": lambda p: write_description(p, key={"key": KEY}, algorithm="kgw/x@1"),
    "an unknown field": lambda p: write_description(p, key={"kye": KEY}),
    "a key too large": lambda p: changed(p, key={"key": int(f"{KEY}{KEY}{KEY}")}),
    "a real key": lambda p: changed(p, key={"key": f"{KEY}.5"}),
    "a key in a list": lambda p: changed(p, key={"key": [KEY]}),
    "a key of text": lambda p: changed(p, key={"key": f"{KEY} "}),
    "a key as parameter": lambda p: changed(p, parameters={"key": KEY}),
    "a key as class": lambda p: changed(p, key_class=str(KEY)),
    "a key as table": lambda p: changed(p, key=KEY),
    "a vocabulary that is none": lambda p: changed(p, vocab_size=1),
    "a key in a broken file": lambda p: broken(p, f"[key]\nkey = {KEY} {KEY}\n"),
    "a key in a broken text": lambda p: broken(p, f"[key]\nkey = '{KEY}\n"),
    "a key in a bad date": lambda p: broken(p, f"[key]\nkey = {KEY}-01-01\n"),
    "a key twice": lambda p: broken(p, f"[key]\nkey = {KEY}\nkey = {KEY}\n"),
    "an entry file with a key": lambda p: broken(p, f'{{"body":{{"key":{KEY}}}}}'),
    "an entry file with a key of text": lambda p: broken(p, f'{{"key":"{KEY}","x":NaN}}'),
}


def changed(folder: Path, **changes: Any) -> Path:
    return write_description(folder, **{**SCHEMES["kgw"], **changes})


def broken(folder: Path, text: str) -> Path:
    path = folder / "mark.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("name", FAILURES)
def test_no_refusal_shows_the_key(tmp_path: Path, name: str) -> None:
    ledger = ledger_of(tmp_path / "acme")
    path = FAILURES[name](tmp_path)
    with ledger.open(write=True) as log, pytest.raises(LedgerError) as refused:
        register(log, path)
    error = refused.value
    assert_hidden("".join(traceback.format_exception(error)), "the traceback")
    assert_hidden(f"{error!r}{error.hint}{error.__dict__}", "the error")


def test_a_damaged_envelope_shows_nothing(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "acme")
    with ledger.open(write=True) as log:
        register(log, changed(tmp_path, key_class="committed"))
        data = share(log, "acme-writer", {}).data
        for place in range(20, len(data), 31):
            wrong = bytearray(data)
            wrong[place] ^= 1
            path = tmp_path / "key.json"
            path.write_bytes(bytes(wrong))
            with pytest.raises(LedgerError) as refused:
                check(log, "acme-writer", key=load_envelope(path))
                raise LedgerError("a recipient that is not us, so the stored key was taken")
            assert_hidden("".join(traceback.format_exception(refused.value)), "the traceback")
