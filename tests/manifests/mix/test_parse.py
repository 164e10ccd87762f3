from datetime import date
from fractions import Fraction
from hashlib import sha256
from textwrap import dedent

import pytest

from ledger.errors import MalformedError
from ledger.manifests.mix import parse
from ledger.manifests.mix.mix import (
    DEFAULT_GATE,
    Bound,
    Gate,
    Mix,
    Natural,
    Replay,
    Share,
    Shares,
    Tail,
    Temperature,
    Unimax,
)
from ledger.manifests.mix.parse import parse_mix
from ledger.manifests.mix.where import EVERYTHING, Where
from tests.manifests.mix.heads import HEAD, parsed, refused


def test_the_example_of_the_documentation() -> None:
    text = parse.__doc__ or ""
    example = dedent(text[text.index("    name =") : text.index("`target` is")])
    mix = parse_mix(example.encode(), "mix.toml")
    people = ("human_unverified", "human_verified")
    assert mix == Mix(
        name="continued",
        version=1,
        stage="mid",
        unit="tokens",
        seed=7,
        datasets=("diary@2026", "reserve:books@1"),
        strata=("label", "basis", "dataset", "language"),
        target=Temperature(Fraction(3, 10), ("language",)),
        budget=1_000_000,
        policy="clean-strict@1",
        bounds=(
            Bound(
                "english",
                Where((("label", people), ("language", ("en",)))),
                Fraction(2, 5),
                Fraction(2, 3),
            ),
        ),
        gate=Gate(Fraction(1, 10), Fraction(1, 4)),
        replay=Replay("books@1", Fraction(1, 20)),
        source=example.encode(),
    )
    assert mix.reference == "continued@1"
    assert mix.digest == f"sha256:{sha256(example.encode()).hexdigest()}"
    assert mix.reserves == ("books@1",)
    assert mix.anchors == ()


def test_what_is_not_said() -> None:
    mix = parsed()
    assert mix.strata == ("label", "basis", "dataset", "language")  # in the order of the axes
    assert (mix.unit, mix.budget, mix.policy) == ("documents", None, "clean-strict@1")
    assert (mix.target, mix.bounds, mix.repeat) == (Natural(), (), Fraction(1))
    assert mix.gate == DEFAULT_GATE == Gate(Fraction(1, 10), Fraction(1, 4))
    assert (mix.cutoff, mix.replay, mix.tail, mix.novel_tail) == (None, None, None, None)
    assert mix.require_audit is False
    assert mix.max_generation is None


def test_shares_are_what_was_written() -> None:
    tables = """
    [[share]]
    where = { language = "de" }
    share = "1/3"
    [[share]]
    where = { language = ["en", "fr"], label = "*" }
    share = "0.3333333333"
    [[share]]
    where = {}
    share = 0.1
    """
    words, _ = refused(HEAD + tables.replace("0.3333333333", "0.333333333"))
    assert "share: found shares that add up to 2299999999/3000000000, expected 1" in words
    words, _ = refused(HEAD + tables)
    assert "share 2: share: found '0.3333333333', expected a number from 0 to 1" in words
    mix = parsed(tables.replace('"0.3333333333"', '"17/30"'))
    assert mix.target == Shares(
        (
            Share(Where((("language", ("de",)),)), Fraction(1, 3)),
            Share(Where((("language", ("en", "fr")),)), Fraction(17, 30)),
            Share(EVERYTHING, Fraction(1, 10)),
        )
    )
    explicit = 'target = "shares"\n' + tables.replace('"0.3333333333"', '"17/30"')
    assert parsed(explicit).target == mix.target


@pytest.mark.parametrize(
    ("text", "target", "repeat"),
    [
        ('target = "natural"', Natural(), 1),
        ('target = "natural"\nrepeat = 1.5\nbudget = 9', Natural(), Fraction(3, 2)),
        (
            "target = { temperature = { alpha = 0.3 } }\nbudget = 9",
            Temperature(Fraction(3, 10), ("label", "basis", "dataset", "language")),
            1,
        ),
        (
            'target = "unimax"\nbudget = 9',
            Unimax(("label", "basis", "dataset", "language")),
            4,
        ),
        ('target = { unimax = { over = ["language"] } }\nbudget = 9', Unimax(("language",)), 4),
        ("target = { unimax = { epochs = 2 } }\nbudget = 9\nstrata = []", None, None),
        (
            'target = { unimax = { over = ["dataset", "label"], epochs = "5/2" } }\nbudget = 9',
            Unimax(("label", "dataset")),
            Fraction(5, 2),
        ),
        (
            'target = "unimax"\nrepeat = 2\nbudget = 9',
            Unimax(("label", "basis", "dataset", "language")),
            2,
        ),
    ],
)
def test_targets(text: str, target: object, repeat: object) -> None:
    if target is None:
        with pytest.raises(MalformedError, match="not TOML: Cannot overwrite a value"):
            parsed(text)
        return
    mix = parsed(text + "\n")
    assert (mix.target, mix.repeat) == (target, repeat)


def test_everything_else_that_can_be_said() -> None:
    mix = parsed(
        """
        unit = "tokens"
        policy = "./mine.toml"
        cutoff = 2021-01-02
        max_synthetic = 0.05
        require_audit = true
        max_generation = 0
        novel_tail = "1/20"
        [tail]
        table = "words-en.tsv"
        quantiles = [0.5, "0.9"]
        """,
        HEAD.replace('"basis"', '"tail"'),
    )
    assert (mix.unit, mix.policy, mix.cutoff) == ("tokens", "./mine.toml", date(2021, 1, 2))
    assert mix.gate == Gate(Fraction(1, 20), Fraction(1, 4))
    assert (mix.require_audit, mix.max_generation) == (True, 0)
    assert mix.novel_tail == Fraction(1, 20)
    assert mix.tail == Tail("words-en.tsv", (Fraction(1, 2), Fraction(9, 10)))
    assert mix.tail.classes == ("q0", "q1", "q2")
    assert mix.tail.values == ("q0", "q1", "q2", "unrated")
    since = parsed(
        '[tail]\ntable = "a/b.tsv"\nquantiles = ["1/3"]\nearlier = "manifest:old@2"\n',
        HEAD.replace('"basis"', '"tail"'),
    ).tail
    assert since == Tail("a/b.tsv", (Fraction(1, 3),), (), "manifest:old@2")
    assert since.values == ("q0", "q1", "unrated", "seen")
    weights = parsed('[tail]\ntable = "words-en.tsv"\nquantiles = [0.5]\nweights = [1, 3]\n')
    assert weights.tail == Tail("words-en.tsv", (Fraction(1, 2),), (1, 3))
    final = parsed(head=HEAD.replace("reserve:", "anchor:").replace("mid", "anneal"))
    assert (final.reserves, final.anchors) == ((), ("books@1",))


def test_the_greatest_numbers() -> None:
    mix = parsed(
        f"budget = {2**53 - 1}\nrepeat = 100\n", HEAD.replace("seed = 7", f"seed = {2**64 - 1}")
    )
    assert (mix.seed, mix.budget, mix.repeat) == (2**64 - 1, 2**53 - 1, Fraction(100))
