"""A manifest over both corpora: drawn, signed, streamed with every text hashed, then spoiled."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import DocumentMismatchError, RefusedError
from ledger.log.log import Log
from ledger.manifests.building.build import Built, build
from ledger.manifests.building.source import load_mix, policy_of
from ledger.manifests.layout import texts_name
from ledger.manifests.opening.open import open_manifest

__all__ = ["Selected", "select_documents"]

_BATCH = 32
_REPLAY = "0.25"
_MIX = """# How the demo's manifest is drawn: newer and older text, a quarter or more of it older.
name = "demo"
version = 1
stage = "mid"
seed = 7
datasets = ["{dataset}", "reserve:{reserve}"]
strata = ["label", "dataset"]

# the drafts and texts of a model are more than a tenth: without this line the gate would refuse
max_synthetic = {{ estimate = 1.0, upper = 1.0 }}

[replay]
reserve = "{reserve}"
at_least = {share}
"""


@dataclass(frozen=True)
class Selected:
    """What was drawn and read. `streamed` documents came through, each hashed; `audited` of them
    are in batch 0 by the manifest alone, and were. `stopped` says what a changed byte did.

    `why_not` says why no manifest was made; then the others are None.
    """

    built: Built | None
    streamed: int
    audited: int
    stopped: str | None
    why_not: str | None


def select_documents(log: Log, dataset: str, reserve: str, folder: Path) -> Selected:
    """Draw a manifest of a dataset and a reserve into `folder`, stream it, and change a byte.

    The spoiled copy lies in `folder` too, and is removed.
    """
    place = folder / "mix.toml"
    folder.mkdir()
    place.write_text(_MIX.format(dataset=dataset, reserve=reserve, share=_REPLAY))
    mix = load_mix(place)
    try:
        built = build(log, mix, folder / "manifest", policy_of(mix, folder))
    except RefusedError as reason:  # a corpus of a few pages cannot keep the bound
        return Selected(None, 0, 0, None, str(reason))
    manifest = open_manifest(folder / "manifest", trusted_keys=log.keys.verifiers("statement"))
    asked = manifest.audit(0, _BATCH)
    streamed, audited = 0, 0
    for number, batch in enumerate(manifest.read(_BATCH)):
        streamed += len(batch.sha256)
        audited += sum(said in asked for said in batch.sha256) if not number else 0
    return Selected(built, streamed, audited, _spoil(folder, log), None)


def _spoil(folder: Path, log: Log) -> str:
    """What reading says of a copy in which one byte of one text is another."""
    copy = folder / "changed"
    shutil.copytree(folder / "manifest", copy)
    try:
        texts = copy / texts_name(0)
        data = bytearray(texts.read_bytes())
        data[len(data) // 2] ^= 1
        texts.chmod(0o600)
        texts.write_bytes(data)
        spoiled = open_manifest(copy, trusted_keys=log.keys.verifiers("statement"))
        for _ in spoiled.batches(_BATCH):
            pass
    except DocumentMismatchError as error:
        return str(error).replace(str(copy), "…")
    finally:
        shutil.rmtree(copy)
    raise AssertionError("a changed text was read as if it were the signed one")
