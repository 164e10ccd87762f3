from datetime import date
from pathlib import Path

import pytest

from ledger.claims import Dataset
from ledger.corpus.dataset import (
    describe,
    find_description,
    load_description,
    parse_dataset_name,
)
from ledger.errors import InputError, MalformedError

MINIMAL = 'name = "r"\nversion = "1"\nchannel = "crawled"\n'
FULL = (
    MINIMAL
    + """license = "CC-BY-4.0"
language = "de"
include = ["docs/**/*.txt"]
roots = ["/home/someone/corpus", "s3://bucket/corpus"]
ai_tools_since = 2023-09-01
rights_holder = "Erika Mustermann"

[columns]
text = "body"
collected_at = "meta.seen"

[[evidence]]
type = "registry_release"
file = "*.tar.gz"
response = "index.json"
"""
)


@pytest.fixture
def file(tmp_path):
    def write(text, name="dataset.toml"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_everything_a_description_can_say(file):
    found = load_description(file(FULL))
    assert found.dataset == "r@1"
    assert found.ai_tools_since == date(2023, 9, 1)
    assert found.columns == {"text": "body", "collected_at": "meta.seen"}
    assert found.roots == ("/home/someone/corpus", "s3://bucket/corpus")
    assert [(e.type, e.file, e.settings) for e in found.evidence] == [
        ("registry_release", "*.tar.gz", {"response": "index.json"})
    ]


def test_what_is_public_is_a_claim_and_holds_nothing_private(file):
    public = load_description(file(FULL)).public()
    assert Dataset.model_validate(public).plain() == public | {"digests": "sha256"}
    for private in ("someone", "bucket", "Mustermann", str(file(FULL).parent)):
        assert private not in str(public)


def test_the_least_a_description_can_say(file):
    found = load_description(file(MINIMAL))
    assert (found.language, found.license, found.columns) == ("detect", None, {})
    assert Dataset.model_validate(found.public()).plain()["channel"] == "crawled"


BAD = {
    "unknown_key": (MINIMAL + 'licence = "MIT"\n', 4, "unknown key: licence", "license"),
    "unknown_column": (
        MINIMAL + '[columns]\ntxt = "b"\n',
        5,
        "unknown document column: txt",
        "text",
    ),
    "unknown_channel": (MINIMAL.replace("crawled", "web"), 3, "channel: 'web'", None),
    "date_that_is_none": (
        MINIMAL + "ai_tools_since = 2023-02-30\n",
        4,
        "a date that is none",
        None,
    ),
    "date_in_words": (MINIMAL + 'ai_tools_since = "2023-13-01"\n', 4, "a date that is none", None),
    "date_as_a_number": (MINIMAL + "ai_tools_since = 2023\n", 4, "a date that is none", None),
    "date_with_a_time": (
        MINIMAL + "ai_tools_since = 2023-01-01T00:00:00Z\n",
        4,
        "a date that is none",
        None,
    ),
    "not_toml": (MINIMAL + "license = \n", 4, "not TOML: invalid value", None),
    "key_twice": (MINIMAL + 'name = "s"\n', 4, "not TOML", None),
    "invalid_utf8": (MINIMAL.encode() + b'license = "\xff"\n', 4, "invalid UTF-8", None),
    "name_with_a_slash": (MINIMAL.replace('"r"', '"a/b"'), 1, "name: 'a/b'", None),
    "version_as_a_number": (MINIMAL.replace('"1"', "1"), 2, "version: ", None),
    "language_in_words": (MINIMAL + 'language = "German, mostly"\n', 4, "language: ", None),
    "include_as_a_string": (MINIMAL + 'include = "*.txt"\n', 4, "include: ", None),
    "license_with_a_newline": (MINIMAL + 'license = "a\\nb"\n', 4, "license: 'a\\\\nb'", None),
    "evidence_without_a_type": (MINIMAL + "[[evidence]]\n", None, "no evidence.type", None),
    "evidence_of_numbers": (
        MINIMAL + '[[evidence]]\ntype = "x"\nresponse = 3\n',
        4,
        "evidence.response: ",
        None,
    ),
    "no_channel": ('name = "r"\nversion = "1"\n', None, "no channel", "channel"),
    "no_name": ('version = "1"\nchannel = "crawled"\n', None, "no name", "--dataset"),
    "depth": ("a = " + "[" * 5000 + "]" * 5000, None, "nested too deeply", None),
    "size": ("#" * (1 << 20) + "\n", None, "expected a short description", None),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_description_is_refused_at_its_line(name, file):
    text, line, reason, hint = BAD[name]
    with pytest.raises(MalformedError) as caught:
        load_description(file(text))
    assert caught.value.exit_code == 3
    assert reason in str(caught.value)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)
    if hint is not None:
        assert hint in caught.value.hint


def test_a_description_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_description(tmp_path / "dataset.toml")


# names


@pytest.mark.parametrize("name", ["r@1", "Docs.2@2025.1-rc_1", "a" * 100 + "@" + "b" * 100])
def test_a_dataset_name(name):
    assert "@".join(parse_dataset_name(name)) == name


@pytest.mark.parametrize(
    "name",
    ["r", "r@", "@1", "r@1@2", "-r@1", "r@.1", "a/b@1", "r@1\n", "ü@1", "r @1", "a" * 101 + "@1"],
)
def test_a_name_that_is_none(name):
    with pytest.raises(InputError, match="expected a dataset as name@version"):
        parse_dataset_name(name)


def test_the_name_on_the_command_line_fills_in_what_the_file_leaves_out(file):
    path = file('channel = "crawled"\n')
    assert describe("r@1", [path.parent]).dataset == "r@1"


def test_two_names_are_refused(file):
    path = file(MINIMAL)
    assert describe("r@1", [path.parent]).channel == "crawled"
    with pytest.raises(InputError, match=r"dataset\.toml:2: version = '1', but '2' was asked for"):
        describe("r@2", [path.parent])


def test_no_description_at_all(tmp_path):
    assert describe("r@1", [tmp_path]).channel == "other"
    with pytest.raises(InputError, match=r"no dataset\.toml") as caught:
        describe(None, [tmp_path])
    assert "--dataset" in caught.value.hint


def test_a_description_lies_in_the_folder_or_beside_the_file(file, tmp_path):
    path = file(MINIMAL)
    (tmp_path / "f.jsonl").write_bytes(b"")
    (tmp_path / "other").mkdir()
    assert find_description([tmp_path]) == path
    assert find_description([tmp_path / "f.jsonl", tmp_path]) == path
    assert find_description([tmp_path / "other"]) is None


def test_two_descriptions_are_refused(file, tmp_path):
    file(MINIMAL)
    (tmp_path / "b").mkdir()
    file(MINIMAL, "b/dataset.toml")
    with pytest.raises(InputError, match="expected one"):
        find_description([tmp_path, tmp_path / "b"])


@pytest.mark.parametrize(
    ("pattern", "path", "about"),
    [
        ("f.tar.gz", "f.tar.gz", True),
        ("*.tar.gz", "sub/f.tar.gz", True),
        ("sub/f.tar.gz", "sub/f.tar.gz", True),
        ("g.tar.gz", "f.tar.gz", False),
        (None, "f.tar.gz", True),
    ],
)
def test_which_inputs_an_evidence_table_is_about(pattern, path, about, file):
    line = f'file = "{pattern}"\n' if pattern is not None else ""
    toml = file(f'{MINIMAL}[[evidence]]\ntype = "x"\n{line}')
    found = load_description(toml).evidence_for(toml.parent / Path(path))
    assert bool(found) is about
