from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.manifests.mix.mix import (
    Replay,
)
from ledger.manifests.mix.parse import parse_mix
from tests.manifests.mix.heads import HEAD, parsed, refused, without


@pytest.mark.parametrize(
    "value",
    ["-1", str(2**64), "7.0", '"7"', "true", "[7]", "2026-01-01", "1e3", "inf", "9" * 4_000],
)
def test_a_seed_of_the_wrong_type_is_one_clear_error(value: str) -> None:
    words, hint = refused(HEAD.replace("seed = 7", f"seed = {value}"))
    assert words.startswith("mix.toml: seed: found ")
    assert words.endswith(f", expected a whole number from 0 to {2**64 - 1}")
    assert hint == "any number will do; it is recorded"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("name", "name: found nothing, expected up to 200 characters of text"),
        ("version", "version: found nothing, expected a whole number from 1 to 999999999"),
        ("stage", "stage: found nothing, expected pretrain, mid, anneal, calibration"),
        ("seed", "seed: found nothing, expected a whole number"),
        ("datasets", "datasets: found nothing, expected a list of texts"),
        ("strata", "strata: found nothing, expected a list of texts"),
    ],
)
def test_what_must_be_said(key: str, words: str) -> None:
    assert words in refused(without(key))[0]


BOUND = '[[bound]]\nwhere = { language = "en" }\n'
SHARE = "[[share]]\nwhere = {}\nshare = 1\n"
TAIL = '[tail]\ntable = "t.tsv"\n'


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("buget = 3", "unknown field buget", "did you mean budget?"),
        ("zzz = 3", "unknown field zzz", "known: name, version"),
        ("budget = 0", "budget: found 0, expected a whole number from 1 to", None),
        ("budget = 1.5", "budget: found 1.5, expected a whole number", None),
        ('unit = "words"', "unit: found 'words', expected documents, tokens", None),
        ('policy = "Clean"', "policy: found 'Clean', expected a name such as", None),
        ("cutoff = 2022-11-30T00:00:00", "cutoff: found datetime", None),
        ('cutoff = "2022-11-30"', "cutoff: found '2022-11-30', expected a date", None),
        ("require_audit = 1", "require_audit: found 1, expected true or false", None),
        ("max_generation = -1", "max_generation: found -1", None),
        ("max_synthetic = 2", "max_synthetic: found 2, expected 0 to 1", None),
        ("max_synthetic = 0.5", "which is above the upper bound's 0.25", "write both"),
        (
            "max_synthetic = { estimate = 0.3, upper = 0.2 }",
            "max_synthetic: found 0.3 for the estimate, which is above 0.2",
            None,
        ),
        ("max_synthetic = { point = 1 }", "max_synthetic: unknown field point", "estimate, upper"),
        ("target = 3", "target: found 3, expected natural, unimax, shares", None),
        ('target = "nature"', "target: found 'nature'", "did you mean natural?"),
        ('target = "temperature"', "target: found a temperature without its alpha", "alpha = 0.3"),
        ('target = "shares"', "target: found shares, but no [[share]] tables", None),
        ("target = { temperature = {}, unimax = {} }", "target: found 2 targets", None),
        ("target = {}", "target: found 0 targets", None),
        ("target = { cooling = {} }", "target: unknown target cooling", None),
        ("target = { temperature = 0.3 }", "temperature: found 0.3, expected a table", None),
        (
            "target = { temperature = { alfa = 1 } }",
            "target: temperature: unknown field alfa",
            "did you mean alpha?",
        ),
        (
            "target = { temperature = { alpha = 1.5 } }",
            "target: temperature: alpha: found 1.5, expected 0 to 1",
            None,
        ),
        (
            'target = { temperature = { alpha = 1, over = ["topic"] } }',
            "over: found topic, which is not one of the strata's axes",
            "the strata are divided by label, basis, dataset, language",
        ),
        (
            'target = { temperature = { alpha = 1, over = ["colour"] } }',
            "over: found colour, expected label",
            None,
        ),
        ('target = "unimax"', "target: found unimax without a budget", "budget = the documents"),
        (
            "target = { temperature = { alpha = 1 } }",
            "target: found temperature without a budget",
            None,
        ),
        (
            "target = { unimax = { epochs = 2 } }\nrepeat = 2\nbudget = 9",
            "target: unimax: found epochs beside repeat",
            None,
        ),
        ("repeat = 2", "repeat: found 2 without a budget", "a document comes once at most"),
        ("repeat = 0.5\nbudget = 9", "repeat: found 0.5, expected 1 to 100", None),
        ('target = "natural"\n' + SHARE, "target: found natural beside [[share]] tables", None),
        (SHARE.replace("= 1", "= 0.9"), "found shares that add up to 0.9, expected 1", "1/3"),
        (SHARE + SHARE.replace("= 1", "= 0"), "share 2: found everything, of which share 1", None),
        (
            '[[share]]\nwhere = { topic = "law" }\nshare = 1',
            "share 1: where: found topic, which is not one of the strata's axes",
            "add topic to strata",
        ),
        ("[[share]]\nwhere = { colour = 1 }\nshare = 1", "where: unknown axis colour", "known:"),
        ("[[share]]\nshare = 1", "share 1: where: found nothing, expected a table", "where = {}"),
        ("[[share]]\nwhere = {}\nshares = 1", "share 1: unknown field shares", "mean share?"),
        ("share = 3", "share: found 3, expected [[share]] tables", None),
        ("share = [3]", "share 1: found 3, expected a table", None),
        (BOUND, "bound 1: found neither at_least nor at_most", None),
        (BOUND + "at_least = 0.5\nat_most = 0.4", "at_least 0.5, which is above at_most 0.4", None),
        (BOUND + 'at_least = "1e-3"', "bound 1: at_least: found '1e-3', expected a number", "1/3"),
        (BOUND + "at_least = 1e-3", "bound 1: at_least: found 1e-3, expected a number", None),
        (BOUND + "at_least = nan", "bound 1: at_least: found nan, expected a number", None),
        (BOUND + "at_least = 1e-999999999", "at_least: found 1e-999999999", None),
        (BOUND + 'at_least = "1/0"', "at_least: found '1/0', expected a number", None),
        (BOUND + "at_least = true", "at_least: found True, expected a number", None),
        (BOUND + "at_least = -0.1", "at_least: found -0.1, expected a number", None),
        (BOUND + 'name = "A b"\nat_least = 0', "bound 1: name: found 'A b', expected lower", None),
        (
            '[[bound]]\nwhere = { language = "english!" }\nat_least = 0',
            "bound 1: where: language: found english!, expected a code such as en, or unknown",
            None,
        ),
        (
            '[[bound]]\nwhere = { label = "human" }\nat_least = 0',
            "where: label: found human, expected human_verified, human_unverified",
            None,
        ),
        (
            '[[bound]]\nwhere = { dataset = "diary@2025" }\nat_least = 0',
            "dataset: found diary@2025, expected one of diary@2026, reserve:books@1",
            None,
        ),
        (
            '[[bound]]\nwhere = { label = "human_verified", basis = "classified" }\nat_least = 0',
            "bound 1: found label = human_verified, basis = classified, which no document can be",
            "those labels rest on attested",
        ),
        ("[[bound]]\nwhere = {}\nat_most = 0.5", "found everything at most 0.5, expected 1", None),
        ("[[bound]]\nwhere = {}\nat_most = 0", "found everything at most 0, expected 1", None),
        (
            (BOUND + 'name = "a"\nat_least = 0\n') * 2,
            "bound: found two named a",
            None,
        ),
        (
            BOUND + 'at_least = 0.5\n[[bound]]\nwhere = { language = ["en", "de"] }\nat_most = 0.4',
            "bound 1: found at_least 0.5 of what bound 2 holds at_most 0.4",
            None,
        ),
        (
            BOUND + 'at_least = 0.5\n[[bound]]\nwhere = { language = "de" }\nat_least = 0.6',
            "bound 1 and bound 2: found at_least 0.5 and 0.6, together above 1",
            None,
        ),
        (
            '[replay]\nreserve = "old@1"\nat_least = 0.1',
            "replay: found reserve old@1, which is not among the datasets",
            'add "reserve:old@1" to datasets',
        ),
        ("[replay]\nat_least = 0.1", "replay: reserve: found nothing", None),
        (TAIL + "quantiles = [0.5]", "tail: found neither weights nor the axis tail", None),
        (
            TAIL + "quantiles = [0.5, 0.5]",
            "tail: quantiles: expected numbers between 0 and 1",
            None,
        ),
        (TAIL + "quantiles = [1]", "tail: quantiles: expected numbers between 0 and 1", None),
        (TAIL + "quantiles = []", "tail: quantiles: found [], expected 1 to 15 numbers", None),
        (TAIL + "quantiles = [0.5]\nweights = [1]", "weights: found 1, expected 2: one", None),
        (TAIL + "quantiles = [0.5]\nweights = [1, 1.5]", "weights: found a fraction", None),
        (
            TAIL + "quantiles = [0.5]\nweights = [0, 1]",
            "weights: found 0, expected 1 to 1000",
            None,
        ),
        ("[tail]\nquantiles = [0.5]\nweights = [1, 2]", "tail: table: found nothing", None),
        (
            '[tail]\ntable = "words@1"\nquantiles = [0.5]\nweights = [1, 2]',
            "tail: table: found 'words@1', expected word counts",
            "headwater audit tail NAME@VERSION --write words.tsv",
        ),
        (
            TAIL + "quantiles = [0.5]\nweights = [2, 1]",
            "tail: found weights 2, 1, expected none below the one before it",
            None,
        ),
        (
            TAIL + 'quantiles = [0.5]\nweights = [1, 2]\nearlier = "old@1"',
            "tail: found earlier without the axis tail",
            "add tail to strata",
        ),
        (
            TAIL + 'quantiles = [0.5]\nearlier = "manifest:old"',
            "tail: earlier: found manifest:old, expected NAME@VERSION, reserve:",
            None,
        ),
        (TAIL + "quantile = [0.5]", "tail: unknown field quantile", "quantiles"),
        (
            "novel_tail = 0.1",
            "novel_tail: found strata without the axis tail",
            "add tail to strata",
        ),
        ("[[tail]]\n", "tail: found [{}], expected a table", None),
    ],
)
def test_what_is_unclear_or_contradicts_itself(text: str, words: str, hint: str | None) -> None:
    found, way = refused(HEAD + text + "\n")
    assert words in found
    if hint is not None:
        assert way is not None
        assert hint in way


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"m"', '"Mine"', "name: found 'Mine', expected lower-case letters"),
        ('"m"', '"m\\u202e"', "name: found characters that cannot be seen"),
        ('"mid"', '"middle"', "stage: found 'middle', expected pretrain"),
        ("version = 1", "version = 0", "version: found 0, expected a whole number from 1"),
        ("diary@2026", "diary", "datasets: found diary, expected NAME@VERSION"),
        ("reserve:books@1", "reserve:books@a", "datasets: found reserve:books@a"),
        ("reserve:books@1", "diary@2026", "datasets: found diary@2026 twice"),
        ("reserve:books@1", "anchor:books@1", "found anchor:books@1 in stage mid"),
        ('"language"', '"tail"', "strata: found the axis tail without [tail]"),
        ('"language"', '"colour"', "strata: found colour, expected label, basis"),
        ('"language"', '"label"', "strata: found label twice"),
        ('"language"', "3", "strata: found 3, expected text"),
    ],
)
def test_a_head_that_is_unclear(old: str, new: str, words: str) -> None:
    assert words in refused(HEAD.replace(old, new))[0]


