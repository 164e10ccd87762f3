"""Bands of known text: what they are made of, and their bytes."""

import orjson
import pytest

from ledger.errors import InputError, VerificationError
from ledger.log.canonical import encode
from ledger.verdicts.batches.bands_file import make_bands, read_bands
from ledger.verdicts.batches.tokens import WordTokenizer
from ledger.verdicts.batches.windows import TAIL, Windows, on_scale
from ledger.verdicts.signals.pooled import POOLED
from ledger.verdicts.statistics.bands import LEAST_WINDOWS, band_of
from tests.verdicts.batches.prose import documents, zipf

TEXTS = documents(60, 1)  # 24,000 words


@pytest.fixture(scope="module")
def made() -> bytes:
    return make_bands({"blog": TEXTS, "tiny": TEXTS[:3]})


def test_bands_are_not_those_of_the_windows(made: bytes) -> None:
    bands = read_bands(made, "here")
    assert bands.tokenizer == "words@1" and [*bands.sources] == ["blog", "tiny"]
    blog = bands.sources["blog"]
    assert [*blog.sizes] == [2_048, 1_024] and not bands.sources["tiny"].sizes
    windows = Windows(WordTokenizer(), 2_048)
    windows.add(WordTokenizer().encode(TEXTS))
    for name, values in windows.values().items():
        band, expected = blog.sizes[2_048][name], band_of(on_scale(name, values))
        assert band.windows == expected.windows == 11
        assert band.mean == pytest.approx(expected.mean, abs=1e-6)
        assert expected.deviation <= band.deviation <= expected.deviation + 1e-6
    assert TAIL not in blog.sizes[2_048] and blog.sizes[1_024][TAIL].windows == 11


def test_other_text_of_the_kind_covers_fewer_rare_words(made: bytes) -> None:
    """Text that taught what is rare would cover more of it: the halves are kept apart."""
    blog = read_bands(made, "here").sources["blog"]
    fresh = Windows(WordTokenizer(), 1_024, {"blog": blog.rare})
    fresh.add(WordTokenizer().encode(documents(60, 2)))
    band, found = blog.sizes[1_024][TAIL], fresh.tails()["blog"]
    assert abs(found.mean() - band.mean) < 3 * band.deviation / band.windows**0.5


def test_the_same_text_makes_other_bytes(made: bytes) -> None:
    again = make_bands({"tiny": iter(TEXTS[:3]), "blog": iter(TEXTS)})
    assert again == made and encode(orjson.loads(made)) == made


def test_nothing_has_a_band() -> None:
    bands = read_bands(make_bands({"none": [], "empty": ["", " "]}), "here")
    assert all(not one.sizes and not len(one.rare) for one in bands.sources.values())
    with pytest.raises(InputError, match="window"):
        make_bands({"a": []}, window=100)


def test_a_large_source_has_windows_without_end() -> None:
    text = zipf(1_024 * 450, 5)
    bands = read_bands(make_bands({"a": [text]}, window=1_024), "here")
    (size,) = bands.sources["a"].sizes.values()
    assert 200 <= size["entropy"].windows < 400


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain.update(format="headwater bands v2"),
        lambda plain: plain["sources"].reverse(),
        lambda plain: plain["sources"][0]["rare"].reverse(),
        lambda plain: plain["sources"][0]["windows"].reverse(),
        lambda plain: plain["sources"][0]["windows"][0]["measures"].update(luck={}),
        lambda plain: _entropy(plain).update(windows=LEAST_WINDOWS - 1),
        lambda plain: _entropy(plain).update(deviation_micro=-1),
        lambda plain: _entropy(plain).update(mean_micro="9"),
        lambda plain: _entropy(plain).pop("windows"),
        lambda plain: plain.pop("sources"),
        lambda plain: plain["sources"][0]["rare"].append(2**40),
    ],
)
def test_bytes_that_are_no_bands_are_read(made: bytes, change) -> None:  # type: ignore[no-untyped-def]
    plain = orjson.loads(made)
    change(plain)
    with pytest.raises(VerificationError, match="entry 7: bands: not a headwater bands v1"):
        read_bands(encode(plain), "entry 7: bands")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"1", b"\xff"])
def test_other_bytes_are_read(data: bytes) -> None:
    with pytest.raises(VerificationError):
        read_bands(data, "here")


def test_spaces_between_are_no_change(made: bytes) -> None:
    with pytest.raises(VerificationError, match="not of this format"):
        read_bands(orjson.dumps(orjson.loads(made), option=orjson.OPT_INDENT_2), "here")


def _entropy(plain: dict) -> dict:  # type: ignore[type-arg]
    return plain["sources"][0]["windows"][0]["measures"][POOLED[0]]  # type: ignore[no-any-return]
