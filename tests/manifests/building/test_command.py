"""headwater manifest, as people use it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.log.verify import verify_log
from ledger.manifests.words import gate_line
from ledger.provenance.opening import open_ledger
from tests.conftest import Ran
from tests.manifests.building.corpus import DIARY, WIKI, row

Command = Callable[..., Ran]
MIX = """
name = "mine"
version = 1
stage = "mid"
seed = 1
budget = 30
datasets = ["diary@1", "wiki@1"]
strata = ["dataset", "language"]
[[bound]]
name = "german"
where = { language = "de" }
at_least = "1/3"
"""


@pytest.fixture
def here(own_place: Path, headwater: Command) -> Path:
    """A ledger with two datasets, and a mix."""
    for name, rows in (("diary", DIARY), ("wiki", WIKI)):
        text = "".join(
            json.dumps({"text": item["text"], "topic": item["topic"], "language": item["lang"]})
            + "\n"
            for item in rows
        )
        (own_place / f"{name}.jsonl").write_text(text)
    assert headwater("init").code == 0
    for name in ("diary", "wiki"):
        assert headwater("ingest", f"{name}.jsonl", "--dataset", f"{name}@1").code == 0
    (own_place / "mix.toml").write_text(MIX)
    return own_place


def asserted_whole() -> None:
    with open_ledger("headwater.db") as log:
        assert verify_log(log).trusted


def test_build_show_verify(here: Path, headwater: Command) -> None:
    ran = headwater("manifest", "build", "mix.toml", "-o", "run")
    assert ran.code == 0, ran.stderr
    assert "mine@1: 30 documents for stage mid" in ran.stdout
    assert "bound german (language = de): at least 1/3; reached 33.33 %" in ran.stdout
    assert "gate contamination: not evaluated, limit 10.00 %" in ran.stdout
    for what in ("run", "mine", "mine@1"):
        shown = headwater("manifest", "show", what)
        assert shown.code == 0, shown.stderr
        assert [line for line in shown.stdout.splitlines() if line.startswith("diary@1")] == [
            line for line in ran.stdout.splitlines() if line.startswith("diary@1")
        ]
    verified = headwater("verify", "run")
    assert verified.code == 0, verified.stderr
    assert "mine@1: levels 1, 2, 3 and 4: the signature holds" in verified.stdout
    asserted_whole()


def test_json_has_everything(here: Path, headwater: Command) -> None:
    made = json.loads(headwater("--json", "manifest", "build", "mix.toml", "-o", "run").stdout)
    shown = json.loads(headwater("--json", "manifest", "show", "mine").stdout)
    assert {key: made[key] for key in shown if key in made and key != "superseded_by"} == {
        key: value for key, value in shown.items() if key in made
    }
    assert sum(stratum["units"] for stratum in shown["strata"]["strata"]) == 30
    (verified,) = json.loads(headwater("--json", "verify", "run").stdout)
    assert (verified["levels"], verified["statement"]) == ([1, 2, 3, 4], made["statement"])


def test_a_dry_run_and_a_build_agree_on_the_budget(here: Path, headwater: Command) -> None:
    (here / "mix.toml").write_text(MIX.partition("[[")[0].replace("30", "300"))
    ran = headwater("manifest", "build", "mix.toml", "--dry-run")
    assert ran.code == 0
    assert "cannot be built; the nearest mix would select 100 documents" in ran.stdout
    assert "the budget is 300 documents" in ran.stdout
    assert not json.loads(headwater("--json", "manifest", "build", "mix.toml", "--dry-run").stdout)[
        "feasible"
    ]
    ran = headwater("manifest", "build", "mix.toml", "-o", "run")
    assert ran.code == 4 and "expected the budget of 300" in ran.stderr
    assert not (here / "run").exists()
    asserted_whole()


def test_a_share_found_is_not_rounded_in_favour() -> None:
    row = {"name": "max_synthetic", "limit_ppm": 100_000, "detail": "d", "found_ppm": 100_001}
    assert gate_line(row | {"outcome": "accepted"}) == (
        "gate max_synthetic: above the limit, accepted, 10.01 % of at most 10.00 %: d"
    )


def test_a_dry_run_writes_nothing(here: Path, headwater: Command) -> None:
    with open_ledger("headwater.db") as log:
        size = log.size
    files = sorted(here.iterdir())
    ran = headwater("manifest", "build", "mix.toml", "--dry-run")
    assert ran.code == 0 and "mine@1 would select 30 documents" in ran.stdout
    (here / "mix.toml").write_text(MIX.replace('"1/3"', '"9/10"'))
    ran = headwater("manifest", "build", "mix.toml", "--dry-run")
    assert ran.code == 0, ran.stderr
    assert "mine@1 cannot be built; the nearest mix would select" in ran.stdout
    assert "at least 9/10; reached 86.66 %, which does not hold" in ran.stdout
    ran = headwater("manifest", "build", "mix.toml", "-o", "run")
    assert ran.code == 4 and "german" in ran.stderr
    with open_ledger("headwater.db") as log:
        assert log.size <= size + 1  # the policy in use
    assert [path for path in sorted(here.iterdir()) if path not in files] == []


def test_a_takedown_names_manifests_and_diff_says_what_changed(
    here: Path, headwater: Command
) -> None:
    assert headwater("manifest", "build", "mix.toml", "-o", "a").code == 0
    first = headwater("manifest", "audit", "a", "--batch", "0", "--batch-size", "4")
    victim = first.stdout.split()[0]
    found = headwater("manifest", "audit", "a", "--document", victim, "--batch-size", "4")
    assert (found.code, found.stdout) == (0, "epoch 0, batch 0, position 0\n")
    assert headwater("manifest", "pull", "a", "--consumer", "run 0").code == 0
    assert headwater("manifest", "export", "a", "--to", "mds", "-o", "early").code == 0
    assert "taken down" not in headwater("verify", "early").stdout
    ran = headwater("document", "takedown", victim, "--reason", "privacy")
    assert ran.code == 0, ran.stderr
    assert "manifest mine@1 selects it, pulled by run 0: build it again" in ran.stdout
    assert "1 of its documents have been taken down" in headwater("verify", "a").stdout
    refused = headwater("manifest", "export", "a", "--to", "mds", "-o", "late")
    assert refused.code == 4 and "1 of its documents have been taken down" in refused.stderr
    assert not (here / "late").exists()
    said = headwater("verify", "early").stdout
    assert "1 of its documents have been taken down" in said and "superseded" not in said
    refused = headwater("manifest", "pull", "a", "--consumer", "run 1")
    assert refused.code == 4 and "1 of its documents have been taken down" in refused.stderr
    ran = headwater("manifest", "build", "mix.toml", "-o", "b")
    assert ran.code == 0 and "takes the place of sha256:" in ran.stdout
    assert "left out 1: taken down" in ran.stdout
    ran = headwater("manifest", "diff", "a", "b")
    assert ran.code == 0, ran.stderr
    assert "from mine@1 to mine@1: 1 came, 1 went, 29 stayed\n" in ran.stdout
    assert "taken down: 0 → 1" in ran.stdout.replace("\\u2192", "→")
    assert "superseded by mine@1 at entry" in headwater("verify", "a").stdout
    assert "the manifest was superseded by mine@1 at entry" in headwater("verify", "early").stdout
    assert headwater("manifest", "pull", "b", "--consumer", "run 1").code == 0
    ran = headwater("manifest", "pull", "b", "--consumer", "run 1")
    assert ran.code == 0 and "was pulled before by run 1" in ran.stdout
    asserted_whole()


def test_export_holds_the_epoch(here: Path, headwater: Command) -> None:
    assert headwater("manifest", "build", "mix.toml", "-o", "run").code == 0
    ran = headwater("manifest", "export", "run", "--to", "mds", "-o", "out")
    assert ran.code == 0, ran.stderr
    assert "checks no document against the manifest" in ran.stderr
    assert json.loads((here / "out" / "index.json").read_text())["shards"][0]["samples"] == 30
    ran = headwater("manifest", "export", "run", "--to", "mdx", "-o", "other")
    assert ran.code == 3 and "did you mean mds" in ran.stderr


def test_what_was_changed_is_named(here: Path, headwater: Command) -> None:
    assert headwater("manifest", "build", "mix.toml", "-o", "run").code == 0
    shutil.copytree("run", "bad")
    path = here / "bad" / "texts" / "part-00000.arrow"
    data = bytearray(path.read_bytes())
    at = data.index(b"diary page")
    data[at] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    ran = headwater("verify", "bad")
    assert ran.code == 1 and "part-00000.arrow" in ran.stderr
    ran = headwater("manifest", "export", "bad", "--to", "mds", "-o", "out")
    assert ran.code == 1 and not (here / "out").exists()
    path = here / "bad" / "rows" / "part-00000.parquet"
    path.chmod(0o644)
    path.write_bytes((here / "run" / "shards.json").read_bytes())
    assert headwater("manifest", "diff", "run", "bad").code == 1


def test_an_older_copy_of_the_ledger(here: Path, headwater: Command) -> None:
    for name in ("headwater.db", "headwater.vault.db"):
        shutil.copy(name, f"old-{name}")
    (here / "more.jsonl").write_text(json.dumps(row("more")) + "\n")
    assert headwater("ingest", "more.jsonl", "--dataset", "more@1").code == 0
    assert headwater("manifest", "build", "mix.toml", "-o", "run").code == 0
    shutil.copy("old-headwater.db", "old.db")
    shutil.copy("old-headwater.vault.db", "old.vault.db")
    ran = headwater("--ledger", "old.db", "verify", "run")
    assert ran.code in (1, 4)
    assert "older copy" in ran.stderr or "behind" in ran.stderr or "pin" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("build", "mix.toml"), 2, "neither -o DIR nor --dry-run"),
        (("build", "gone.toml", "--dry-run"), 3, "gone.toml: no mix can be read there"),
        (("build", "mix.toml", "-o", "x", "--allow-repeat", "zwei"), 2, "not a number from 1"),
        (("show", "nobody"), 3, "unknown manifest: nobody"),
        (("show", "."), 3, "found no manifest"),
        (("diff", "nobody", "mine"), 3, "unknown manifest"),
        (("audit", ".", "--batch-size", "1"), 2, "expected one of --batch and --document"),
    ],
)
def test_what_cannot_be_asked(
    here: Path, headwater: Command, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = headwater("manifest", *arguments)
    assert (ran.code, words in ran.stderr) == (code, True), ran.stderr


def test_a_policy_lies_beside_the_mix(here: Path, headwater: Command) -> None:
    from ledger.provenance.policy import load_policy

    (here / "sub").mkdir()
    source = load_policy().source.decode().replace('name = "clean-strict"', 'name = "ours"')
    (here / "sub" / "ours.toml").write_text(source)
    (here / "sub" / "mix.toml").write_text(MIX.replace("seed", 'policy = "./ours.toml"\nseed'))
    ran = headwater("manifest", "build", "sub/mix.toml", "-o", "run")
    assert ran.code == 0, ran.stderr
    assert "labels by ours@1" in ran.stdout


def test_a_picture_of_the_strata(here: Path, headwater: Command) -> None:
    from xml.etree import ElementTree

    (here / "mix.toml").write_text(MIX.replace('"language"]', '"language", "topic"]'))
    lines = [json.dumps({"text": "t", "topic": "<b>&</b>"}) + "\n"]
    (here / "odd.jsonl").write_text("".join(lines))
    assert headwater("ingest", "odd.jsonl", "--dataset", "odd@1").code == 0
    mix = (here / "mix.toml").read_text().replace('"wiki@1"]', '"wiki@1", "odd@1"]')
    (here / "mix.toml").write_text(mix.replace("budget = 30\n", ""))
    assert headwater("manifest", "build", "mix.toml", "-o", "run").code == 0
    ran = headwater("manifest", "show", "run", "--plot", "mix.svg")
    assert ran.code == 0 and "drew mix.svg" in ran.stdout
    drawn = (here / "mix.svg").read_text()
    root = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    bars = [rect for rect in root.iter(f"{space}rect") if rect.get("class") == "reached"]
    strata = json.loads(headwater("--json", "manifest", "show", "run").stdout)["strata"]["strata"]
    assert len(bars) == len(strata) == 4
    widths = sorted(float(bar.get("width", "")) for bar in bars)
    shares = sorted(row["achieved_ppm"] for row in strata)
    assert widths[-1] > 200
    assert [round(w / widths[-1], 2) for w in widths] == [round(s / shares[-1], 2) for s in shares]
    assert "<b>" not in drawn and "&lt;b&gt;" in drawn