def test_an_anchor_that_is_a_reserve_too() -> None:
    both = HEAD.replace("diary@2026", "anchor:books@1").replace("mid", "calibration")
    assert "datasets: found books@1 as a reserve and as an anchor" in refused(both)[0]


def test_replay_without_its_axis_and_tail_twice() -> None:
    replay = '[replay]\nreserve = "reserve:books@1"\nat_least = 0.1\n'
    assert parsed(replay).replay == Replay("books@1", Fraction(1, 10))
    words, hint = refused(HEAD.replace(', "dataset"', "") + replay)
    assert (words, hint) == (
        "mix.toml: replay: found strata without the axis dataset",
        "add dataset to strata",
    )
    tail = HEAD.replace('"basis"', '"tail"') + TAIL + "quantiles = [0.5]\nweights = [1, 2]\n"
    assert "tail: found weights beside the axis tail in strata" in refused(tail)[0]


def test_the_unit_of_a_tail_class_is_one_of_its_classes() -> None:
    head = HEAD.replace('"basis"', '"tail"')
    text = '[[bound]]\nwhere = { tail = "q3" }\nat_least = 0.1\n' + TAIL + "quantiles = [0.5]\n"
    words, _ = refused(head + text)
    assert "bound 1: where: tail: found q3, expected one of q0, q1" in words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"name = \xff", "mix.toml:1: bytes that are not UTF-8"),
        (b"\n\nname = =", "mix.toml:3: not TOML: Invalid value"),
        (b"a = " + b"[" * 5_000, "mix.toml: "),
        (b"#" * (1 << 18) + b"\n", "mix.toml: over 262,144 bytes, too long for a mix"),
        (HEAD.encode() + b"[[bound]]\n" * 257, "bound: found 257 tables, at most 256"),
        (HEAD.encode() + b"[[share]]\n" * 257, "share: found 257 tables, at most 256"),
        (
            HEAD.replace('"diary@2026"', ",".join(f'"d{n}@1"' for n in range(1_001))).encode(),
            "datasets: found 1002 values, at most 1000",
        ),
        (HEAD.encode() + b'policy = "' + b"a" * 300 + b'"', "policy: found 'aaaa"),
        (HEAD.encode() + b"budget = 1" + b"0" * 300, "budget: found an integer of over 256 bits"),
        (b'"a\\u0007b" = 1', "unknown field a\\x07b"),
    ],
)
def test_hostile_sizes_and_signs(source: bytes, words: str) -> None:
    assert words in refused(source)[0]


@given(st.integers(0, 400), st.binary(max_size=6), st.integers(0, 8))
def test_any_damage_is_a_mix_or_one_clear_error(at: int, put: bytes, cut: int) -> None:
    whole = (HEAD + "budget = 9\n" + BOUND + "at_least = 0.5\n" + SHARE).encode()
    damaged = whole[:at] + put + whole[at + cut :]
    try:
        mix = parse_mix(damaged, "mix.toml")
    except MalformedError as error:
        assert str(error).isprintable()
    else:
        assert mix.source == damaged
