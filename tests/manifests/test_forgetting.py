"""What a takedown touches: manifests, who pulled them, models, and the batches of every epoch."""

from pathlib import Path

import numpy as np
import pytest

from ledger.claims import Model, Withdrawal
from ledger.errors import InputError
from ledger.log.canonical import claim_id, subject_of
from ledger.log.record import Claim, record
from ledger.manifests.forgetting import Place, holding, places_of
from ledger.manifests.opening.open import open_manifest
from ledger.manifests.pulling import pull
from ledger.provenance.takedown import take_down
from tests.manifests.building.corpus import Corpus, make_corpus
from tests.manifests.building.test_build import MIX
from tests.manifests.making import make_manifest


@pytest.mark.parametrize("size", [1, 3, 7, 40, 100])
def test_every_batch_that_names_it_is_found_and_no_other(tmp_path: Path, size: int) -> None:
    texts = [f"text {n}" for n in range(20)]
    made = make_manifest(tmp_path / "run", texts, stratum=[n % 3 for n in range(20)],
                         repeat=[1 + n % 3 for n in range(20)])  # fmt: skip
    manifest = made.open()
    start, epochs = 2, range(1, 4)
    for digest in made.digests[:6]:
        document = f"sha256:{digest.hex()}"
        batches = -(-(len(manifest) - start) // size)
        expected = [
            (epoch, batch)
            for epoch in epochs
            for batch in range(batches)
            for found in manifest.audit(batch, size, epoch, start)
            if found == document
        ]
        places = places_of(manifest, document, epochs, size, start)
        assert [(place.epoch, place.batch) for place in places] == expected
        for place in places:
            table = manifest.table(np.array([place.position]), place.epoch)
            assert table.column("sha256").to_pylist() == [digest]
    assert len(places_of(manifest, document, range(3))) == 3 * made.repeat[5]
    assert {place.batch for place in places_of(manifest, document, range(3))} == {None}


def test_a_document_that_is_not_in_it(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path / "run", ["one", "two"]).open()
    assert places_of(manifest, "sha256:" + "0" * 64, range(5), 1) == []
    with pytest.raises(InputError):
        places_of(manifest, "sha256:0", range(1), 1)
    with pytest.raises(InputError):
        places_of(manifest, "sha256:" + "0" * 64, range(1), 1, start=3)


def test_places_are_of_both_epochs(tmp_path: Path) -> None:
    made = make_manifest(tmp_path / "run", ["one"])
    document = f"sha256:{made.digests[0].hex()}"
    assert places_of(made.open(), document, range(2), 1) == [Place(0, 0, 0), Place(1, 0, 0)]


def model(name: str, **body: object) -> Claim:
    said = Model.model_validate({"name": name, "version": "1", **body})
    return Claim("model", subject_of("model", name, "1"), said)


def test_pullers_and_models_are_named(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus")
    first = corpus.build(MIX, tmp_path / "a")
    run = open_manifest(tmp_path / "a", trusted_keys=corpus.ring.verifiers("statement"))
    victim = f"sha256:{run.rows.digest[0].tobytes().hex()}"
    keys = (first.statement_digest,)
    with corpus.open(write=True) as log:
        pull(log, run, "trainer b")
        pull(log, run, "trainer a")
        direct = model("direct", manifests=[first.statement_digest])
        gone = model("gone", manifests=[first.statement_digest])
        record(log, [
            direct, gone,
            model("tuned", base=direct.subject),
            model("twice", base=subject_of("model", "tuned", "1")),
            model("other", manifests=["sha256:" + "1" * 64]),
            model("unknown"),
        ])  # fmt: skip
        identity = claim_id("model", gone.subject, gone.body.plain())
        record(log, [Claim("withdrawal", gone.subject, Withdrawal(claim=identity))])
        take_down(log, victim, "privacy")
    second = corpus.build(MIX, tmp_path / "b")
    assert second.statement.parent is not None
    with corpus.open() as log:
        (held,) = holding(log, victim)
        assert (held.name, held.version) == ("tiny", "1")
        assert held.statements == keys
        assert held.consumers == ("trainer a", "trainer b")
        assert held.models == ("direct@1", "tuned@1", "twice@1")
        assert holding(log, "sha256:" + "0" * 64) == []
        kept = next(
            f"sha256:{row.tobytes().hex()}"
            for row in run.rows.digest
            if f"sha256:{row.tobytes().hex()}" in all_of(corpus, tmp_path / "b")
        )
        (both,) = holding(log, kept)
        assert set(both.statements) == {first.statement_digest, second.statement_digest}
    corpus.verify()


def test_a_manifest_that_was_taken_back_may_have_been_trained_on(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus")
    made = corpus.build(MIX, tmp_path / "a")
    run = open_manifest(tmp_path / "a", trusted_keys=corpus.ring.verifiers("statement"))
    with corpus.open(write=True) as log:
        pull(log, run, "trainer")
        entry = log.entry(made.index)
        record(log, [Claim("withdrawal", entry.subject, Withdrawal(claim=entry.claim_id))])
        (held,) = holding(log, f"sha256:{run.rows.digest[0].tobytes().hex()}")
    assert (held.statements, held.consumers) == ((made.statement_digest,), ("trainer",))
    corpus.verify()


def all_of(corpus: Corpus, folder: Path) -> set[str]:
    made = open_manifest(folder, trusted_keys=corpus.ring.verifiers("statement"))
    return {f"sha256:{row.tobytes().hex()}" for row in made.rows.digest}
