"""What is published is what the code does: schemas, SQL, FORMAT.md and its examples."""

import base64
import hmac
import json
import re
import tomllib
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.certificates.open import verify_certificate
from ledger.claims import BODIES, Private
from ledger.claims.fields import Channel
from ledger.claims.key import KeyUse
from ledger.databases import database_for
from ledger.errors import InputError, VerificationError
from ledger.log import projection
from ledger.log.canonical import encode
from ledger.log.notes import Verifier, parse_vkey
from ledger.log.projection import EntryProjection
from ledger.log.runs import RunIndex
from ledger.log.schema import HEAD, ddl, migrations_folder, schema_digest, upgrade
from ledger.log.shape import spelled
from ledger.log.tables import AUTHORITY
from ledger.provenance.conditions import MEASURES
from ledger.provenance.facts import ATTRIBUTE_FIELDS, FLAGS, PROFILE_FIELDS
from ledger.provenance.projection import ProvenanceProjection
from ledger.provenance.rules import BASES
from tests.generate import EXAMPLE, FORMAT, ROOT, SCHEMAS, generated, stale, with_examples

TEXT = FORMAT.read_text()
LOG: dict[str, Any] = json.loads((ROOT / "tests/vectors/log.json").read_bytes())
MADE: dict[str, Any] = json.loads((ROOT / "tests/vectors/format.json").read_bytes())


