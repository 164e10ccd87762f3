"""What every convention must do, whatever the bytes."""

import re
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.claims.authorship import Authorship
from ledger.errors import InputError
from ledger.log.notes import Signer
from ledger.provenance.conventions import (
    MAX_BYTES,
    Disclosure,
    conventions,
    find_convention,
    of_file,
    writers,
)
from tests.provenance.conventions.samples import TEXT, samples

AUTHOR = Signer("example.org/author", Ed25519PrivateKey.from_private_bytes(b"a" * 32))
SAMPLES = samples(AUTHOR)
NAMES = sorted(SAMPLES)
WRITTEN = ("front_matter", "html", "json_ld", "trailer")
_WHERE = re.compile(r"x[ -~]*")


def _check(found: list[Disclosure], content: bytes) -> None:
    """What holds of anything that was read."""
    for one in found:
        assert one.assistance in ("A0", "A1", "A2", "A3", "A4", "AX")
        assert one.weight in (None, "medium", "weak")
        assert one.convention in NAMES
        assert _WHERE.fullmatch(one.where), one.where
        assert one.note is None or (one.note.isprintable() and len(one.note) <= 1000)
        assert one.assistance != "AX" or one.note
        Authorship.model_validate(
            {
                "assistance": one.assistance,
                "convention": one.convention,
                **({} if one.model is None else {"model": one.model}),
                **({} if one.weight is None else {"weight": one.weight}),
                **({} if one.at is None else {"issued_at": one.at}),
            }
        )
        assert one.model is None or one.model.isprintable()
        end = 0
        for start, stop in one.ranges or ():
            assert end <= start < stop <= len(content)
            end = stop
        last = 0
        for first, final in one.lines or ():
            assert last < first <= final
            last = final


def test_a_convention_has_no_sample() -> None:
    assert sorted(conventions()) == NAMES
    assert tuple(sorted(writers())) == WRITTEN


@pytest.mark.parametrize("name", NAMES)
def test_a_disclosure_is_not_read(name: str) -> None:
    found = find_convention(name).read(SAMPLES[name], "x")
    _check(found, SAMPLES[name])
    (one,) = found
    assert (one.convention, one.assistance) == (name, "A3")
    assert one.model == (None if name == "json_ld" else "a-model")
    assert one.weight is None and one.person is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", TEXT, b"\xff\xfe\x00", b"\xef\xbb\xbf# A text\n\nnone\n"])
def test_a_text_that_says_nothing_says_something(name: str, content: bytes) -> None:
    found = find_convention(name).read(content, "x")
    _check(found, content)
    assert {one.assistance for one in found} <= {"AX"}  # a note that is no note says why
    if find_convention(name).of_files:
        assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_disclosure_stops_the_reading(name: str) -> None:
    """Every byte cut off the end, and many changed ones."""
    convention, sample = find_convention(name), SAMPLES[name]
    for end in range(len(sample)):
        _check(convention.read(sample[:end], "x"), sample[:end])
    for at in range(0, len(sample), 3):
        for byte in (0, 0x0A, 0x22, 0x3C, 0xFF, sample[at] ^ 1):
            changed = sample[:at] + bytes([byte]) + sample[at + 1 :]
            _check(convention.read(changed, "x"), changed)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_hostile_bytes_stop_the_reading(name: str, data: st.DataObject) -> None:
    sample = SAMPLES[name]
    piece = st.one_of(
        st.binary(max_size=12),
        st.tuples(st.integers(0, len(sample)), st.integers(0, 40)).map(
            lambda cut: sample[cut[0] : cut[0] + cut[1]]
        ),
    )
    content = b"".join(data.draw(st.lists(piece, max_size=12)))
    _check(find_convention(name).read(content, "x"), content)


@pytest.mark.parametrize("name", NAMES)
def test_reading_changes_with_time(name: str) -> None:
    convention = find_convention(name)
    assert convention.read(SAMPLES[name], "x") == convention.read(SAMPLES[name], "x")


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"git_ai"}))
def test_a_text_without_end_is_read(name: str) -> None:
    with pytest.raises(InputError, match=r"expected at most \d+ to look for disclosures"):
        find_convention(name).read(bytes(MAX_BYTES + 1), "x")


def test_a_note_without_end_is_read() -> None:
    (one,) = find_convention("git_ai").read(bytes(MAX_BYTES + 1), "x")
    assert one.assistance == "AX"
    assert one.note == f"{MAX_BYTES + 1} bytes, expected at most {MAX_BYTES}"


