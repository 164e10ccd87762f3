"""docs/verify-a-reserve.md as somebody follows it: on a fresh seal, and on one tampered with."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.log.content_root import content_root
from ledger.reserves import layout
from ledger.reserves.layout import SUMS, format_sums
from tests.page import Page, plain
from tests.reserves.folders import make_reserve

TEXTS = [f"Letter {n}, which somebody wrote before the machines did." for n in range(300)]
ESSAY = "Something that nobody sealed."


def _missing_tool() -> str | None:
    for tool in ("openssl", "sha256sum", "bash", "find", "diff"):
        if shutil.which(tool) is None:
            return f"no {tool} on this machine"
    found = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    release = re.match(r"OpenSSL (\d+)", found.stdout)
    return None if release and int(release[1]) >= 3 else f"openssl 3 is needed: {found.stdout}"


pytestmark = pytest.mark.skipif(bool(_missing_tool()), reason=str(_missing_tool()))


@pytest.fixture(scope="module")
def page() -> Page:
    return Page((Path(__file__).parents[1] / "docs" / "verify-a-reserve.md").read_text())


@pytest.fixture
def fresh(own_place: Path, headwater: Callable[..., Any], root: Path) -> Path:
    """A seal as the program makes it, of a release with its evidence, and a proof."""
    folder = own_place.parent / "fresh"
    folder.mkdir()
    archive = root / "tests/fixtures/archive/notes-1.tar.gz"
    for arguments in (
        ("init", "--name", "example.org/corpus"),
        ("ingest", archive, "--dataset", "notes@2022"),
        ("reserve", "seal", "old", "--dataset", "notes@2022", "-o", folder / "sealed"),
    ):
        ran = headwater(*arguments)
        assert ran.code == 0, ran.stderr
    (folder / "essay.txt").write_text("2")  # its SHA-256 has neighbours on both sides
    _prove(headwater, folder, "essay.txt")
    return folder


@pytest.fixture
def given(own_place: Path, headwater: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """What somebody has who is given a reserve, a text and a proof about it."""
    folder = own_place.parent / "given"
    folder.mkdir()
    monkeypatch.setattr(layout, "SHARD_BYTES", 7_000)
    make_reserve(folder / "sealed", TEXTS)
    (folder / "essay.txt").write_text(ESSAY)
    _prove(headwater, folder, "essay.txt")
    return folder


def _prove(headwater: Callable[..., Any], folder: Path, name: str) -> None:
    ran = headwater(
        "reserve", "check", folder / name, "--reserve", folder / "sealed", "--no-near",
        "-o", folder / "essay.proof.json",
    )  # fmt: skip
    assert ran.code == 0, ran.stderr


def test_the_page_says_what_a_fresh_seal_does_not(fresh: Path, page: Page) -> None:
    assert len(page.steps) == 7
    good, printed, errors = page.follow(fresh)
    assert (good, errors) == (7, ""), f"step {good + 1} printed:\n{printed}\n{errors}"


def test_a_larger_seal_is_read_otherwise(given: Path, page: Page) -> None:
    good, printed, errors = page.follow(given)
    assert (good, errors) == (7, ""), f"step {good + 1} printed:\n{printed}\n{errors}"


def test_a_proof_that_a_text_is_in_fails(
    given: Path, page: Page, headwater: Callable[..., Any]
) -> None:
    (given / "essay.txt").write_text(TEXTS[7])
    _prove(headwater, given, "essay.txt")
    good, printed, errors = page.follow(given)
    assert (good, errors) == (6, "")
    assert re.search(r"^ok in: sha256:[0-9a-f]{64}$", printed[-1], re.MULTILINE)


_TSA = """
[tsa]
default_tsa = own
[own]
dir = .
serial = serial
crypto_device = builtin
signer_cert = signer.pem
signer_key = signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def _stamp(folder: Path, over: Path) -> None:
    """A time stamp over `over` by an authority of our own; its root becomes tsa.pem."""
    place = folder / "authority"
    place.mkdir()
    (place / "tsa.cnf").write_text(_TSA)
    (place / "purpose").write_text("extendedKeyUsage=critical,timeStamping\n")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
    for command in (
        ("req", "-x509", *key, "-keyout", "root.key", "-out", "../tsa.pem", "-subj", "/CN=Root"),
        ("req", *key, "-keyout", "signer.key", "-out", "signer.csr", "-subj", "/CN=Authority"),
        (
            "x509", "-req", "-in", "signer.csr", "-CA", "../tsa.pem", "-CAkey", "root.key",
            "-CAcreateserial", "-extfile", "purpose", "-out", "signer.pem",
        ),
        ("ts", "-query", "-data", over, "-sha256", "-cert", "-out", "asked.tsq"),
        ("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "asked.tsq", "-out", "token.tsr"),
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=place, capture_output=True, check=True)


def test_a_time_stamp_stops_the_page(given: Path, page: Page) -> None:
    statement = given / "sealed/receipts/statement.dsse.json"
    _stamp(given, statement)
    token = (given / "authority/token.tsr").read_bytes()
    place = given / "sealed/receipts/timestamps"
    place.mkdir()
    path = place / f"{sha256(token).hexdigest()}.tsr"
    path.write_bytes(token)
    good, printed, _ = page.follow(given)
    assert good == STAMPS and "Verification: OK" in printed[STAMPS]
    assert len(printed) == len(page.steps)  # and it went on to the last step
    data = bytearray(token)
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    _, printed, _ = page.follow(given)
    assert "Verification: OK" not in printed[STAMPS] and len(printed) == STAMPS + 1


def test_the_page_imports_something_of_ours(page: Page) -> None:
    assert not re.search(r"\b(ledger|headwater)\b", page.program.replace("headwater_content", ""))
    assert "headwater" not in "".join(block for block, _ in page.steps)


# --- tampering: each changes the folder, and names the step that must not print what it should


def _flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at if at >= 0 else len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _list_again(sealed: Path) -> None:
    """What a forger does after changing a file: the list is right again."""
    content = sealed / "content"
    paths = [path for path in content.rglob("*") if path.is_file() and path.name != SUMS]
    sums = {str(p.relative_to(content)): sha256(p.read_bytes()).digest() for p in paths}
    (content / SUMS).write_bytes(format_sums(sums))


def _sign_list_again(sealed: Path) -> None:
    """The statement names the new list, under the old signature."""
    _list_again(sealed)
    digest = sha256((sealed / "content" / SUMS).read_bytes()).hexdigest()
    _edit_payload(
        sealed / "receipts/statement.dsse.json",
        lambda said: said["subject"][1]["digest"].update(sha256=digest),
    )


def _edit_payload(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    envelope = json.loads(path.read_bytes())
    inner = envelope.get("dsseEnvelope", envelope)
    payload = json.loads(base64.b64decode(inner["payload"]))
    edit(payload)
    data = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    inner["payload"] = base64.b64encode(data).decode()
    path.write_text(json.dumps(envelope, sort_keys=True, separators=(",", ":")))


def _reword(sealed: Path) -> None:
    """One text is another one, and every digest of the content is right again."""
    shard = sealed / "content/text/00000.parquet"
    table = pq.read_table(shard)
    texts = table["text"].to_pylist()
    texts[3] = texts[3].replace("somebody", "nobody  ")
    pq.write_table(table.set_column(1, "text", pa.array(texts, pa.large_string())), shard)
    _sign_list_again(sealed)


def _add_text(sealed: Path) -> None:
    """A text more, in its place, in a tree and a list that know it; the old statement."""
    shards = sorted((sealed / "content/text").iterdir())
    found = {sha256(text.encode()).digest(): text for path in shards
             for text in pq.read_table(path)["text"].to_pylist()}  # fmt: skip
    found[sha256(ESSAY.encode()).digest()] = ESSAY
    members = sorted(found)
    for path in shards[1:]:
        path.unlink()
    columns = {
        "sha256": pa.array(members, pa.binary(32)),
        "text": pa.array([found[member] for member in members], pa.large_string()),
    }
    pq.write_table(pa.table(columns), shards[0])
    (sealed / "content/tree").write_bytes(content_root(members))
    _sign_list_again(sealed)
    _edit_payload(
        sealed / "receipts/statement.dsse.json",
        lambda said: (
            said["predicate"]["totals"].update(documents=len(members)),
            said["subject"][0]["digest"].update(
                headwater_content_root_v1=content_root(members).hex()
            ),
        ),
    )


def _rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))


