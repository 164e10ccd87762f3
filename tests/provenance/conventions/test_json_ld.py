"""JSON-LD: the source type of the page's own text, not of its pictures."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from ledger.errors import InputError
from ledger.provenance.conventions import Disclosure
from ledger.provenance.conventions.json_ld import CONVENTION
from tests.provenance.conventions.samples import IPTC


def _script(value: Any, kind: str = "application/ld+json") -> bytes:
    return (
        b"<p>a</p>\n<script type='" + kind.encode() + b"'>\n" + orjson.dumps(value) + b"</script>"
    )


def _said(value: Any) -> list[tuple[str, str | None]]:
    found = CONVENTION.read(_script(value), "x")
    alone = CONVENTION.read(orjson.dumps(value), "x")
    assert found == [replace(one, where="x:2") for one in alone]
    return [(one.assistance, one.note) for one in found]


@pytest.mark.parametrize(
    ("code", "assistance"),
    [
        ("digitalCreation", "A0"),
        ("minorHumanEdits", "A0"),
        ("digitalCapture", "A0"),
        ("compositeWithTrainedAlgorithmicMedia", "A2"),
        ("compositeSynthetic", "A2"),
        ("trainedAlgorithmicMedia", "A3"),
        ("print", "AX"),
        ("composite", "AX"),
        ("algorithmicMedia", "AX"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_source_type_is_read_otherwise(code: str, assistance: str, scheme: str) -> None:
    uri = IPTC.replace("http", scheme, 1) + code
    for stated in (uri, [uri], {"@id": uri}):
        ((found, note),) = _said({"@type": "Article", "digitalSourceType": stated})
        assert found == assistance
        assert note is not None and code in note


def test_a_place_is_another() -> None:
    ai = {"digitalSourceType": IPTC + "trainedAlgorithmicMedia"}
    own: list[Any] = [
        ai,
        [ai],
        {"@graph": [{"@type": "WebSite"}, {**ai, "@type": ["NewsArticle", "Report"]}]},
        {"@type": "WebPage", "mainEntity": {**ai, "@type": "https://schema.org/BlogPosting"}},
        {"schema:digitalSourceType": IPTC + "trainedAlgorithmicMedia"},
        {"https://schema.org/digitalSourceType": IPTC + "trainedAlgorithmicMedia"},
    ]
    for value in own:
        assert _said(value) == [("A3", "trainedAlgorithmicMedia")], value


def test_a_picture_is_the_text() -> None:
    ai = {"digitalSourceType": IPTC + "trainedAlgorithmicMedia"}
    for value, note in (
        ({**ai, "@type": "ImageObject"}, "of ImageObject, not of the text"),
        ({"@type": "Article", "image": {**ai, "@type": "ImageObject"}}, "of ImageObject"),
        ({"@type": "Article", "image": ai}, "of something inside the work"),
        ({"@type": "Article", "comment": [{**ai, "@type": "Comment"}]}, "of something inside"),
        ({"@graph": [{**ai, "@type": "schema:VideoObject"}]}, "of VideoObject"),
    ):
        ((assistance, found),) = _said(value)
        assert assistance == "AX"
        assert found is not None and note in found


def test_what_is_unknown_says_something() -> None:
    for stated in ("trainedAlgorithmicMedia", IPTC + "newer", 3, None, {"@value": "x"}, [IPTC, 1]):
        ((assistance, note),) = _said({"digitalSourceType": stated})
        assert assistance == "AX"
        assert note is not None and "no known source type" in note


def test_another_script_says_something() -> None:
    value = {"digitalSourceType": IPTC + "trainedAlgorithmicMedia"}
    assert CONVENTION.read(_script(value, "text/plain"), "x") == []
    assert CONVENTION.read(b"<!-- " + _script(value) + b" -->", "x") == []
    assert CONVENTION.read(b"<pre>" + orjson.dumps(value) + b"</pre>", "x") == []
    (one,) = CONVENTION.read(_script(value, "Application/LD+JSON; charset=utf-8"), "x")
    assert one.assistance == "A3"


def test_no_json_is_read() -> None:
    page = b"<script type=application/ld+json>{digitalSourceType: 1}</script>"
    (one,) = CONVENTION.read(page, "x")
    assert one.assistance == "AX" and one.note is not None and one.note.startswith("no JSON: ")


def test_a_source_type_is_written_twice() -> None:
    page = b"<!doctype html><html><head></head><p>a</p></html>"
    written = CONVENTION.write(page, [Disclosure("a", "A4")])
    assert IPTC.encode() + b"trainedAlgorithmicMedia" in written
    assert CONVENTION.write(written, [Disclosure("a", "A3")]) == written
    with pytest.raises(InputError, match="states digitalSourceType trainedAlgorithmicMedia"):
        CONVENTION.write(written, [Disclosure("a", "A0")])
    parts = CONVENTION.write(page, [Disclosure("a", "A3", None, ((0, 3),))])
    (one,) = CONVENTION.read(parts, "x")
    assert (one.assistance, one.note) == ("A2", "compositeSynthetic")
