"""`watermark export` and `watermark import`, as a person runs them."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.watermarks.interchange.making import model_folder

KEY = 8_123_456_789_012_345
KGW = {"hashing_key": KEY, "seeding_scheme": "lefthash", "greenlist_ratio": 0.25, "bias": 3.0}

SEEN = KEY % 2**32  # what the scheme sees of it, and so the same mark

Headwater = Callable[..., Any]


@pytest.fixture
def model(headwater: Headwater, own_place: Path) -> Path:
    """A ledger with a provider's key, and a model beside it."""
    assert headwater("init").code == 0
    assert headwater("key", "generate", "marks.acme.example", "--use", "provider").code == 0
    path = model_folder(own_place / "model", KGW)
    path.chmod(0o600)
    return path


def test_a_models_config_is_registered_and_exported_again(
    headwater: Headwater, model: Path
) -> None:
    ran = headwater("watermark", "import", model, "--name", "acme/writer")
    assert ran.code == 0 and "warning: others can read" not in ran.stderr
    assert "recorded as entry 3" in ran.stdout and "read past: bias" in ran.stdout
    again = headwater("--json", "watermark", "import", model, "--name", "acme/writer")
    assert json.loads(again.stdout)["new"] is False
    bare = headwater("watermark", "export", "acme/writer", "--as", "transformers", "-o", "a.json")
    assert "without its key" in bare.stdout
    keyed = ("watermark", "export", "acme/writer", "--as", "transformers", "--with-key", "-o")
    assert "whoever reads it can make the mark" in headwater(*keyed, "b.json").stdout
    refused = headwater(*keyed, "b.json")
    assert refused.code == 4 and "is there already" in refused.stderr
    fields = [json.loads(Path(name).read_bytes()) for name in ("a.json", "b.json")]
    assert [f["watermarking_config"]["hashing_key"] for f in fields] == [None, SEEN]
    assert stat.S_IMODE(Path("b.json").stat().st_mode) == 0o600
    said = [ran, again, bare, refused]
    for key in (str(KEY), str(SEEN)):
        assert not [r for r in said if key in r.stdout + r.stderr]


def test_a_config_that_others_can_read_is_warned_of(headwater: Headwater, model: Path) -> None:
    model.chmod(0o644)
    ran = headwater("watermark", "import", model, "--name", "acme/writer", "-o", "mark.toml")
    assert ran.code == 0 and "warning: others can read" in ran.stderr
    assert stat.S_IMODE(Path("mark.toml").stat().st_mode) == 0o600
    assert headwater("watermark", "register", "mark.toml").code == 0
    del model


def test_a_config_without_a_key_is_warned_of(headwater: Headwater, own_place: Path) -> None:
    headwater("init")
    headwater("key", "generate", "marks.acme.example", "--use", "provider")
    path = model_folder(own_place / "model", {})
    ran = headwater("watermark", "import", path, "--name", "m", "--key-class", "public")
    assert ran.code == 0 and "well-known one" in ran.stderr and "demo-key" in ran.stdout


def test_a_bundle_goes_to_another_organisation(
    headwater: Headwater, model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    headwater("watermark", "import", model, "--name", "acme/writer")
    assert headwater("watermark", "export", "--as", "bundle", "-o", "marks.json").code == 0
    bundle = Path("marks.json").absolute()
    keys = json.loads(headwater("--json", "key", "list").stdout)["keys"]
    monkeypatch.setenv("HEADWATER_CONFIG", str(tmp_path / "other-config"))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    headwater("init")
    ran = headwater("watermark", "import", bundle)
    assert ran.code == 1 and "not trusted here" in ran.stderr and "key trust" in ran.stderr
    vkeys = {key["use"]: key["vkey"] for key in keys}
    headwater("key", "trust", "--use", "statement", vkeys["statement"])
    ran = headwater("watermark", "import", bundle)
    assert ran.code == 1 and "consistent" in ran.stderr
    ran = headwater("watermark", "import", bundle, "--untrusted-log")
    assert ran.code == 0 and "0 new, 0 known, 1 refused" in ran.stdout
    assert "--use provider" in ran.stdout
    headwater("key", "trust", "--use", "provider", vkeys["provider"])
    ran = headwater("--json", "watermark", "import", bundle, "--untrusted-log")
    document = json.loads(ran.stdout)
    assert (document["new"], document["refused"], document["log_trusted"]) == (1, 0, False)
    assert "acme/writer" in headwater("watermark", "list").stdout


def test_the_c2pa_list_is_written_and_compared(headwater: Headwater, model: Path) -> None:
    headwater("watermark", "import", model, "--name", "acme/writer")
    given = ("--contact", "marks@acme.example", "--url", "https://acme.example/marks")
    ran = headwater("watermark", "export", "--as", "c2pa", *given, "-o", "list.json")
    assert ran.code == 0 and "example.acme.marks.acme.writer.1" in ran.stdout
    ran = headwater("watermark", "import", "list.json")
    assert "1 algorithms, 1 watermarks of text, 1 registered here" in ran.stdout
    (item,) = json.loads(headwater("--json", "watermark", "import", "list.json").stdout)
    assert (item["marks"], item["by"]) == (["acme/writer@1"], "subject")


def test_an_entry_goes_to_register(headwater: Headwater, model: Path) -> None:
    headwater("watermark", "import", model, "--name", "acme/writer")
    assert (
        headwater("watermark", "export", "acme/writer", "--as", "entry", "-o", "e.json").code == 0
    )
    ran = headwater("watermark", "import", "e.json")
    assert ran.code == 3 and "headwater watermark register" in ran.stderr
    assert headwater("watermark", "register", "e.json").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("export", "--as", "entry", "-o", "x"), "found no NAME"),
        (("export", "m", "--as", "bundle", "--with-key", "-o", "x"), "found --with-key"),
        (("export", "m", "--as", "c2pa", "-o", "x"), "needs both"),
        (("export", "m", "--as", "vllm", "--contact", "a@b", "-o", "x"), "are for --as c2pa"),
        (("import", "model/generation_config.json"), "found no --name"),
        (("import", "list.json", "--name", "m"), "is for a model's config"),
        (("import", "list.json", "--to", "a=b"), "is for a model's config"),
        (("import", "list.json", "--untrusted-log"), "is for a bundle"),
        (("import", "model/generation_config.json", "--name", "m", "--to", "hwr1"), "WHO=hwr1"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    headwater: Headwater, model: Path, arguments: tuple[str, ...], words: str
) -> None:
    Path("list.json").write_text("[]")
    ran = headwater("watermark", *arguments)
    assert ran.code == 2 and words in ran.stderr
    assert not Path("x").exists()
    del model


def test_a_mark_of_no_provider_is_refused_with_the_way_out(
    headwater: Headwater, own_place: Path
) -> None:
    headwater("init")
    ran = headwater("watermark", "import", model_folder(own_place / "m", KGW), "--name", "m")
    assert ran.code == 4 and "headwater key generate" in ran.stderr