LISTED, NUMBERS, SIGNED, STAMPS, PROOF = (
    2,
    3,
    4,
    5,
    6,
)  # steps that were good before the one that fails

TAMPERED: dict[str, tuple[int, Callable[[Path], Any]]] = {
    "a byte of a text": (LISTED, lambda s: _flip(s / "content/text/00001.parquet")),
    "a byte of the rule": (LISTED, lambda s: _flip(s / "content/rule.json")),
    "a file more": (LISTED, lambda s: (s / "content/text/notes").write_text("mine")),
    "a link more": (LISTED, lambda s: (s / "content/link").symlink_to("rule.json")),
    "a file less": (LISTED, lambda s: (s / "content/text/00002.parquet").unlink()),
    "a file renamed": (LISTED, lambda s: (s / "content/tree").rename(s / "content/wood")),
    "a rule and its list": (
        NUMBERS,
        lambda s: (_rewrite(s / "content/rule.json", "2022-11-30", "2021-11-30"), _list_again(s)),
    ),
    "a text, its list and the list's digest": (NUMBERS, _reword),
    "a text more, and all digests": (NUMBERS, _add_text),
    "a word of the statement": (
        NUMBERS,
        lambda s: _edit_payload(
            s / "receipts/statement.dsse.json", lambda said: said["predicate"].update(issuer="Me")
        ),
    ),
    "the entry": (NUMBERS, lambda s: _rewrite(s / "receipts/entry.json", '"at":', '"at":1')),
    "the entry's place": (
        NUMBERS,
        lambda s: _rewrite(s / "receipts/reserve.tlog-proof", "index 3", "index 2"),
    ),
    "the size of the log": (
        SIGNED,
        lambda s: [
            _rewrite(s / f"receipts/{name}", "corpus\n4\n", "corpus\n4\n".replace("4", "04"))
            for name in ("reserve.tlog-proof", "checkpoint")
        ],
    ),
    "the statement's signature": (
        SIGNED,
        lambda s: _rewrite(s / "receipts/statement.dsse.json", '"sig":"', '"sig":"AAAA'),
    ),
    "the model's payload": (
        NUMBERS,
        lambda s: _edit_payload(
            s / "receipts/model.sig", lambda said: said["predicate"]["resources"].pop()
        ),
    ),
    "the model's signature": (
        SIGNED,
        lambda s: _edit_payload(
            s / "receipts/model.sig", lambda said: said["subject"][0].update(name="another")
        ),
    ),
    "the seal's key": (SIGNED, lambda s: _another_key(s / "receipts/seal.pem", "EC")),
    "the log's key": (SIGNED, lambda s: _another_key(s / "receipts/log.pem", "ED25519")),
}


