"""Models and the manifests they were trained on: generations, alarms, limits; as people use it."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import InputError, UnknownNameError
from ledger.manifests.training import Feedback, feedback, register_model
from ledger.provenance.models.generations import (
    Share,
    at_least,
    count_generations,
    generation_of,
    generation_sql,
)
from ledger.provenance.models.lineage import share_words
from tests.conftest import Ran
from tests.log.making import authorship
from tests.manifests.building.corpus import DIARY, MODEL, WIKI, Corpus, make_corpus
from tests.provenance.models.test_registered import model

Command = Callable[..., Ran]


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    made = make_corpus(tmp_path / "corpus")
    yield made
    made.verify()


def mix(name: str, *datasets: str, rest: str = "") -> str:
    listed = ", ".join(f'"{item}@1"' for item in datasets)
    head = f'name = "{name}"\nversion = 1\nstage = "pretrain"\nseed = 1\n'
    head += "max_synthetic = { estimate = 1, upper = 1 }\n"
    return f'{head}datasets = [{listed}]\nstrata = ["dataset"]\n{rest}'


def subject(row: dict[str, str]) -> str:
    return f"sha256:{sha256(row['text'].encode()).hexdigest()}"


def two_rounds(corpus: Corpus, out: Path) -> None:
    """m@1 learns from diaries and own synthetic text; its texts get into m@2's."""
    corpus.build(mix("first", "diary", "model"), out / "first")
    with corpus.open(write=True) as log:
        register_model(log, "m@1", trained_on=["first"], aliases=["m-latest"])
    corpus.say(*(authorship(subject(row), "A4", model="m-latest") for row in WIKI[:4]))
    corpus.build(mix("second", "diary", "wiki"), out / "second")
    with corpus.open(write=True) as log:
        register_model(log, "m@2", base="m@1", trained_on=["second@1"])


def test_a_generation_is_one_more_than_what_was_learned_from(
    tmp_path: Path, corpus: Corpus
) -> None:
    corpus.build(mix("first", "diary", "model"), tmp_path / "first")
    with corpus.open(write=True) as log:
        done = register_model(log, "m@1", trained_on=["first"], aliases=["m-latest"])
        assert done.trained_on == (Share(0, len(DIARY)), Share(1, len(MODEL)))
        assert (done.generation, done.recorded.new, done.replaced) == (2, True, False)
        again = register_model(log, "m@1", trained_on=["first@1"], aliases=["m-latest"])
        assert (again.recorded.index, again.recorded.new) == (done.recorded.index, False)


def test_two_rounds_of_a_model(tmp_path: Path, corpus: Corpus) -> None:
    two_rounds(corpus, tmp_path)
    with corpus.open() as log:
        assert count_generations(log.connection) == [
            Share(0, len(DIARY)), Share(1, len(MODEL)), Share(2, 4), Share(None, len(WIKI) - 4),
        ]  # fmt: skip
        alarms = feedback(log)
    documents = sorted(subject(row) for row in WIKI[:4])
    assert alarms.found == (Feedback("m@2", "second@1", 4, ("m@1",), tuple(documents[:3])),)
    assert alarms.unseen == ()


def test_what_becomes_known_later_raises_the_alarm(tmp_path: Path, corpus: Corpus) -> None:
    corpus.build(mix("second", "wiki"), tmp_path / "second")
    with corpus.open(write=True) as log:
        done = register_model(log, "m@1", trained_on=["second"])
        assert done.trained_on == (Share(None, len(WIKI)),)
        assert done.generation == 1
        assert feedback(log).found == ()
    corpus.say(authorship(subject(WIKI[0]), "A3", model="m@1"))
    with corpus.open(write=True) as log:
        assert [alarm.documents for alarm in feedback(log).found] == [1]
        anew = register_model(log, "m@1", trained_on=["second"])
        assert (anew.replaced, anew.generation) == (True, 2)


def test_another_makers_text_is_no_alarm(tmp_path: Path, corpus: Corpus) -> None:
    corpus.say(model("other@1"), authorship(subject(WIKI[0]), "A3", model="other@1"))
    corpus.build(mix("second", "wiki"), tmp_path / "second")
    with corpus.open(write=True) as log:
        register_model(log, "m@1", trained_on=["second"])
        assert feedback(log).found == ()
        register_model(log, "m@1", base="other@1", trained_on=["second"])
        assert feedback(log).found[0].by == ("other@1",)


def test_a_manifest_out_of_sight_is_named(tmp_path: Path, corpus: Corpus) -> None:
    two_rounds(corpus, tmp_path)
    with corpus.open(write=True) as log:
        assert log.vault is not None
        strange = f"sha256:{'ab' * 32}"
    corpus.say(model("m@3", manifests=[strange]))
    with corpus.open() as log:
        assert feedback(log).unseen == (strange,)


