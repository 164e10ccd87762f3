"""Every vocabulary, over every combination of what can be known of a document."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.claims.fields import Channel
from ledger.errors import InputError, MalformedError
from ledger.provenance.labels import BASIS_WORDS, LABEL_WORDS
from ledger.provenance.vocabularies import ASSISTANCE, Degree, Known, find_vocabulary, vocabularies
from ledger.provenance.vocabularies.aia import format_statement, parse_statement
from ledger.provenance.vocabularies.iptc import BASE, code_of

NAMES = (
    "agent-trace",
    "ai-disclosure-header",
    "c2pa",
    "eu-53",
    "git-ai",
    "iptc",
    "language-creators",
    "sentence",
    "trailer",
    "w3c",
)
EVERYTHING = [
    Known(*one)
    for one in product(LABEL_WORDS, BASIS_WORDS, ASSISTANCE, get_args(Channel), (None, True, False))
]
RANK = {name: rank for rank, name in enumerate(("AX", "A0", "A1", "A2", "A3", "A4"))}
BY_AI = {"A2", "A3", "A4"}
EXACT = {  # what comes back as it was said; the others come back as the greater degree
    "agent-trace": {"A0", "A2", "A3"},
    "ai-disclosure-header": {"A0", "A2", "A3", "A4"},
    "c2pa": {"A3", "A4"},
    "git-ai": {"A0", "A3"},
    "iptc": {"A0", "A2", "A3"},
    "language-creators": {"A3"},
    "sentence": {"A0", "A1", "A2", "A3", "A4"},
    "trailer": {"A2", "A3"},
    "w3c": {"A0", "A2", "A3", "A4"},
}


def _declared(assistance: str, reviewed: bool | None = None) -> Known:
    label = "synthetic_known" if assistance in BY_AI else "human_unverified"
    return Known(label, "declared", assistance, "crawled", reviewed)


def test_a_vocabulary_is_missing() -> None:
    assert tuple(vocabularies()) == NAMES
    assert len(EVERYTHING) == 4 * 8 * 6 * 7 * 3


@pytest.mark.parametrize("name", NAMES)
def test_a_combination_has_neither_a_term_nor_a_reason(name: str) -> None:
    vocabulary = find_vocabulary(name)
    seen = set()
    for known in EVERYTHING:
        said = vocabulary.say(known)
        assert (said.term is None) == bool(said.why), known
        if said.term is not None:
            assert said.term in vocabulary.terms, known
            assert vocabulary.read(said.term) is not None, known
            seen.add(said.term)
    assert seen == set(vocabulary.terms)


@pytest.mark.parametrize("name", NAMES)
def test_a_suspicion_becomes_a_statement(name: str) -> None:
    vocabulary = find_vocabulary(name)
    inferred = [
        known
        for known in EVERYTHING
        if known.basis in ("marked", "classified") or known.label == "synthetic_suspected"
    ]
    if vocabulary.of_authorship:
        assert {vocabulary.say(known).term for known in inferred} == {None}
    else:  # how it was obtained: no inference moves it
        for known in inferred:
            plain = Known("human_unverified", "none", "AX", known.channel, None)
            assert vocabulary.say(known) == vocabulary.say(plain)


@pytest.mark.parametrize("name", sorted(EXACT))
def test_reading_back_takes_ai_away(name: str) -> None:
    vocabulary = find_vocabulary(name)
    exact, others = set(), set()
    for known in EVERYTHING:
        term = vocabulary.say(known).term
        if term is None:
            continue
        degree = vocabulary.read(term)
        assert degree is not None
        if degree.assistance == "AX":  # the term says nothing of it
            assert name == "language-creators" and known.assistance not in BY_AI
            continue
        if known.assistance == "AX":  # a data set of the provider's own synthetic text
            assert name == "language-creators" and known.label == "synthetic_known"
            continue
        if known.assistance in BY_AI:
            assert degree.assistance in BY_AI, known
        if degree.assistance == known.assistance:
            exact.add(known.assistance)
        else:
            others.add(known.assistance)
            ai = known.assistance in BY_AI and degree.assistance in BY_AI
            assert ai or RANK[degree.assistance] > RANK[known.assistance], known
        if known.reviewed is True and degree.reviewed is not None and known.assistance != "A4":
            assert degree.reviewed is True, known
        if known.reviewed is not True:
            assert degree.reviewed is not True, known
    assert exact == EXACT[name]
    assert not exact & others


def test_what_nobody_stated_is_said() -> None:
    for known in EVERYTHING:
        if known.assistance != "AX":
            continue
        for name, vocabulary in vocabularies().items():
            said = vocabulary.say(known)
            if name == "language-creators":
                assert said.term in (None, "found", "machine-generated", "expert-generated")
                if said.term == "machine-generated":
                    assert known.label == "synthetic_known"
            elif vocabulary.of_authorship:
                assert said.term is None, (name, known)


def test_a_persons_word_is_called_an_observation() -> None:
    git_ai = find_vocabulary("git-ai")
    for known in EVERYTHING:
        if git_ai.say(known).term == "h":
            assert known.basis == "observed" and known.assistance == "A0"


def test_what_others_made_counts_as_the_providers_own() -> None:
    sections = find_vocabulary("eu-53")
    for known in EVERYTHING:
        assert (sections.say(known).term == "2.5") == (known.channel == "own_synthetic")
    assert sections.say(Known("human_unverified", "none", "AX", "mixed", None)).term is None


def test_the_table_is_another() -> None:
    """The rows of the mapping, as others write them."""
    rows = {
        "A0": ("none", "digitalCreation", None, None, "human", "none"),
        "A1": ("ai-assisted", "compositeWithTrainedAlgorithmicMedia", "human_validated",
               "Assisted-by", "mixed", "ai-modified"),
        "A2": ("ai-assisted", "compositeSynthetic", "human_validated",
               "Assisted-by", "mixed", "ai-modified"),
        "A3": ("ai-generated", "trainedAlgorithmicMedia", "human_validated",
               "Generated-by", "ai", "ai-originated"),
        "A4": ("ai-autonomous", "trainedAlgorithmicMedia", "fully_autonomous",
               "Generated-by", "ai", "machine-generated"),
    }  # fmt: skip
    for assistance, (w3c, iptc, c2pa, trailer, trace, header) in rows.items():
        said = {
            name: one.say(_declared(assistance, True)).term for name, one in vocabularies().items()
        }
        assert said["w3c"] == w3c
        assert said["iptc"] == BASE + iptc
        assert said["c2pa"] == c2pa
        assert said["trailer"] == trailer
        assert said["agent-trace"] == trace
        assert said["ai-disclosure-header"] == header
    for reviewed in (None, False):
        assert find_vocabulary("c2pa").say(_declared("A3", reviewed)).term == "prompt_guided"


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("http://cv.iptc.org/newscodes/digitalsourcetype/print", "print"),
        ("https://cv.iptc.org/newscodes/digitalsourcetype/print", "print"),
        ("https://cv.iptc.org/newscodes/digitalsourcetype/print/", "print"),
        ("https://schema.org/TrainedAlgorithmicMediaDigitalSource", "trainedAlgorithmicMedia"),
        ("http://schema.org/DigitalArtDigitalSource", "digitalArt"),
        ("TrainedAlgorithmicMediaDigitalSource", "trainedAlgorithmicMedia"),
        ("trainedAlgorithmicMedia", None),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/newer", None),
        ("http://example.org/newscodes/digitalsourcetype/print", None),
        ("", None),
    ],
)
def test_a_source_type_is_read_otherwise(term: str, code: str | None) -> None:
    assert code_of(term) == code


@given(st.sampled_from(("A1", "A2", "A3", "A4")), st.sampled_from((None, True, False)), st.text())
def test_a_statement_comes_back_otherwise(
    assistance: str, reviewed: bool | None, model: str
) -> None:
    try:
        text = format_statement(assistance, model, reviewed)
    except InputError:
        return
    assert parse_statement(text, "x") == (Degree(assistance, reviewed), model)


def test_a_statement_of_a_model_is_another() -> None:
    text = format_statement("A3", "Gemini 2.5 Pro", True)
    assert text == "AIA PAI Nc Hin R Gemini 2.5 Pro v1.0"
    read = parse_statement("AIA PAI Ce Hin R Gemini 2.5 Pro v1.0", "x")
    assert read == (Degree("A3", True), "Gemini 2.5 Pro")
    assert parse_statement("AIA HAb SeNc Hin Nr v1.0", "x") == (Degree("A2", False), None)
    for spelled in ("CeNc", "Ce Nc", "NcCe Se"):
        read = parse_statement(f"AIA Ph {spelled} Hin Ain R M v1.0", "x")
        assert read == (Degree("A2", True), "M")
    assert parse_statement("AIA EAI Hin Ain R v1.0", "x") == (Degree("A3", True), None)
    for bad in ("AIA", "AIA Eh", "AIA XX v1.0", "AIA Eh v2.0", "aia Eh v1.0", "AIA Eh v1.0\n"):
        with pytest.raises(MalformedError, match="no AI Attribution statement"):
            parse_statement(bad, "x")
    with pytest.raises(InputError, match="nothing to state"):
        format_statement("AX")