_BOMBS = {
    "tags": lambda n: (
        b"ai-disclosure digitalSourceType" + b"<p ai-disclosure=none></p>" * (n // 26)
    ),
    "open": lambda n: b"ai-disclosure digitalSourceType" + b"<b>" * (n // 3),
    "comments": lambda n: b"ai-disclosure digitalSourceType" + b"<!--" * (n // 4),
    "quotes": lambda n: b"ai-disclosure digitalSourceType" + b'<a b="' * (n // 6),
    "scripts": lambda n: b"digitalSourceType" + b"<script type=application/ld+json>{" * (n // 34),
    "brackets": lambda n: b'["digitalSourceType"' + b"[" * n,
    "selectors": lambda n: "\ufeff\ufe00".encode() * (n // 6),
    "armour": lambda n: b"-----BEGIN C2PA MANIFEST-----" * (n // 29),
    "padding": lambda n: (
        b"-----BEGIN C2PA MANIFEST-----\nx" + b" " * n + b"y\n-----END C2PA MANIFEST-----"
    ),
    "remark": lambda n: b"---\nai-disclosure: a" + b" " * min(n, 65_000) + b"!\n---\n",
    "links": lambda n: b"application/c2pa" + b"<link rel=" * (n // 10),
    "fences": lambda n: b"---\n" * (n // 4),
    "keys": lambda n: b"---\n" + b"ai-model: *a\n" * (n // 13) + b"---\n",
    "entries": lambda n: b"a\n" + b"  s_1 1\n" * (n // 8) + b"---\n{}",
    "ranges": lambda n: b"a\n  s_1 " + b"1," * (n // 2) + b"1\n---\n{}",
    "folds": lambda n: b"t\n\nAssisted-by: a\n" + b" b\n" * (n // 3),
    "blanks": lambda n: b"t\n\nAssisted-by: a" + b" " * n + b"<",
    "lines": lambda n: b"{}\n" * (n // 3),
}


@pytest.mark.parametrize("bomb", sorted(_BOMBS))
def test_time_grows_with_the_square(bomb: str) -> None:
    """Eight times the bytes take eight times as long, and noise; the square would be 64 times."""
    taken = []
    for size in (60_000, 480_000):
        content = _BOMBS[bomb](size)
        best = 1e9
        for _ in range(3):
            begun = time.perf_counter()
            for convention in conventions().values():
                _check(convention.read(content, "x")[:10], content)
            best = min(best, time.perf_counter() - begun)
        taken.append(best)
    assert taken[1] < 25 * taken[0] + 0.05, taken


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("assistance", ["A2", "A3"])
def test_what_is_written_is_not_read(name: str, assistance: str) -> None:
    model = (
        None if name == "json_ld" else "Model 1.5: <x> & 'y'" if name != "trailer" else "Model 1"
    )
    said = [Disclosure("a", assistance, model)]
    pages = {
        "front_matter": (b"", TEXT, b"---\ntitle: x\n---\nx\n", b"---\r\ntitle: x\r\n---\r\nx\r\n"),
        "html": (b"", b"<p>x</p>", b"<!doctype html><html><head><title>x</title></head><p>x"),
        "json_ld": (b"", b"<p>x</p>", b"<!doctype html><html><head><title>x</title></head><p>x"),
        "trailer": (b"title\n", b"title\n\nbody\n", b"title\n\nSigned-off-by: A <a@b.c>\n"),
    }
    writer = writers()[name]
    for content in pages[name]:
        written = writer.write(content, said)
        found = find_convention(name).read(written, "x")
        assert [(one.assistance, one.model, one.ranges) for one in found] == [
            (assistance, model, None)
        ], written
        if content:
            assert writer.write(written, said) == written


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_known_is_written(name: str) -> None:
    unknown = [Disclosure("a", "AX", note="nothing")]
    if name == "trailer":
        assert writers()[name].write(b"title\n", unknown) == b"title\n"
        return
    with pytest.raises(InputError, match="no degree of assistance to write"):
        writers()[name].write(TEXT, unknown)


def test_a_file_is_looked_at_for_what_it_cannot_hold() -> None:
    names = {"a.md": "c2pa_text front_matter", "A.HTML": "c2pa_text html json_ld"}
    for file, expected in names.items():
        assert sorted(one.name for one in of_file(file)) == expected.split()
    assert [one.name for one in of_file("a.bin")] == ["c2pa_text"]
