"""Opening a sealed folder: how far it is verified, and everything that must stop it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.corpus.ingest import ingest
from ledger.errors import (
    BadSignatureError,
    DocumentMismatchError,
    ForkError,
    InputError,
    RootMismatchError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.canonical import encode, format_entry
from ledger.log.content_root import content_root
from ledger.log.keys import KeyRing
from ledger.provenance.dsse import parse_envelope, sign_envelope
from ledger.reserves import layout
from ledger.reserves.opening.members import DOCUMENTS_SCHEMA
from ledger.reserves.opening.open import is_reserve, verify_directory, verify_reserve
from ledger.reserves.opening.recorded import TrustedKeys
from ledger.reserves.opening.shards import TEXT_SCHEMA
from ledger.reserves.receipts.model_signing import sign_model
from ledger.reserves.receipts.write import key_files, model_files, model_name, seal_key
from ledger.reserves.statement import Statement, format_statement, limits, parse_statement
from tests.log.making import entry, evidence
from tests.reserves.sealing import LATE, TEXTS, Corpus, copy, make_corpus, unlock


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_corpus(tmp_path / "corpus")


@pytest.fixture
def folder(corpus: Corpus, tmp_path: Path) -> Path:
    """A writable copy of a fresh seal."""
    sealed = corpus.seal(tmp_path / "out", allow_asserted=True)
    return copy(sealed.folder, tmp_path / "reserve")


def refuse(
    folder: Path, corpus: Corpus, why: str, kind: type[Exception] = VerificationError
) -> None:
    with pytest.raises(kind, match=why):
        verify_reserve(folder, corpus.keys)


# --- how far


def test_without_the_ledger_levels_one_two_and_four(folder: Path, corpus: Corpus) -> None:
    report = verify_reserve(folder, corpus.keys)
    assert (report.level, report.levels) == (2, (1, 2, 4))
    text = report.text()
    assert "old version 1: levels 1, 2 and 4" in text
    assert "Dated reserve: existed before 2022-11-30" in text
    assert "40 documents dated by E3 evidence, checked" in text
    assert "1 document dated by E1 evidence, asserted" in text
    assert "unchanged since 2026-09-21 14:13:20 UTC" in text
    assert "Whether the claims are true is not checked." in text
    assert "is not known without the ledger" in text
    assert "human" not in text
    assert json.loads(json.dumps(report.data()))["levels"] == [1, 2, 4]


def test_with_the_ledger_all_four_levels(folder: Path, corpus: Corpus) -> None:
    report = corpus.verify(folder)
    assert (report.level, report.levels) == (4, (1, 2, 3, 4))
    assert "the newest version of old in the ledger" in report.text()
    assert report.data()["superseded_by"] == []


def test_a_seal_is_verified_where_it_was_written(corpus: Corpus, tmp_path: Path) -> None:
    sealed = corpus.seal(tmp_path / "out")
    assert corpus.verify(sealed.folder).statement == sealed.statement


def test_another_ledger_is_said_and_not_read(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    from ledger.provenance.opening import create_ledger, open_ledger

    create_ledger(str(tmp_path / "b.db"), log_name="other.example/log", keys=corpus.ring)
    with open_ledger(str(tmp_path / "b.db"), keys=corpus.ring) as log:
        report = verify_reserve(folder, corpus.keys, log)
    assert report.levels == (1, 2, 4)
    assert "is another log and was not read" in report.text()


def test_a_later_claim_about_a_document_does_not_undo_an_earlier_seal(
    folder: Path, corpus: Corpus
) -> None:
    """Level 3 is as of the statement's head, whatever was recorded since."""
    document = f"sha256:{sha256(TEXTS[0].encode()).hexdigest()}"
    with corpus.open(write=True) as log:
        log.append([format_entry(entry("authorship", document, {"assistance": "A4"}))])
    assert corpus.verify(folder).levels == (1, 2, 3, 4)


