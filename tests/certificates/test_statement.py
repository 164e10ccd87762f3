from dataclasses import replace

import pytest

from ledger.certificates.statement import (
    Head,
    Page,
    Statement,
    format_statement,
    limits,
    parse_statement,
)
from ledger.errors import InputError, VerificationError
from ledger.provenance.dsse import encode_members

RULE = {"basis": "none", "label": "human_unverified", "number": "5"}
STATEMENT = Statement(
    subject="r@1",
    content_root=bytes(range(32)),
    composition={"totals": {"bytes": 3, "documents": 1, "occurrences": 1}},
    head=Head("example.org/log", 7, bytes(32), "note"),
    policy={
        "cutoff": "2022-11-30",
        "digest": "sha256:" + "0" * 64,
        "name": "p",
        "rules": [{**RULE, "shown": "author unknown", "why": "nothing", "words": "None."}],
        "title": "P",
        "version": "1",
    },
    issued_at=1_750_000_000,
    issuer="Example",
    limits=limits("Example", None),
    log_vkeys=("k",),
    statement_vkeys=("s",),
    page=Page(bytes(32), 1),
)


def test_parse_undoes_format() -> None:
    assert parse_statement(format_statement(STATEMENT), "here") == STATEMENT


def test_the_subject_is_the_content_root_in_the_form_in_toto_asks_for() -> None:
    payload = format_statement(STATEMENT)
    assert payload.startswith(b'{"_type":"https://in-toto.io/Statement/v1","predicate":{')
    root = bytes(range(32)).hex().encode()
    assert payload.endswith(
        b'"predicateType":"https://headwater.invalid/composition/v1","subject":[{"digest":'
        b'{"headwater_content_root_v1":"' + root + b'"},"name":"r@1"}]}'
    )


def test_the_limits_are_said_in_the_words_of_the_design() -> None:
    assert limits("Org", "and so on") == (
        "Composition certificate, self-issued by Org. Not issued by an authority; not a finding "
        "of compliance with any law.",
        "You can check the signature and the arithmetic. The issuer could have rewritten this "
        "history.",
        "You cannot check here that sources, licences and author statements are true, or that "
        "every document used was recorded.",
        "and so on",
    )


@pytest.mark.parametrize("value", [1.5, None, float("nan")])
def test_a_float_or_null_has_no_place_in_a_composition(value: object) -> None:
    with pytest.raises(InputError):
        format_statement(replace(STATEMENT, composition={"totals": {"documents": value}}))


PAYLOAD = format_statement(STATEMENT)


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (b'"size":7', b'"size":"7"'),
        (b'"size":7', b'"size":true'),
        (b'"size":7', b'"size":7,"size":8'),
        (b'"size":7', b'"size": 7'),
        (b'"issued_at":1750000000', b'"issued_at":1750000000.0'),
        (b'"issuer":"Example",', b""),
        (b'"issuer":', b'"foreign":1,"issuer":'),
        (b"composition/v1", b"composition/v2"),
        (b"Statement/v1", b"Statement/v9"),
        (b'"cutoff":"2022-11-30"', b'"cutoff":"30.11.2022"'),
        (b'"cutoff":"2022-11-30"', b'"cutoff":"2022-11-31"'),
        (b'"name":"r@1"}]', b'"name":"r@1"},{}]'),
        (b'"totals":{', b'"totals":[{'),
        (b'"totals":{"bytes":3,"documents":1,"occurrences":1}', b'"totals":7'),
        (b'"number":"5"', b'"number":5'),
        (b'"log":["k"]', b'"log":"k"'),
        (b"headwater_content_root_v1", b"sha256"),
    ],
)
def test_a_statement_of_another_shape_is_refused_with_its_place(found: bytes, put: bytes) -> None:
    assert found in PAYLOAD
    with pytest.raises(VerificationError, match=r"^here: payload is not a composition statement"):
        parse_statement(PAYLOAD.replace(found, put, 1), "here")


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"{}", b"[" * 5000])
def test_what_is_no_statement_at_all(payload: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_statement(payload, "here")


def test_field_names_of_a_standard_are_sorted_like_all_others() -> None:
    assert encode_members({"b": 1, "aZ": 2, "_c": "ü"}) == '{"_c":"ü","aZ":2,"b":1}'.encode()