def canonical(value: object) -> bytes:
    """RFC 8785 on our domain, by another library than the one under test."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def public(vkey: str) -> Verifier:
    return parse_vkey(vkey)


# --- generated files


def test_a_generated_file_is_stale() -> None:
    found = [str(path.relative_to(ROOT)) for path in stale(generated())]
    assert not found, f"python -m tests.generate; changed: {found}"


def test_an_example_says_other_bytes_than_its_vector() -> None:
    shown = MADE["content_root"]["of_three"]
    changed = TEXT.replace(shown, shown[:-1] + ("0" if shown[-1] != "0" else "1"))
    assert changed != TEXT
    assert with_examples(changed, {"log.json": LOG, "format.json": MADE}) == TEXT


def test_an_example_has_no_mark() -> None:
    marked = len(EXAMPLE.findall(TEXT))
    assert marked == TEXT.count("```text\n") == TEXT.count("```") / 2
    assert {file for _, file, *_ in EXAMPLE.findall(TEXT)} == {"log.json", "format.json"}


def test_a_published_file_is_not_in_the_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = settings["package-data"]["ledger.schemas"]
    shipped = {path for pattern in patterns for path in SCHEMAS.glob(pattern)}
    there = {p for p in SCHEMAS.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert there - shipped == {SCHEMAS / "__init__.py"}


# --- schemas of the database


def test_a_projection_changed_its_tables_but_not_its_digest() -> None:
    """An old ledger would be read with the wrong columns instead of being rebuilt."""
    log, provenance = EntryProjection(RunIndex()), ProvenanceProjection()
    assert schema_digest(log.ddl()) == projection.SCHEMA_DIGEST
    assert provenance.schema_digest == schema_digest(provenance.ddl())


def test_a_migration_was_added_but_head_was_not_moved() -> None:
    names = sorted(path.name for path in (migrations_folder() / "versions").glob("m*.py"))
    assert names[-1].startswith(f"m{HEAD}_")
    assert import_module("migrations.versions." + names[-1][:-3]).revision == HEAD


def test_the_migrations_make_other_tables_than_the_code_names(tmp_path: Path) -> None:
    location = str(tmp_path / "x.db")
    database = database_for(location)
    upgrade(database, location)
    connection = database.connect(location, write=False)
    found = {name: spelled(sql) for name, sql in database.schema(connection)}
    connection.close()
    expected = {sql.split()[2]: spelled(sql) for sql in ddl(AUTHORITY, AUTHORITY.tables.keys())}
    made = {name for name in found if not name.startswith("guard_")}
    assert made == {*expected, "alembic_version"}
    assert {name: found[name] for name in expected} == expected


# --- schemas of claims


def schema(name: str) -> dict[str, Any]:
    return json.loads((SCHEMAS / name).read_bytes())  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", BODIES)
def test_a_claims_schema_admits_what_has_no_canonical_form(kind: str) -> None:
    published, fields = schema(f"claims/{kind}.schema.json"), BODIES[kind].model_fields
    assert set(published["properties"]) == set(fields)
    needed = {name for name, field in fields.items() if field.is_required()}
    assert set(published["required"]) == needed
    assert published["additionalProperties"] is False
    assert "null" not in json.dumps(published)


@pytest.mark.parametrize("kind", BODIES)
def test_the_page_forgets_a_member_of_a_claim(kind: str) -> None:
    _, _, rest = TEXT.partition(f"\n### {kind}\n")
    listed = re.findall(r"^\| `(\w+)`(\??) \| (.*) \|$", re.split(r"\n##", rest)[0], re.MULTILINE)
    expected = {
        name: "" if field.is_required() or field.default is not None else "?"
        for name, field in BODIES[kind].model_fields.items()
    }
    assert {name: mark for name, mark, _ in listed} == expected
    if kind == "origin":
        (said,) = [words for name, _, words in listed if name == "private"]
        assert set(re.findall(r"`(\w+)`", said)) == set(Private.model_fields)
    if kind == "key":
        (said,) = [words for name, _, words in listed if name == "use"]
        assert tuple(re.findall(r"`(\w+)`", said)) == get_args(KeyUse)


def test_the_page_forgets_a_word() -> None:
    flags = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", TEXT, re.MULTILINE))
    assert {name: int(bit) for name, bit in flags.items()} == FLAGS
    channels = re.search(r"\*Channel\* is (.*)\.", TEXT)
    assert channels is not None
    assert tuple(re.findall(r"`(\w+)`", channels[1])) == get_args(Channel)
    for label, bases in BASES.items():
        row = re.search(rf"^\| `{label}` \| (.*) \|$", TEXT, re.MULTILINE)
        assert row is not None
        assert [word for word in re.findall(r"`(\w+)`", row[1]) if word != "warning"] == [*bases]
    for name in MEASURES:
        assert f"`{name} = {{ at_least = N }}`" in TEXT
    assert ", ".join(ATTRIBUTE_FIELDS) in TEXT
    numbered = [f"{how}_e{at}" for how in ("checked", "asserted") for at in range(6)]
    assert [*MADE["profile"]["fields"][5:]] == numbered == [*PROFILE_FIELDS[5:]]
    assert ", ".join(PROFILE_FIELDS[:5]) + ", checked_e0 … checked_e5" in TEXT


# --- the examples, by the standard library


@pytest.mark.parametrize("name", MADE["entries"])
def test_entries(name: str) -> None:
    vector = MADE["entries"][name]
    entry = json.loads(vector["bytes"])
    assert canonical(entry) == vector["bytes"].encode()
    said = {field: entry[field] for field in ("body", "kind", "subject")}
    assert vector["claim_id"] == "sha256:" + sha256(canonical(said)).hexdigest()


def test_the_commitments_of_the_entries_open() -> None:
    bodies = {name: json.loads(MADE["entries"][name]["bytes"]) for name in MADE["entries"]}
    values, secret = MADE["committed"], bytes.fromhex(MADE["committed"]["secret"])
    for kind, field in (("operation", "path"), ("origin", "url"), ("authorship", "author")):
        body, subject = bodies[kind]["body"], bytes.fromhex(bodies[kind]["subject"][7:])
        locator = body.get("locator", {"file": bodies[kind]["subject"], "part": 0, "row": 0})
        place = b"".join(locator[name].to_bytes(8, "big") for name in ("row", "part"))
        message = field.encode() + b"\0" + subject + b"\0" + bytes.fromhex(locator["file"][7:])
        salt = hmac.digest(secret, message + place, "sha256")
        made = sha256(b"headwater/commitment/v1\n" + salt + values[field].encode()).hexdigest()
        assert body.get("private", body)[field] == f"sha256:{made}"


def test_every_kind_has_an_example() -> None:
    kinds = {json.loads(vector["bytes"])["kind"] for vector in MADE["entries"].values()}
    assert {*kinds, "certificate"} == {*BODIES}


def test_canonical_json() -> None:
    made = canonical(json.loads(MADE["canonical"]["of"]))
    assert MADE["canonical"]["hex"] == made.hex()
    assert MADE["canonical"]["bytes"].encode() == made
    assert encode(json.loads(made)) == made


@pytest.mark.parametrize("text", MADE["canonical"]["refused"])
def test_a_value_has_no_canonical_form(text: str) -> None:
    with pytest.raises(InputError):
        encode(json.loads(text))


def test_the_claim_is_signed_by_the_author() -> None:
    vector, entry = MADE["signed_claim"], json.loads(MADE["entries"]["authorship"]["bytes"])
    payload = canonical({field: entry[field] for field in ("body", "kind", "subject")})
    kind = b"application/vnd.headwater.claim+json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    assert vector["message"].encode() == message
    assert entry["sigs"] == [vector["sig"]]
    key = public(LOG["keys"]["ada"]["vkey"])
    assert vector["sig"]["keyid"] == key.label
    signature = base64.b64decode(vector["sig"]["sig"])
    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)


def test_digests() -> None:
    assert MADE["document"]["digest"] == (
        "sha256:" + sha256(MADE["document"]["text"].encode()).hexdigest()
    )
    assert MADE["folder"]["digest"] == sha256(MADE["folder"]["lines"].encode()).hexdigest()
    assert MADE["folder"]["lines"] == "".join(
        f"{sha256(data).hexdigest()}  {name}\n"
        for name, data in (("a.txt", b"one\n"), ("sub/b.md", b"two\n"))
    )
    assert MADE["map"]["digest"] == sha256(MADE["map"]["of"].encode()).hexdigest()
    leaves = [sha256(b"\0" + bytes.fromhex(d[7:])).digest() for d in MADE["content_root"]["three"]]
    left = sha256(b"\1" + leaves[0] + leaves[1]).digest()
    assert MADE["content_root"]["of_three"] == sha256(b"\1" + left + leaves[2]).hexdigest()
    assert MADE["content_root"]["empty"] == sha256(b"").hexdigest()


@pytest.mark.parametrize("name", ["attributes", "profile"])
def test_ids(name: str) -> None:
    vector = MADE[name]
    assert vector["id"] == int(sha256(canonical(vector["values"])).hexdigest()[:16], 16) >> 1
    assert len(vector["fields"]) == len(vector["values"])


def test_the_disclosure_says_its_length() -> None:
    vector = MADE["disclosure"]
    items = json.loads(vector["data"])
    assert vector["bytes"] == len(vector["data"].encode())
    assert vector["n"] == items[-1][0] + 1


# --- the certificate


def written(folder: Path) -> Path:
    folder.mkdir()
    for name in ("certificate.json", "certificate.tlog-proof", "entry.json"):
        (folder / name).write_text(MADE["certificate"][name], newline="")
    return folder


def test_the_certificate_opens_without_a_ledger(tmp_path: Path) -> None:
    made = MADE["certificate"]
    keys = [public(LOG["keys"]["log"]["vkey"])], [public(made["statement_vkey"])]
    report = verify_certificate(written(tmp_path / "out"), *keys)
    assert (report.level, report.subject, report.index) == (2, "notes@1", len(MADE["entries"]))
    assert made["payload_sha256"] == sha256(made["payload"].encode()).hexdigest()
    assert json.loads(made["certificate.json"])["payload"] == (
        base64.b64encode(made["payload"].encode()).decode()
    )
    assert canonical(json.loads(made["payload"])) == made["payload"].encode()
    (subject,) = json.loads(made["payload"])["subject"]
    leaf = sha256(b"\0" + bytes.fromhex(MADE["document"]["digest"][7:])).hexdigest()
    assert subject["digest"] == {"headwater_content_root_v1": leaf}


def test_a_digit_of_the_certificate_changed(tmp_path: Path) -> None:
    folder = written(tmp_path / "out")
    made = json.loads(MADE["certificate"]["certificate.json"])
    payload = base64.b64decode(made["payload"]).replace(b'"documents":1', b'"documents":2')
    made["payload"] = base64.b64encode(payload).decode()
    (folder / "certificate.json").write_bytes(canonical(made))
    keys = (
        [public(LOG["keys"]["log"]["vkey"])],
        [public(MADE["certificate"]["statement_vkey"])],
    )
    with pytest.raises(VerificationError, match="is not over this payload"):
        verify_certificate(folder, *keys)


def test_the_payload_has_a_member_that_its_schema_has_not() -> None:
    def check(value: Any, shape: dict[str, Any], path: str) -> None:
        if shape.get("type") == "object" and "properties" in shape:
            assert set(shape["required"]) <= set(value) <= set(shape["properties"]), path
            for name, inner in value.items():
                check(inner, shape["properties"][name], f"{path}.{name}")
        elif shape.get("type") == "array":
            for item in value:
                check(item, shape["items"], path)
        elif "const" in shape:
            assert value == shape["const"], path
        elif "pattern" in shape:
            assert re.search(shape["pattern"], value), path

    check(json.loads(MADE["certificate"]["payload"]), schema("certificate.schema.json"), "$")