def test_levels_one_and_two_need_no_arrow(folder: Path, corpus: Corpus, root: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from ledger.log.notes import parse_vkey\n"
        "from ledger.reserves.opening.recorded import TrustedKeys, check_recorded\n"
        "from ledger.reserves import layout\n"
        "folder = Path(sys.argv[1])\n"
        "names = layout.STATEMENT, layout.ENTRY, layout.PROOF\n"
        "data = [(folder / name).read_bytes() for name in names]\n"
        "keys = TrustedKeys(*([parse_vkey(v)] for v in sys.argv[2:]))\n"
        "found = check_recorded(*data, keys, ('a', 'b', 'c'))\n"
        "assert not found.strangers and found.statement.name == 'old'\n"
        "heavy = {'pyarrow', 'numpy', 'sqlite3', 'sqlalchemy', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    vkeys = [corpus.keys.log[0].vkey, corpus.keys.statement[0].vkey]
    subprocess.run(
        [sys.executable, "-c", code, str(folder), *vkeys],
        check=True, cwd=root, timeout=60, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip


# --- whom to trust


def test_a_stranger_s_seal_is_consistent_and_not_trusted(folder: Path, corpus: Corpus) -> None:
    ours = corpus.keys
    for keys, uses in (
        (TrustedKeys(), ("log", "statement")),
        (TrustedKeys(log=ours.log), ("statement",)),
        (TrustedKeys(statement=ours.statement), ("log",)),
    ):
        with pytest.raises(UntrustedSignerError, match="consistent, signer not trusted") as caught:
            verify_reserve(folder, keys)
        for use in ("log", "statement"):
            assert (f"--use {use} " in str(caught.value.hint)) == (use in uses)


def test_a_broken_seal_of_a_stranger_is_broken_first(folder: Path, corpus: Corpus) -> None:
    (folder / "content/tree").write_bytes(bytes(32))
    with pytest.raises(VerificationError, match="tree: its bytes are not those of SHA256SUMS"):
        verify_reserve(folder, TrustedKeys())


# --- what the ledger says later


def test_a_newer_version_supersedes(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    document = f"sha256:{sha256(TEXTS[0].encode()).hexdigest()}"
    with corpus.open(write=True) as log:
        log.append([format_entry(entry("takedown", document, {"reason": "rights_holder"}))])
    report = corpus.verify(folder)
    assert report.against is not None and report.against.taken_down == 1
    assert "1 of its documents taken down since; seal" in report.text()
    newer = corpus.seal(tmp_path / "newer", allow_asserted=True)
    assert newer.statement.parent == report.statement.content_root
    report = corpus.verify(folder)
    assert report.data()["superseded_by"] == [2]
    assert "superseded by old version 2" in report.text()
    assert corpus.verify(newer.folder).data()["superseded_by"] == []


def test_what_a_guard_matched_is_left_out_again(corpus: Corpus, tmp_path: Path) -> None:
    """Which texts matched takes both sides' texts; that nothing else is missing does not."""
    outputs = tmp_path / "outputs.jsonl"
    outputs.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS[:2]))
    with corpus.open(write=True) as log:
        ingest(log, [outputs], dataset="models@1")
    sealed = corpus.seal(tmp_path / "out", against=["models@1"])
    assert sealed.statement.documents < len(TEXTS)
    report = corpus.verify(sealed.folder)
    assert report.levels == (1, 2, 3, 4)
    assert "left out for matching models@1 was not compared again" in report.text()
    forger = Forger(copy(sealed.folder, tmp_path / "reserve"), corpus)
    excluded = forger.statement.contamination["excluded"]
    fewer = [row for row in excluded if row["reason"] != "edited_late"]
    assert fewer != excluded
    lie = {**forger.statement.contamination, "excluded": fewer}
    (forger.content / layout.CONTAMINATION).write_bytes(encode(lie) + b"\n")
    forger.sign(contamination=lie)
    assert verify_reserve(forger.folder, corpus.keys).levels == (1, 2, 4)
    with pytest.raises(VerificationError, match="left out are"):
        corpus.verify(forger.folder)


def test_a_reserve_of_another_name_supersedes_nothing(
    folder: Path, corpus: Corpus, tmp_path: Path
) -> None:
    corpus.seal(tmp_path / "other", name="other", before="2021-01-01")
    assert corpus.verify(folder).data()["superseded_by"] == []


def test_a_withdrawn_reserve_is_said_to_be(folder: Path, corpus: Corpus) -> None:
    from tests.log.making import withdrawal

    index = verify_reserve(folder, corpus.keys).index
    with corpus.open(write=True) as log:
        log.append([format_entry(withdrawal(log.entry(index)))])
    assert "withdrawn: whoever sealed it took it back" in corpus.verify(folder).text()


def test_an_older_copy_of_the_ledger(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    """The seal says more than an old backup knows; the backup is not the seal's judge."""
    from ledger.provenance.opening import create_ledger, open_ledger

    ring = KeyRing(tmp_path / "elsewhere")
    create_ledger(str(tmp_path / "old.db"), log_name="example.org/notes", keys=ring)
    with (
        open_ledger(str(tmp_path / "old.db"), keys=ring) as log,
        pytest.raises(VerificationError, match="entries, the reserve is entry"),
    ):
        verify_reserve(folder, corpus.keys, log)


def test_a_rewritten_ledger_is_a_fork(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    from ledger.provenance.opening import create_ledger, open_ledger

    ring = KeyRing(tmp_path / "elsewhere")
    create_ledger(str(tmp_path / "b.db"), log_name="example.org/notes", keys=ring)
    with open_ledger(str(tmp_path / "b.db"), write=True, keys=ring) as log:
        for number in range(60):
            log.append([format_entry(evidence(f"sha256:{number:064x}", 1))])
        with pytest.raises(ForkError, match="are not those it was sealed from"):
            verify_reserve(folder, corpus.keys, log)


# --- a liar who has the keys: everything is signed, and what is signed is not so


class Forger:
    """Changes a seal's content or statement, then signs it all again with the owner's keys."""

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        self.folder, self.content, self.corpus = folder, folder / layout.CONTENT, corpus
        data = (folder / layout.STATEMENT).read_bytes()
        self.statement: Statement = parse_statement(parse_envelope(data, "s")[0], "s")

    def table(self) -> pa.Table:
        return pq.read_table(self.content / layout.DOCUMENTS)

    def write_table(self, table: pa.Table, **how: Any) -> None:
        pq.write_table(table, self.content / layout.DOCUMENTS, row_group_size=layout.BLOCK, **how)

    def sign(self, **changes: Any) -> None:
        """Digest what lies there, and sign, record and bundle it as a seal does."""
        from ledger.log.proofs import format_proof
        from ledger.reserves.statement import reserve_body, reserve_subject
        from tests.log.making import entry as make_entry

        paths = [p for p in self.content.rglob("*") if p.is_file() and p.name != layout.SUMS]
        sums = layout.format_sums(
            {str(p.relative_to(self.content)): sha256(p.read_bytes()).digest() for p in paths}
        )
        (self.content / layout.SUMS).write_bytes(sums)
        statement = replace(self.statement, sums=sha256(sums).digest(), **changes)
        said = limits(statement.issuer, statement.rule, statement.totals)
        statement = replace(statement, limits=said)
        payload = format_statement(statement)
        body = reserve_body(statement, f"sha256:{sha256(payload).hexdigest()}")
        item = make_entry("reserve", reserve_subject(statement), body)
        ring = self.corpus.ring
        with self.corpus.open(write=True) as log:
            seal = seal_key(log).signer
            index = log.append([format_entry(item)]).first
            (self.folder / layout.ENTRY).write_bytes(log.entry_bytes(index))
            proof = log.prove(index)
        (self.folder / layout.PROOF).write_text(format_proof(proof))
        (self.folder / layout.CHECKPOINT).write_text(proof.checkpoint_note)
        signer = ring.signer("statement", "example.org/notes/statement")
        (self.folder / layout.STATEMENT).write_bytes(sign_envelope(payload, signer))
        bundle = sign_model(model_name(statement), model_files(sums), seal)
        (self.folder / layout.MODEL_SIGNATURE).write_bytes(bundle)
        for name, pem in key_files(statement).items():
            (self.folder / name).write_bytes(pem)
        self.statement = statement


@pytest.fixture
def forger(folder: Path, corpus: Corpus) -> Forger:
    return Forger(folder, corpus)


def test_what_the_forger_leaves_alone_verifies(forger: Forger, corpus: Corpus) -> None:
    forger.sign()
    assert verify_reserve(forger.folder, corpus.keys).levels == (1, 2, 4)


def test_a_text_that_is_not_its_digests(forger: Forger, corpus: Corpus) -> None:
    path = forger.content / layout.shard_name(0)
    table = pq.read_table(path)
    texts = table.column("text").to_pylist()
    texts[3] = texts[3].replace("words", "wordz")
    changed = table.set_column(1, "text", pa.array(texts, pa.large_string()))
    pq.write_table(changed.cast(TEXT_SCHEMA), path, use_dictionary=False)
    forger.sign()
    refuse(forger.folder, corpus, "document 3: text has digest", DocumentMismatchError)


def test_texts_in_another_order(forger: Forger, corpus: Corpus) -> None:
    path = forger.content / layout.shard_name(0)
    table = pq.read_table(path)
    turned = table.take(pa.array(list(range(len(table)))[::-1]))
    pq.write_table(turned, path, use_dictionary=False)
    forger.sign()
    refuse(forger.folder, corpus, "in that order")


def test_a_shard_too_many(forger: Forger, corpus: Corpus) -> None:
    shutil.copyfile(forger.content / layout.shard_name(0), forger.content / layout.shard_name(1))
    forger.sign()
    refuse(forger.folder, corpus, "2 shards, its documents fill 1")


def test_a_small_file_that_is_a_lot_of_text(forger: Forger, corpus: Corpus) -> None:
    path = forger.content / layout.shard_name(0)
    table = pq.read_table(path)
    bomb = pa.array(["a" * (4 << 20)] * len(table), pa.large_string())
    for how in ({"use_dictionary": False}, {"use_dictionary": ["text"]}):
        pq.write_table(table.set_column(1, "text", bomb), path, compression="zstd", **how)
        forger.sign()
        refuse(forger.folder, corpus, r"00000\.parquet, column text: (a dictionary of )?\d+ bytes")


def change(column: str, values: Callable[[list[Any]], list[Any]]) -> Callable[[pa.Table], pa.Table]:
    def changed(table: pa.Table) -> pa.Table:
        at = table.column_names.index(column)
        new = pa.array(values(table.column(column).to_pylist()), DOCUMENTS_SCHEMA.field(at).type)
        return table.set_column(at, DOCUMENTS_SCHEMA.field(at), new)

    return changed


LIES = {
    "a_date_after_the_cut_off": (
        change("existed_by", lambda v: [1_700_000_000, *v[1:]]), "not dated before 2022-11-30"),
    "no_date": (change("existed_by", lambda v: [None, *v[1:]]), "half a date"),
    "a_better_level": (change("level", lambda v: [5] * len(v)), r"totals\.levels|that is E"),
    "no_level": (change("level", lambda v: [None, *v[1:]]), "half a date"),
    "all_checked": (change("standing", lambda v: ["checked"] * len(v)), "totals"),
    "a_standing_nobody_has": (change("standing", lambda v: ["sure"] * len(v)), "a standing"),
    "bound_by_address": (change("binding", lambda v: ["url_only"] * len(v)), "a binding"),
    "another_evidence": (change("evidence", lambda v: ["rfc3161"] * len(v)), "totals|that is E"),
    "a_dataset_not_asked": (
        change("datasets", lambda v: [["spam@1"], *v[1:]]), "datasets .*spam@1"),
    "no_dataset": (change("datasets", lambda v: [[], *v[1:]]), "datasets"),
    "a_negative_length": (change("bytes", lambda v: [-1, *v[1:]]), "no length"),
    "another_length": (change("bytes", lambda v: [v[0] + 1, *v[1:]]), "totals"),
    "no_length": (change("bytes", lambda v: [None, *v[1:]]), "no length"),
    "a_digest_twice": (change("sha256", lambda v: [v[1], *v[1:]]), "not in ascending order"),
    "digests_in_no_order": (change("sha256", lambda v: v[::-1]), "not in ascending order"),
    "another_digest": (
        change("sha256", lambda v: [bytes(32), *v[1:]]), "content root"),
    "an_earlier_date": (
        change("existed_by", lambda v: [v[0] - 86_400, *v[1:]]), r"evidence\.jsonl: E"),
    "a_row_less": (lambda table: table.slice(1), "40 rows, expected 41"),
    "a_column_more": (
        lambda table: table.append_column("x", pa.array([1] * len(table))), "columns"),
    "a_column_less": (lambda table: table.drop_columns(["license"]), "columns"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_rows_that_say_otherwise(name: str, forger: Forger, corpus: Corpus) -> None:
    lie, why = LIES[name]
    forger.write_table(lie(forger.table()))
    forger.sign()
    refuse(forger.folder, corpus, why)


def test_rows_in_other_groups(forger: Forger, corpus: Corpus) -> None:
    pq.write_table(forger.table(), forger.content / layout.DOCUMENTS, row_group_size=10)
    forger.sign()
    refuse(forger.folder, corpus, "5 row groups, expected 1")


def test_more_documents_than_any_memory_holds(forger: Forger, corpus: Corpus) -> None:
    """The number is only signed; room is made for what the file can hold."""
    forger.sign(totals={**forger.statement.totals, "documents": 2**52})
    refuse(forger.folder, corpus, f"41 rows, expected {2**52}")


def test_a_tree_of_other_roots(forger: Forger, corpus: Corpus) -> None:
    (forger.content / layout.TREE).write_bytes(bytes(32))
    forger.sign()
    refuse(forger.folder, corpus, "not the roots of", RootMismatchError)


def test_evidence_that_is_not_what_rows_were_dated_by(forger: Forger, corpus: Corpus) -> None:
    path = forger.content / layout.EVIDENCE
    (line,) = path.read_bytes().splitlines()
    says = orjson.loads(line)
    lies: list[tuple[dict[str, Any] | bytes, str]] = [
        ({**says, "documents": 39}, "of 39 documents, 40 rows"),
        ({**says, "existed_by": says["existed_by"] - 1}, "rows have that date"),
        ({**says, "outcome": "asserted"}, "rows have that date"),
        ({**says, "about_kind": "document"}, "which is not among the documents"),
        ({**says, "about_kind": "hearsay"}, "neither file nor document"),
        ({**says, "about": "sha256:00"}, "not evidence"),
        ({**says, "documents": 0}, "not evidence"),
        ({**says, "proof": f"sha256:{0:064x}"}, "it is not there"),
        ({name: value for name, value in says.items() if name != "proof"}, "no line names it"),
        ({name: value for name, value in says.items() if name != "type"}, "not evidence"),
        (line + b"\n" + line, "expected distinct lines in order"),
        (line.replace(b":", b": "), "canonical"),
        (b"[]", "canonical"),
        (b"", "canonical"),
    ]
    for lie, why in lies:
        path.write_bytes((lie if isinstance(lie, bytes) else encode(lie)) + b"\n")
        forger.sign()
        refuse(forger.folder, corpus, why)
    path.write_bytes(line)
    forger.sign()
    refuse(forger.folder, corpus, "its last line has no end")


def test_a_statement_that_counts_otherwise(forger: Forger, corpus: Corpus) -> None:
    true = forger.statement
    levels = [{**row, "documents": row["documents"] + 1} for row in true.totals["levels"]]
    for totals, why in (
        ({**true.totals, "bytes": true.totals["bytes"] + 1}, r"totals\.bytes"),
        ({**true.totals, "levels": levels}, r"totals\.levels"),
        ({**true.totals, "levels": []}, r"totals\.levels"),
        ({**true.totals, "bindings": []}, r"totals\.bindings"),
        ({**true.totals, "evidence": []}, r"totals\.evidence"),
        ({**true.totals, "documents": 40}, "41 rows, expected 40"),
    ):
        forger.sign(totals=totals)
        refuse(forger.folder, corpus, why)


def test_a_statement_of_another_set(forger: Forger, corpus: Corpus) -> None:
    forger.sign(content_root=content_root([bytes(32)]))
    refuse(forger.folder, corpus, "content root", RootMismatchError)


def test_members_of_another_set(forger: Forger, corpus: Corpus) -> None:
    forger.sign(members=bytes(32))
    refuse(forger.folder, corpus, "digest of its digests", RootMismatchError)


def test_a_rule_that_rule_json_has_not(forger: Forger, corpus: Corpus) -> None:
    forger.sign(rule={**forger.statement.rule, "min_level": 2})
    refuse(forger.folder, corpus, r"rule\.json: not what the statement says")


def test_a_file_that_no_reserve_has(forger: Forger, corpus: Corpus) -> None:
    (forger.content / "plugin.py").write_text("raise SystemExit\n")
    forger.sign()
    refuse(forger.folder, corpus, r"plugin\.py is no file of a reserve")


def test_a_proof_under_another_digest(forger: Forger, corpus: Corpus) -> None:
    (path,) = (forger.content / layout.PROOFS).iterdir()
    path.write_bytes(b"another proof")
    forger.sign()
    refuse(forger.folder, corpus, "is no file of a reserve|has digest")


def test_a_document_the_ledger_would_not_have_sealed(forger: Forger, corpus: Corpus) -> None:
    """All of it holds together; only the ledger knows that the date of one text is not so."""
    table = change("existed_by", lambda v: [min(v)] * len(v))(forger.table())
    for name, value in (("level", 3), ("standing", "checked"), ("evidence", "registry_release")):
        table = change(name, lambda v, value=value: [value] * len(v))(table)
    forger.write_table(table)
    path = forger.content / layout.EVIDENCE
    line = {**orjson.loads(path.read_bytes()), "documents": 41}
    path.write_bytes(encode(line) + b"\n")
    counts = {name: forger.statement.totals[name] for name in ("bytes", "documents")}
    totals = {
        **forger.statement.totals,
        "evidence": [{**counts, "standing": "checked", "type": "registry_release"}],
        "levels": [{**counts, "level": 3, "standing": "checked"}],
    }
    forger.sign(totals=totals)
    assert verify_reserve(forger.folder, corpus.keys).levels == (1, 2, 4)
    with pytest.raises(VerificationError, match="are dated or described otherwise by"):
        corpus.verify(forger.folder)


# --- receipts


def test_a_signature_of_a_key_nobody_named_rides_along(folder: Path, corpus: Corpus) -> None:
    data = (folder / layout.STATEMENT).read_bytes()
    payload = parse_envelope(data, "s")[0]
    owner = corpus.ring.signer("statement", "example.org/notes/statement")
    ring = KeyRing(folder.parent / "more")
    ring.generate("stranger.example", "statement")
    stranger = ring.signer("statement", "stranger.example")
    (folder / layout.STATEMENT).write_bytes(sign_envelope(payload, owner, stranger))
    refuse(folder, corpus, "2 signatures, 1 of them by known keys")
    (folder / layout.STATEMENT).write_bytes(sign_envelope(payload, stranger))
    refuse(folder, corpus, "signed by stranger.example", UntrustedSignerError)


def test_a_proof_with_a_line_nobody_signed(folder: Path, corpus: Corpus) -> None:
    path = folder / layout.PROOF
    first, rest = path.read_text().split("\n", 1)
    path.write_text(f"{first}\nextra AAAA\n{rest}")
    refuse(folder, corpus, "holds more than an index, hashes and a checkpoint")


def test_the_receipts_of_another_seal(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    other = corpus.seal(tmp_path / "other", name="other", before="2021-01-01").folder
    shutil.rmtree(folder / layout.RECEIPTS)
    shutil.copytree(other / layout.RECEIPTS, folder / layout.RECEIPTS)
    unlock(folder)
    refuse(folder, corpus, "SHA256SUMS: digest")


def test_the_bundle_of_another_seal(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    other = corpus.seal(tmp_path / "other", name="other", before="2021-01-01").folder
    shutil.copyfile(other / layout.MODEL_SIGNATURE, folder / layout.MODEL_SIGNATURE)
    refuse(folder, corpus, r"model\.sig: ")


def test_every_receipt_is_needed_and_no_other(folder: Path, corpus: Corpus) -> None:
    for path in sorted((folder / layout.RECEIPTS).iterdir()):
        kept = path.read_bytes()
        path.unlink()
        refuse(folder, corpus, rf"{path.name}: no such file")
        path.write_bytes(kept)
    (folder / layout.RECEIPTS / "note.txt").write_bytes(b"")
    refuse(folder, corpus, r"note\.txt: does not belong to this seal")


def test_a_pipe_in_place_of_a_file_is_not_waited_for(folder: Path, corpus: Corpus) -> None:
    for name in (layout.STATEMENT, "content/tree", "content/SHA256SUMS"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        os.mkfifo(folder / name)
        refuse(folder, corpus, "no plain file")
        (folder / name).unlink()
        (folder / name).write_bytes(kept)


def test_a_name_that_would_act_on_a_terminal_is_escaped(folder: Path, corpus: Corpus) -> None:
    (folder / "content/\x1b[31m\u202etxt").write_bytes(b"")
    with pytest.raises(VerificationError) as caught:
        verify_reserve(folder, corpus.keys)
    assert "\\x1b[31m\\u202etxt" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_no_folder_and_no_reserve(tmp_path: Path, corpus: Corpus) -> None:
    with pytest.raises(InputError, match="not a folder"):
        verify_reserve(tmp_path / "nothing", corpus.keys)
    (tmp_path / "empty").mkdir()
    with pytest.raises(VerificationError, match="no such file"):
        verify_reserve(tmp_path / "empty", corpus.keys)
    assert not is_reserve(tmp_path / "empty")


def test_the_users_own_keys_and_ledger(
    folder: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CONFIG", str(corpus.ring.folder))
    assert verify_directory(folder, corpus.location).levels == (1, 2, 3, 4)
    assert verify_directory(folder, "no-ledger.db").levels == (1, 2, 4)


def test_shards_are_verified_on_any_number_of_threads(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "SHARD_BYTES", 300)
    sealed = corpus.seal(tmp_path / "shards")
    assert len(list((sealed.folder / "content/text").iterdir())) > 5
    told: list[tuple[int, int, int]] = []
    for workers in (1, 2, 5):
        report = verify_reserve(
            sealed.folder, corpus.keys, workers=workers, progress=lambda *done: told.append(done)
        )
        assert told[-1] == (report.statement.totals["bytes"],) * 2 + (40,)


def test_what_the_source_dates_too_late_is_not_in_it(folder: Path) -> None:
    texts = pq.read_table(folder / "content" / layout.shard_name(0)).column("text").to_pylist()
    assert len(texts) == len(TEXTS) + 1
    assert not set(texts) & set(LATE)


def test_a_changed_signature_is_named(folder: Path, corpus: Corpus) -> None:
    path = folder / layout.STATEMENT
    document = orjson.loads(path.read_bytes())
    sig = document["signatures"][0]["sig"]
    document["signatures"][0]["sig"] = ("B" if sig[0] == "A" else "A") + sig[1:]
    path.write_bytes(orjson.dumps(document))
    refuse(folder, corpus, "is not over this payload", BadSignatureError)
