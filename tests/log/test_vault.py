"""Values beside the log: opened against their leaf, withheld, or a failed check."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import orjson
import pyarrow as pa
import pytest

from ledger.errors import VerificationError
from ledger.log.canonical import format_entry
from ledger.log.vault import BLOCK, Disclosure, commit, salt_of, scope_of, vault_location
from tests.log.making import Ledger, assert_whole, digest, origin

FILE = bytes.fromhex(digest("f")[7:])
SCOPE = scope_of("file", FILE)


def record(ledger: Ledger, count: int, every: int = 1) -> None:
    """Origins with a committed URL each, of which every nth has its value in the vault."""
    with ledger.open(write=True) as log:
        assert log.vault is not None
        key = log.vault.ensure_keys([SCOPE])[SCOPE]
        entries, shown = [], []
        for n in range(count):
            subject = bytes.fromhex(digest(n)[7:])
            made = commit(key, "url", subject, (FILE, n, 0), f"https://example.org/{n}").hex()
            entries.append(
                format_entry(origin(digest(n), row=n, private={"url": f"sha256:{made}"}))
            )
            shown.append(
                None if n % every else Disclosure(SCOPE, {"url": f"https://example.org/{n}"})
            )
        log.append(entries, shown)


@pytest.mark.parametrize(
    ("count", "every"), [(1, 1), (255, 1), (256, 1), (257, 2), (700, 3), (700, 699)]
)
def test_every_value_is_found_and_opens(ledger: Ledger, count: int, every: int) -> None:
    record(ledger, count, every)
    report = assert_whole(ledger).vault
    assert report.opened == -(-count // every)
    with ledger.open() as log:
        assert log.vault is not None
        for n in range(count):
            found = log.vault.disclosure(2 + n)
            expected = None if n % every else {"url": f"https://example.org/{n}"}
            assert (found and dict(found.values)) == expected
        assert log.vault.disclosure(0) is log.vault.disclosure(2 + count) is None


def test_nothing_private_is_in_the_ledger_file(ledger: Ledger) -> None:
    record(ledger, 300)
    with ledger.open(write=True) as log:
        assert log.vault is not None
        key = log.vault.scope_key(SCOPE)
    assert key is not None
    said = b"".join(path.read_bytes() for path in ledger.path.parent.glob("ledger.db*"))
    assert b"https://" not in said and key not in said
    with ledger.open() as log:
        assert all(
            b"https://" not in data for _, chunk in log.store.chunks(0, 302) for data in chunk
        )


def test_an_erased_key_withholds_its_scope_for_good(ledger: Ledger) -> None:
    record(ledger, 10)
    with closing(sqlite3.connect(ledger.vault)) as connection:
        connection.execute("DELETE FROM secret")
        connection.commit()
    report = assert_whole(ledger).vault
    assert (report.present, report.opened, report.without_key) == (True, 0, 10)


def test_a_ledger_without_its_vault_verifies(ledger: Ledger) -> None:
    record(ledger, 10)
    for path in ledger.path.parent.glob("ledger.vault.db*"):
        path.unlink()
    report = assert_whole(ledger).vault
    assert (report.present, report.opened) == (False, 0)


def test_commitments_bind_every_part_of_their_place() -> None:
    key, subject, place = b"k" * 32, b"s" * 32, (FILE, 1, 2)
    made = commit(key, "url", subject, place, "v")
    others = [
        commit(b"l" * 32, "url", subject, place, "v"),
        commit(key, "title", subject, place, "v"),
        commit(key, "url", b"t" * 32, place, "v"),
        commit(key, "url", subject, (b"g" * 32, 1, 2), "v"),
        commit(key, "url", subject, (FILE, 2, 2), "v"),
        commit(key, "url", subject, (FILE, 1, 1), "v"),
        commit(key, "url", subject, place, "v "),
    ]
    assert len({made, *others}) == 8
    assert len(salt_of(key, "url", subject, place)) == 32
    assert scope_of("file", b"a") != scope_of("author", b"a")


def block(items: Any, **changes: int) -> Mapping[str, Any]:
    raw = orjson.dumps(items)
    data = pa.Codec("zstd").compress(raw, asbytes=True)
    return {"first": 2, "n": 1, "bytes": len(raw), "data": data} | changes


GOOD = [[0, SCOPE.hex(), {"url": "https://example.org/0"}]]
BAD_BLOCKS = {
    "another_value": block([[0, SCOPE.hex(), {"url": "https://example.org/1"}]]),
    "another_field": block([[0, SCOPE.hex(), {"title": "https://example.org/0"}]]),
    "a_field_nobody_committed": block(
        [[0, SCOPE.hex(), {"url": "https://example.org/0", "x": "y"}]]
    ),
    "another_entry": block(GOOD, first=3),
    "an_entry_that_commits_to_nothing": block(GOOD, first=0),
    "before_the_log": block(GOOD, first=-1),
    "not_a_frame": block(GOOD) | {"data": b"x"},
    "not_json": {
        "first": 2,
        "n": 1,
        "bytes": 1,
        "data": pa.Codec("zstd").compress(b"x", asbytes=True),
    },
    "size_too_small": block(GOOD, bytes=3),
    "size_too_large": block(GOOD, bytes=10**6),
    "size_absurd": block(GOOD, bytes=2**62),
    "size_negative": block(GOOD, bytes=-1),
    "n_zero": block(GOOD, n=0),
    "n_too_large": block(GOOD, n=BLOCK + 1),
    "n_more_than_listed": block(GOOD, n=2),
    "empty": block([]),
    "an_object": block({"a": 1}),
    "a_number": block(5),
    "items_short": block([[0, SCOPE.hex()]]),
    "offset_text": block([["0", SCOPE.hex(), {"url": "x"}]]),
    "offset_negative": block([[-1, SCOPE.hex(), {"url": "x"}]]),
    "offset_twice": block([*GOOD, *GOOD]),
    "scope_not_hex": block([[0, "zz", {"url": "x"}]]),
    "values_a_list": block([[0, SCOPE.hex(), ["url"]]]),
    "value_a_number": block([[0, SCOPE.hex(), {"url": 5}]]),
}


@pytest.mark.parametrize("name", BAD_BLOCKS)
def test_a_block_that_is_not_what_was_committed(ledger: Ledger, name: str) -> None:
    record(ledger, 2)
    row = BAD_BLOCKS[name]
    with closing(sqlite3.connect(ledger.vault)) as connection:
        connection.execute("DELETE FROM disclosure")
        connection.execute("INSERT INTO disclosure VALUES (:first, :n, :bytes, :data)", row)
        connection.commit()
    with pytest.raises(VerificationError, match="disclosure"):
        ledger.verify()


def test_the_good_block_among_the_bad(ledger: Ledger) -> None:
    record(ledger, 2)
    with closing(sqlite3.connect(ledger.vault)) as connection:
        connection.execute("DELETE FROM disclosure")
        connection.execute("INSERT INTO disclosure VALUES (:first, :n, :bytes, :data)", block(GOOD))
        connection.commit()
    assert assert_whole(ledger).vault.opened == 1


def test_an_attachment_is_its_digest(ledger: Ledger) -> None:
    with ledger.open(write=True) as log:
        log.append([format_entry(origin(digest(1)))], [], [b"one", b"two", b"one"])
        assert log.vault is not None
        kept = [name for name, _ in log.vault.attachments()]
        assert [log.vault.attachment(name) for name in sorted(kept)] == [b"one", b"two"] or len(
            kept
        ) == 2
        assert log.vault.attachment(b"\0" * 32) is None
    with closing(sqlite3.connect(ledger.vault)) as connection:
        connection.execute("UPDATE attachment SET bytes = x'00' WHERE bytes = CAST('two' AS BLOB)")
        connection.commit()
    with pytest.raises(
        VerificationError, match=r"attachment sha256:[0-9a-f]{64} holds other bytes"
    ):
        ledger.verify()


def test_keys_are_made_once(ledger: Ledger) -> None:
    scopes = [scope_of("author", name) for name in ("a", "b", "a")]
    with ledger.open(write=True) as log:
        assert log.vault is not None
        made = log.vault.ensure_keys(scopes)
        assert len(made) == len(set(made.values())) == 2
        assert all(len(key) == 32 for key in made.values())
    with ledger.open(write=True) as log:
        assert log.vault is not None
        assert log.vault.ensure_keys(scopes) == made


NAMES = {
    "corpus.db": "corpus.vault.db",
    "a/corpus.sqlite": "a/corpus.vault.sqlite",
    "corpus": "corpus.vault.db",
    "a.b/corpus": "a.b/corpus.vault.db",
}


@pytest.mark.parametrize("location", NAMES)
def test_where_the_vault_lies(location: str) -> None:
    assert vault_location(location) == NAMES[location]
