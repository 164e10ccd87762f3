"""Columns to entry bytes: the same bytes that the slow way writes, commitments included."""

from hashlib import sha256

import orjson
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.claims import Origin
from ledger.corpus.document import CODES, PRIVATE, STAGED
from ledger.corpus.origins import OriginContext, origin_entries, scopes_of
from ledger.log.canonical import Entry, format_entry
from ledger.log.decode import decode
from ledger.log.originrows import MISSING, TEXT_COLUMNS
from ledger.log.vault import commit, scope_of

FILE = sha256(b"input").digest()
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\x7f"),
    min_size=1,
    max_size=9,
)


@st.composite
def staged(draw: st.DrawFn) -> pa.Table:
    rows = []
    for number in range(draw(st.integers(1, 6))):
        row = {
            "row": draw(st.integers(0, 2**40)),
            "part": draw(st.integers(0, 9)),
            "sha256": sha256(b"%d" % number).digest(),
            "bytes": draw(st.integers(0, 2**40)),
            "file": draw(st.sampled_from([None, sha256(b"own").digest()])),
        }
        for name in (*CODES, *PRIVATE):
            row[name] = draw(st.none() | TEXT)
        for name in ("collected_at", "claimed_at"):
            row[name] = draw(st.none() | st.integers(-(2**40), 2**40))
        row["tokens"] = draw(st.none() | st.integers(0, 2**40))
        row["language_ppm"] = draw(st.none() | st.integers(0, 1_000_000))
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=STAGED)


def slowly(row: dict[str, object], context: OriginContext, key: bytes) -> bytes:
    """One entry through the claim's body and format_entry."""
    file = row["file"] or context.file
    place = (file, row["row"], row["part"])
    private = {
        name: "sha256:" + commit(key, name, row["sha256"], place, row[name]).hex()  # type: ignore[arg-type]
        for name in PRIVATE
        if row[name] is not None
    }
    body = {
        "bytes": row["bytes"],
        "channel": context.channel,
        "dataset": context.dataset,
        "license": context.license if context.license is not None else row["license_stated"],
        "locator": {"file": f"sha256:{file.hex()}", "row": row["row"], "part": row["part"]},  # type: ignore[attr-defined]
        "private": private or None,
        **{
            name: row[name]
            for name in (*CODES, "collected_at", "claimed_at", "language_ppm", "tokens")
        },
    }
    subject = f"sha256:{row['sha256'].hex()}"  # type: ignore[attr-defined]
    checked = Origin.model_validate(body).plain()
    return format_entry(Entry("origin", subject, checked, context.actor, context.at))


@settings(max_examples=150, deadline=None)
@given(rows=staged(), license=st.none() | st.just("CC0-1.0"))
def test_batches_and_single_claims_have_the_same_bytes(rows: pa.Table, license: str | None) -> None:
    context = OriginContext("r@1", "crawled", license, FILE, 1_790_000_000)
    keys = {scope: sha256(scope).digest() for scope in scopes_of(rows, FILE)}

    entries, disclosures = origin_entries(rows, context, keys)

    for row, entry, disclosure in zip(rows.to_pylist(), entries, disclosures, strict=True):
        kind = ("author", row["author"]) if row["author"] else ("file", FILE)
        scope = scope_of(*kind)
        assert entry == slowly(row, context, keys[scope])
        shown = {name: row[name] for name in PRIVATE if row[name] is not None}
        assert (disclosure.values if disclosure else {}) == shown
        assert disclosure is None or disclosure.scope == scope


@settings(max_examples=60, deadline=None)
@given(rows=staged(), copies=st.integers(1, 60))
def test_both_readers_of_origins_read_the_same(rows: pa.Table, copies: int) -> None:
    """Layout by layout, one by one or as JSON: whichever is faster must not matter."""
    context = OriginContext("r@1", "crawled", None, FILE, 1_790_000_000)
    keys = {scope: sha256(scope).digest() for scope in scopes_of(rows, FILE)}
    entries = origin_entries(rows, context, keys)[0] * copies

    batch = decode(range(len(entries)), entries)

    assert len(batch.origin_rows) == len(entries)
    for row, entry in enumerate(entries):
        plain = orjson.loads(entry)
        body = plain["body"] | {"file": plain["body"]["locator"]["file"]}
        assert batch.origins.bytes[row] == body["bytes"]
        assert batch.origins.collected_at[row] == body.get("collected_at", MISSING)
        assert batch.subjects[row].tobytes().hex() == plain["subject"][7:]
        for name in TEXT_COLUMNS:
            code = batch.origins.codes[name][row]
            found = None if code < 0 else batch.origins.values[name][code]
            assert found == body.get(name), name