def _another_key(path: Path, kind: str) -> None:
    group = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC" else []
    key = subprocess.run(
        ["openssl", "genpkey", "-algorithm", kind, *group], capture_output=True, check=True
    ).stdout
    public = subprocess.run(
        ["openssl", "pkey", "-pubout"], input=key, capture_output=True, check=True
    )
    path.write_bytes(public.stdout)


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_seal_passes_the_page(given: Path, page: Page, what: str) -> None:
    expected, tamper = TAMPERED[what]
    tamper(given / "sealed")
    good, printed, _ = page.follow(given, expected + 1)
    assert good == expected, f"{what}: step {good + 1} was the first to notice:\n{printed}"


@pytest.mark.parametrize(
    "edit",
    [
        lambda proof: proof.update(answer="in"),
        lambda proof: proof.update(document=f"sha256:{'f' * 64}"),
        lambda proof: proof["leaves"].pop(),
        lambda proof: proof["leaves"][0].update(index=0),
        lambda proof: proof["leaves"][0]["path"].reverse(),
        lambda proof: proof["leaves"].append(proof["leaves"][0]),
        lambda proof: proof.update(statement=proof["statement"].replace("a", "b")),
    ],
)
def test_a_forged_proof_passes_the_page(
    given: Path, page: Page, edit: Callable[[dict[str, Any]], Any]
) -> None:
    path = given / "essay.proof.json"
    proof = json.loads(path.read_bytes())
    edit(proof)
    path.write_text(json.dumps(proof))
    assert page.follow(given)[0] == PROOF


def test_a_forgers_own_keys_look_like_the_owners(
    given: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed anew with other keys, all steps pass but the comparison that a person makes."""
    before = page.follow(given)[1][1]
    forged = given.parent / "forged"
    forged.mkdir()
    monkeypatch.setenv("HEADWATER_CONFIG", str(given.parent / "forger"))
    make_reserve(forged / "sealed", TEXTS, location=str(forged / "ledger.db"))
    after = page.follow(forged)[1][1]
    assert plain(before) == plain(after)
    for mine, theirs in zip(before.splitlines(), after.splitlines(), strict=True):
        assert mine != theirs
