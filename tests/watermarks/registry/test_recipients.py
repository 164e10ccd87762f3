"""A recipient is typed without a slip, and its private half is nobody else's to read."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError, KeyPermissionError
from ledger.log.keys import KeyRing
from ledger.watermarks.registry.recipients import (
    format_recipient,
    load_private,
    my_recipient,
    parse_recipient,
    private_path,
)


@given(st.binary(min_size=32, max_size=32))
def test_a_recipient_reads_back(public: bytes) -> None:
    assert parse_recipient(format_recipient(public)) == public


def test_no_mistyped_character_is_encrypted_to() -> None:
    good = format_recipient(bytes(range(32)))
    for place in range(len(good)):
        for wrong in "a7=é\N{ARABIC-INDIC DIGIT SEVEN}Z":
            if good[place] != wrong:
                with pytest.raises(InputError):
                    parse_recipient(good[:place] + wrong + good[place + 1 :])
    for wrong in (
        "",
        "hwr1",
        good.upper(),
        good + " ",
        " " + good,
        good[:-1],
        "hwr1" + "a" * 10**6,
    ):
        with pytest.raises(InputError) as refused:
            parse_recipient(wrong)
        assert len(str(refused.value)) < 300


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "config")
    assert load_private(ring) is None
    first, again = my_recipient(ring), my_recipient(ring)
    assert first.created and not again.created
    assert first.recipient == again.recipient
    assert private_path(ring).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in ring.folder.iterdir()] == ["marks.x25519"]
    assert "PRIVATE" not in repr(first)


def test_processes_that_start_together_have_one_key(tmp_path: Path) -> None:
    ring, found = KeyRing(tmp_path / "config"), []
    threads = [
        threading.Thread(target=lambda: found.append(my_recipient(ring).recipient))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    ring = KeyRing(tmp_path / "config")
    my_recipient(ring)
    private_path(ring).chmod(mode)
    with pytest.raises(KeyPermissionError, match=f"mode {mode:04o}"):
        load_private(ring)


def test_another_file_in_its_place_is_no_key(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "config")
    public = ring.generate("acme.example/marks", "provider")
    for content in (b"", b"secret words", ring.path(public).read_bytes()):
        path = private_path(ring)
        path.write_bytes(content)
        os.chmod(path, 0o600)
        with pytest.raises(InputError) as refused:
            my_recipient(ring)
        assert "secret words" not in str(refused.value)