def test_a_folder_is_as_good_as_a_name(
    tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CONFIG", str(corpus.ring.folder))
    corpus.build(mix("first", "diary", "model"), tmp_path / "first")
    with corpus.open(write=True) as log:
        named = register_model(log, "m@1", trained_on=["first"])
        folder = register_model(log, "m@1", trained_on=[str(tmp_path / "first")])
        assert folder.recorded == named.recorded.__class__(
            named.recorded.index, named.recorded.claim_id, False
        )


def test_a_mix_can_leave_later_generations_out(tmp_path: Path, corpus: Corpus) -> None:
    two_rounds(corpus, tmp_path)
    for most, rows in ((0, len(WIKI) - 4), (1, len(WIKI) - 4 + len(MODEL)), (2, 70)):
        rest = f"max_generation = {most}\n"
        text = mix(f"upto{most}", "wiki", "model", rest="").replace("strata =", f"{rest}strata =")
        made = corpus.build(text, tmp_path / str(most))
        assert made.statement.rows == rows


def test_sql_and_python_say_the_same_of_every_profile(tmp_path: Path, corpus: Corpus) -> None:
    from ledger.provenance.facts import PROFILE_FIELDS

    two_rounds(corpus, tmp_path)
    corpus.say(authorship(subject(DIARY[0]), "A0"), authorship(subject(DIARY[1]), "A2"))
    fields = ", ".join(f"p.{name}" for name in PROFILE_FIELDS)
    with corpus.open() as log:
        rows = log.connection.execute(
            f"SELECT {generation_sql()}, {fields} FROM profile AS p"
        ).fetchall()
    assert len(rows) >= 5
    assert [row[0] for row in rows] == [generation_of(row[1:]) for row in rows]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"reference": "m"}, "not a model's name and version"),
        ({"reference": "n@1", "aliases": ["m-latest"]}, "m-latest: already means m@1"),
        ({"reference": "n@1", "aliases": ["m@1"]}, "m@1: already means m@1"),
        ({"reference": "m@1", "base": "m@2"}, "m@2: tuned from the model itself"),
        ({"reference": "m@1", "base": "m@1"}, "m@1: tuned from the model itself"),
        ({"reference": "n@1", "aliases": ["a\nb"]}, "aliases.0"),
        ({"reference": "n@1", "aliases": [str(n) for n in range(41)]}, "at most 40"),
    ],
)
def test_what_cannot_be_registered(
    tmp_path: Path, corpus: Corpus, arguments: dict[str, object], words: str
) -> None:
    two_rounds(corpus, tmp_path)
    with corpus.open(write=True) as log:
        size = log.size
        with pytest.raises(InputError, match=words):
            register_model(log, **arguments)  # type: ignore[arg-type]
        with pytest.raises(UnknownNameError, match="unknown manifest: nowhere"):
            register_model(log, "n@1", trained_on=["nowhere"])
        assert log.size == size


def test_shares_are_lower_bounds_in_words() -> None:
    shares = (Share(0, 5), Share(1, 2), Share(3, 1), Share(None, 2))
    assert at_least(shares) == [Share(0, 8), Share(1, 3), Share(3, 1)]
    assert share_words(shares) == (
        "10 documents: 50 % of people or dated before AI text, "
        "at least 30 % of generation 1 or later, at least 10 % of generation 3 or later, "
        "20 % unknown"
    )
    assert share_words((Share(2, 1), Share(None, 9_999))) == (
        "10,000 documents: at least under 0.1 % of generation 2 or later, 99.9 % unknown"
    )


# --- as people use it


def test_register_list_lineage_status(own_place: Path, headwater: Command) -> None:
    assert headwater("init").code == 0
    (own_place / "notes.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    assert headwater("ingest", "notes.jsonl", "--dataset", "notes@1").code == 0
    (own_place / "mix.toml").write_text(mix("mix", "notes"))
    assert headwater("manifest", "build", "mix.toml", "-o", "mix").code == 0
    ran = headwater("model", "register", "a@1", "--manifest", "mix", "--alias", "a-latest")
    assert ran.code == 0, ran.stderr
    assert "a@1: registered; entry" in ran.stdout
    assert "trained on 2 documents: 100 % unknown" in ran.stdout
    assert "generations" not in headwater("status").stdout
    ran = headwater("model", "register", "b@1", "--base", "a-latest")
    assert ran.code == 0, ran.stderr
    shown = headwater("model", "lineage", "b@1").stdout
    assert "tuned from a@1: writes text of generation 1 or later" in shown
    assert "trained on mix@1; 2 documents: 100 % unknown" in shown
    listed = json.loads(headwater("--json", "model", "list").stdout)
    assert [item["model"] for item in listed] == ["a@1", "b@1"]
    assert listed[0]["tuned"] == ["b@1"]
    from ledger.log.canonical import format_entry
    from ledger.provenance.opening import open_ledger

    document = f"sha256:{sha256(b'one').hexdigest()}"
    with open_ledger("headwater.db", write=True) as log:
        log.append([format_entry(authorship(document, "A4", model="a@1"))])
    status = headwater("status")
    assert (
        "generations: 2 documents: at least 50 % of generation 1 or later, 50 % unknown"
        in status.stdout
    )
    assert (
        "ALARM: a@1 learned from its own texts: 1 document of manifest mix@1 was" in status.stdout
    )
    assert document in status.stdout
    explained = headwater("document", "explain", document).stdout
    assert "a registered model, whose texts are of generation 1 or later" in explained
    assert "generation 1 or later" in explained
    assert headwater("verify").code == 0
