"""Notes, checkpoints and proofs: what is signed, and texts that are nearly such."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import (
    BadSignatureError,
    BrokenChainError,
    InputError,
    LedgerError,
    RootMismatchError,
    UntrustedSignerError,
)
from ledger.log.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from ledger.log.merkle import leaf_hash, prove_inclusion, root_of
from ledger.log.notes import (
    MAX_SIGNATURES,
    Verifier,
    format_note,
    open_note,
    parse_note,
    parse_vkey,
    sign_note,
)
from ledger.log.proofs import InclusionProof, check_entry, format_proof, parse_proof
from tests.log.making import signer

# The example of C2SP signed-note.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONnc"
    "AlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
ONE, TWO = signer("one.example/log"), signer("two.example/log")
TEXT = format_checkpoint(Checkpoint("one.example/log", 600, bytes(range(32))))
NOTE = sign_note(TEXT, ONE)


def test_the_specifications_example() -> None:
    text, signers = open_note(SPEC_NOTE, [parse_vkey(SPEC_KEY)])
    assert text == "This is an example message.\n"
    assert signers[0].name == "example.com/foo"


def test_sign_and_open() -> None:
    note = sign_note(TEXT, ONE, TWO)
    assert format_note(parse_note(note)) == note
    assert open_note(note, [TWO.verifier]) == (TEXT, [TWO.verifier])
    assert open_note(note, [TWO.verifier, ONE.verifier])[1] == [ONE.verifier, TWO.verifier]
    assert parse_checkpoint(open_note(note, [ONE.verifier])[0]).size == 600


def test_unknown_signatures_are_read_past_and_named_when_alone() -> None:
    with pytest.raises(UntrustedSignerError, match=r"one\.example/log\+[0-9a-f]{8}, which is not"):
        open_note(NOTE, [TWO.verifier])
    other_key_same_name = Verifier(ONE.name, TWO.verifier.public)
    with pytest.raises(UntrustedSignerError):
        open_note(NOTE, [other_key_same_name])


def test_a_trusted_key_whose_signature_fails_spoils_the_note() -> None:
    bad = NOTE.replace("\n600\n", "\n601\n")
    with pytest.raises(BadSignatureError, match="does not verify"):
        open_note(bad, [ONE.verifier])
    both = (
        sign_note(TEXT, TWO).replace("\n600\n", "\n601\n") + sign_note(TEXT, ONE).split("\n\n")[1]
    )
    with pytest.raises(BadSignatureError):
        open_note(both, [ONE.verifier, TWO.verifier])


SIGNATURE = NOTE.split("\n\n")[1]
BLOB = SIGNATURE.split(" ")[2].strip()
NOT_NOTES = {
    "empty": "",
    "no_signature": TEXT + "\n",
    "no_blank_line": TEXT + SIGNATURE,
    "no_final_newline": NOTE[:-1],
    "hyphen_for_dash": NOTE.replace("—", "-"),
    "no_space_after_dash": NOTE.replace("— ", "—"),
    "no_name": NOTE.replace("— one.example/log", "— "),
    "plus_in_name": NOTE.replace("— one.example/log", "— one+example/log"),
    "space_in_name": NOTE.replace("— one.example/log", "— one example/log"),
    "no_blob": f"{TEXT}\n— one.example/log\n",
    "empty_blob": f"{TEXT}\n— one.example/log \n",
    "blob_not_base64": NOTE.replace(BLOB, BLOB[:-2] + "!!"),
    "blob_unpadded": NOTE.replace(BLOB, BLOB.rstrip("=")[:-1]),
    "blob_not_canonical": f"{TEXT}\n— one.example/log AAAAAAB=\n",
    "blob_too_short": f"{TEXT}\n— one.example/log AAAAAA==\n",
    "blank_line_at_the_end": NOTE + "\n",
    "carriage_returns": NOTE.replace("\n", "\r\n"),
    "tab": NOTE.replace("600", "6\t00"),
    "nul": NOTE.replace("600", "6\x0000"),
    "text_between_signatures": NOTE + "hello\n",
    "too_many_signatures": TEXT + "\n" + SIGNATURE * (MAX_SIGNATURES + 1),
}


@pytest.mark.parametrize("name", NOT_NOTES)
def test_what_is_no_note(name: str) -> None:
    with pytest.raises(BadSignatureError, match="not a signed note"):
        parse_note(NOT_NOTES[name])


def test_a_blank_line_inside_the_text_is_text() -> None:
    text = "one\n\ntwo\n"
    assert open_note(sign_note(text, ONE), [ONE.verifier])[0] == text


@pytest.mark.parametrize("length", [1, 63, 65, 100])
def test_signatures_of_another_length(length: int) -> None:
    blob = base64.b64encode(ONE.verifier.key_id + bytes(length)).decode()
    with pytest.raises(BadSignatureError, match="does not verify"):
        open_note(f"{TEXT}\n— {ONE.name} {blob}\n", [ONE.verifier])


VKEY = ONE.verifier.vkey
NAME, HASH, KEY = VKEY.split("+", 2)
NOT_VKEYS = {
    "empty": "",
    "name_only": NAME,
    "no_key": f"{NAME}+{HASH}",
    "empty_name": f"+{HASH}+{KEY}",
    "another_hash": f"{NAME}+00000000+{KEY}",
    "upper_case_hash": f"{NAME}+{HASH.upper()}+{KEY}" if HASH.upper() != HASH else "x",
    "another_name": f"other.example+{HASH}+{KEY}",
    "space_in_name": VKEY.replace("one.", "one "),
    "short_key": Verifier("a", bytes(31)).vkey,
    "long_key": Verifier("a", bytes(33)).vkey,
    "unknown_type": Verifier("a", bytes(32), 2).vkey,
    "not_base64": f"{NAME}+{HASH}+{KEY[:-1]}!",
    "trailing": VKEY + " x",
    "empty_blob": f"{NAME}+{HASH}+",
}


@pytest.mark.parametrize("name", NOT_VKEYS)
def test_what_is_no_vkey(name: str) -> None:
    with pytest.raises(InputError, match="is not a verifier key"):
        parse_vkey(NOT_VKEYS[name])


@settings(max_examples=300)
@given(
    st.one_of(
        st.text(max_size=80),
        st.builds(
            lambda i, c: VKEY[:i] + c + VKEY[i + 1 :],
            st.integers(0, len(VKEY)),
            st.text(max_size=2),
        ),
    )
)
def test_any_text_is_a_vkey_or_refused(text: str) -> None:
    try:
        vkey = parse_vkey(text).vkey
    except InputError:
        return
    assert vkey == text.strip()


ROOT = base64.b64encode(bytes(32)).decode()
NOT_CHECKPOINTS = {
    "empty": "",
    "two_lines": "log\n600\n",
    "extension_line": f"log\n600\n{ROOT}\nmore\n",
    "no_name": f"\n600\n{ROOT}\n",
    "no_final_newline": f"log\n600\n{ROOT}",
    "negative": f"log\n-1\n{ROOT}\n",
    "plus": f"log\n+1\n{ROOT}\n",
    "leading_zero": f"log\n0600\n{ROOT}\n",
    "hexadecimal": f"log\n0x10\n{ROOT}\n",
    "underscore": f"log\n6_0\n{ROOT}\n",
    "arabic_digits": f"log\n\u0666\n{ROOT}\n",
    "too_many_digits": f"log\n{10**16}\n{ROOT}\n",
    "space": f"log\n600 \n{ROOT}\n",
    "short_root": f"log\n600\n{base64.b64encode(bytes(31)).decode()}\n",
    "long_root": f"log\n600\n{base64.b64encode(bytes(33)).decode()}\n",
    "unpadded_root": f"log\n600\n{ROOT[:-1]}\n",
    "url_safe_root": f"log\n600\n{base64.urlsafe_b64encode(b'?>' * 16).decode()}\n",
    "root_not_canonical": f"log\n600\n{ROOT[:-2]}B=\n",
}


@pytest.mark.parametrize("name", NOT_CHECKPOINTS)
def test_what_is_no_checkpoint(name: str) -> None:
    with pytest.raises(BrokenChainError, match="malformed checkpoint"):
        parse_checkpoint(NOT_CHECKPOINTS[name])


ENTRIES = [b"entry %d" % n for n in range(9)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def proof_of(index: int) -> InclusionProof:
    note = sign_note(format_checkpoint(Checkpoint(ONE.name, 9, root_of(LEAVES))), ONE)
    path = prove_inclusion(index, 9, lambda level, i: root_of(LEAVES[i << level : i + 1 << level]))
    return InclusionProof(index, tuple(path), note)


def test_a_receipt_needs_nothing_else() -> None:
    for index, entry in enumerate(ENTRIES):
        text = format_proof(proof_of(index))
        checkpoint, signers = check_entry(entry, parse_proof(text), [ONE.verifier])
        assert checkpoint.size == 9 and signers == [ONE.verifier]
        with pytest.raises(RootMismatchError):
            check_entry(entry + b"!", parse_proof(text), [ONE.verifier])
        with pytest.raises(UntrustedSignerError):
            check_entry(entry, parse_proof(text), [TWO.verifier])


PROOF = format_proof(proof_of(4))
NOT_PROOFS = {
    "empty": "",
    "another_header": PROOF.replace("@v1", "@v2"),
    "no_index": PROOF.replace("index 4\n", ""),
    "negative_index": PROOF.replace("index 4", "index -4"),
    "padded_index": PROOF.replace("index 4", "index 04"),
    "hash_too_short": PROOF.replace("index 4\n", "index 4\nAAAA\n"),
    "hash_not_base64": PROOF.replace("index 4\n", "index 4\n????\n"),
    "too_many_hashes": PROOF.replace("index 4\n", "index 4\n" + (ROOT + "\n") * 60),
    "no_checkpoint": PROOF.split("\n\n")[0],
    "extra_after_index": PROOF.replace("index 4\n", "index 4\nextra AAAA\n"),
    "extra_not_base64": PROOF.replace("index 4\n", "extra ?\nindex 4\n"),
    "carriage_returns": PROOF.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("name", NOT_PROOFS)
def test_what_is_no_proof(name: str) -> None:
    with pytest.raises(BrokenChainError, match="malformed tlog-proof"):
        parse_proof(NOT_PROOFS[name])


def test_extra_is_read_past() -> None:
    assert parse_proof(PROOF.replace("index 4\n", "extra AAAA\nindex 4\n")) == proof_of(4)


def parsers_and_samples() -> list[tuple[object, object, str]]:
    return [
        (parse_note, format_note, NOTE),
        (parse_checkpoint, format_checkpoint, TEXT),
        (parse_proof, format_proof, PROOF),
    ]


@settings(max_examples=400)
@given(
    which=st.integers(0, 2),
    edits=st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 3), st.text("\n\0 —+=0aZ\u202e", max_size=3)),
        max_size=3,
    ),
)
def test_any_text_parses_to_itself_or_is_refused(
    which: int, edits: list[tuple[int, int, str]]
) -> None:
    parse, show, text = parsers_and_samples()[which]
    for place, length, new in edits:
        text = text[:place] + new + text[place + length :]
    try:
        assert show(parse(text)) == text  # type: ignore[operator]
    except LedgerError as error:
        assert isinstance(error, BadSignatureError | BrokenChainError)
