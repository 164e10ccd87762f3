"""C2PA's list of soft-binding algorithms: ours in its form, and theirs taken apart with care."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InputError
from ledger.watermarks.interchange.reading import parse_json
from ledger.watermarks.interchange.soft_binding import (
    SoftBinding,
    alg_of,
    compare,
    format_soft_bindings,
    load_soft_bindings,
    parse_soft_bindings,
    soft_binding_of,
)
from ledger.watermarks.registry.changes import revoke
from ledger.watermarks.registry.register import register
from ledger.watermarks.registry.states import MarkState, find_mark
from tests.watermarks.registry.making import SECRET, ledger_of, write_description

WORDS = {
    "description": "a mark",
    "dateEntered": "2026-03-18T20:00:00.000Z",
    "contact": "marks@acme.example",
    "informationalUrl": "https://acme.example/marks",
}
ITEM: dict[str, Any] = {
    "identifier": 29,
    "alg": "example.acme.zero-width.1",
    "type": "watermark",
    "encodedMediaTypes": ["text/plain", "text/html"],
    "entryMetadata": WORDS,
}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> MarkState:
    folder = tmp_path_factory.mktemp("marks")
    ledger = ledger_of(folder / "acme")
    with ledger.open(write=True) as log:
        register(log, write_description(folder, model="Acme Writer 2"))
        revoke(log, "acme-writer")
        return find_mark(log, "acme-writer")


def listed(state: MarkState, **changes: Any) -> SoftBinding:
    said = {"contact": WORDS["contact"], "url": WORDS["informationalUrl"], **changes}
    return soft_binding_of(state, **said)


def parsed(*items: Any) -> tuple[SoftBinding, ...]:
    return parse_soft_bindings(list(items), "list.json")


def test_a_mark_in_the_lists_form_says_what_the_list_asks_for_and_no_key(state: MarkState) -> None:
    data = format_soft_bindings([listed(state)])
    (item,) = json.loads(data)
    assert item == {
        "identifier": 0,
        "deprecated": True,
        "alg": "example.acme.acme-writer.1",
        "type": "watermark",
        "decodedMediaTypes": ["text"],
        "entryMetadata": {
            "description": "Statistical watermark in text of Acme Writer 2, scheme "
            "unigram/shuffle@1, by acme.example/marks. "
            f"Registered as acme-writer@1, {state.subject}.",
            "dateEntered": "2026-09-21T14:13:20Z",
            "contact": "marks@acme.example",
            "informationalUrl": "https://acme.example/marks",
        },
    }
    assert str(SECRET).encode() not in data
    assert parse_soft_bindings(json.loads(data), "x") == (listed(state),)


@pytest.mark.parametrize(
    ("name", "version", "key", "alg"),
    [
        ("acme-writer", "1", "acme.example/marks", "example.acme.acme-writer.1"),
        ("acme.example/chat", "2026.1", "acme.example", "example.acme.chat.2026.1"),
        ("acme.example/chat", "1", "marks.acme.example", "example.acme.marks.chat.1"),
        ("Chat_7/pro..x", "v-1", "marks.acme.example", "example.acme.marks.Chat-7.pro.x.v-1"),
        ("other.example/chat", "é1", "acme.example", "example.acme.other.example.chat.1"),
    ],
)
def test_an_alg_is_the_providers_domain_reversed_and_the_marks_name(
    state: MarkState, name: str, version: str, key: str, alg: str
) -> None:
    vkey = key + "+0123abcd+AQ=="
    made = alg_of(replace(state, name=name, version=version, provider_key=vkey))
    assert made == alg
    assert parsed(ITEM | {"alg": made})[0].alg == made


@pytest.mark.parametrize("key", ["acme", "acme.1", "acme..example", "-acme.example", "ac_me.org"])
def test_a_provider_without_a_domain_has_no_place_in_the_list(state: MarkState, key: str) -> None:
    with pytest.raises(InputError, match="not named after a domain"):
        alg_of(replace(state, provider_key=f"{key}+0123abcd+AQ=="))


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"contact": "nobody"}, "contact"), ({"contact": "a b@c"}, "contact"), ({"url": "x"}, "url")],
)
def test_a_contact_must_be_one(state: MarkState, changes: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=f"(?i){words}"):
        listed(state, **changes)


def test_marks_in_a_list_are_known_again(state: MarkState) -> None:
    ours = replace(listed(state), identifier=90)
    renamed = replace(ours, identifier=91, alg="example.acme.writer.2")
    same_alg = replace(ours, identifier=92, alg=ours.alg + ".", description="a mark")
    foreign = parsed(ITEM)[0]
    found = compare([ours, renamed, same_alg, foreign], [state])
    assert [(item.by, [mark.label for mark in item.marks]) for item in found] == [
        ("subject", ["acme-writer@1"]),
        ("subject", ["acme-writer@1"]),
        ("alg", ["acme-writer@1"]),
        (None, []),
    ]
    nameless = replace(state, provider_key="acme+0123abcd+AQ==")
    assert compare([same_alg], [nameless])[0].by is None


def test_a_true_entry_is_read_whole_and_written_back() -> None:
    item = ITEM | {
        "decodedMediaTypes": ["text"],
        "softBindingResolutionApis": ["https://acme.example/v1"],
        "deprecated": True,
    }
    (found,) = parsed(item | {"benchmarks": [1, 2], "entryMetadata": WORDS | {"categories": []}})
    assert found.media == ("text", "text/plain", "text/html")
    assert found.marks_text and found.deprecated
    assert json.loads(format_soft_bindings([found])) == [item]
    assert not parsed(ITEM | {"encodedMediaTypes": ["image/png"]})[0].marks_text
    assert not parsed(ITEM | {"type": "fingerprint"})[0].marks_text
    assert parsed(ITEM | {"alg": "castLabs.watermark.1"})[0].alg == "castLabs.watermark.1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"identifier": -1}, "identifier"),
        ({"identifier": 65_536}, "identifier"),
        ({"identifier": True}, "identifier"),
        ({"identifier": 29.0}, "identifier"),
        ({"identifier": 10**300}, "identifier"),
        ({"alg": "acme"}, "alg"),
        ({"alg": "com.acme.\u202eevil"}, "alg"),
        ({"alg": "com.acme.x\n"}, "alg"),
        ({"alg": "com." + "a" * 5000}, "alg"),
        ({"alg": ["com.acme.x"]}, "alg"),
        ({"type": "both"}, "type"),
        ({"type": {}}, "type"),
        ({"deprecated": "no"}, "deprecated"),
        ({"encodedMediaTypes": []}, "neither decodedMediaTypes"),
        ({"encodedMediaTypes": ["text plain"]}, "encodedMediaTypes"),
        ({"encodedMediaTypes": "text/plain"}, "encodedMediaTypes"),
        ({"decodedMediaTypes": ["smell"]}, "decodedMediaTypes"),
        ({"decodedMediaTypes": [["text"]]}, "decodedMediaTypes"),
        ({"softBindingResolutionApis": [7]}, "softBindingResolutionApis"),
        ({"entryMetadata": None}, "entryMetadata"),
        ({"entryMetadata": WORDS | {"description": None}}, "entryMetadata.description"),
        ({"entryMetadata": WORDS | {"description": "x" * 20_001}}, "entryMetadata.description"),
        ({"entryMetadata": WORDS | {"dateEntered": "yesterday"}}, "entryMetadata.dateEntered"),
        ({"entryMetadata": WORDS | {"contact": "nobody"}}, "entryMetadata.contact"),
    ],
)
def test_a_hostile_entry_is_refused_by_its_number(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(ITEM, ITEM | {"identifier": 30, "alg": "example.acme.b"} | changes)
    assert str(caught.value).startswith("list.json: entry 2: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("missing", ["identifier", "alg", "type", "entryMetadata"])
def test_an_entry_without_a_needed_member_is_refused(missing: str) -> None:
    item = {name: value for name, value in ITEM.items() if name != missing}
    with pytest.raises(InputError, match=f"entry 1: no {missing}"):
        parsed(item)


def test_a_list_that_names_one_thing_twice_is_refused() -> None:
    with pytest.raises(InputError, match="entry 2: identifier 29 is that of entry 1 too"):
        parsed(ITEM, ITEM | {"alg": "example.acme.b"})
    with pytest.raises(InputError, match=r"entry 2: alg example.acme.zero-width.1 is that of"):
        parsed(ITEM, ITEM | {"identifier": 30})
    drafts = [ITEM | {"identifier": 0, "alg": f"example.acme.n{n}"} for n in range(2)]
    assert len(parsed(*drafts)) == 2  # numbers that C2PA has not assigned yet


@pytest.mark.parametrize("document", [{}, None, "x", 7, [7], [[ITEM]]])
def test_what_is_no_list_is_refused(document: Any) -> None:
    with pytest.raises(InputError, match=r"^list.json: "):
        parse_soft_bindings(document, "list.json")


def test_a_file_is_read_with_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(json.dumps([ITEM]).encode())
    assert load_soft_bindings(path) == parsed(ITEM)
    with open(path, "wb") as file:
        file.truncate((4 << 20) + 1)
    with pytest.raises(InputError, match="over 4,194,304 bytes"):
        load_soft_bindings(path)
    with pytest.raises(InputError, match="no such file"):
        load_soft_bindings(tmp_path / "none.json")
    with pytest.raises(InputError, match="expected at most 65,536"):
        parse_soft_bindings(parse_json(b"[" + b"0," * 65_536 + b"0]", "x"), "x")
