"""A manifest as Hugging Face `datasets` reads it: an IterableDataset of rows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ledger.corpus.extractors import needs
from ledger.manifests.loading.stream import Plan
from ledger.manifests.order.batches import Batches

if TYPE_CHECKING:
    from ledger.manifests.loading.manifest import Manifest

__all__ = ["hf_stream"]

_BLOCK = 1024  # documents of each rank read at once


def hf_stream(manifest: "Manifest", epoch: int, start: int, rank: int, world: int) -> Any:
    """See Manifest.hf."""
    with needs("datasets", "hf"):
        from datasets import Features, IterableDataset, Value
    Plan(Batches(len(manifest), _BLOCK * world, start), rank, world)  # raises InputError
    features = Features(
        {"text": Value("large_string"), "sha256": Value("string"), "stratum": Value("int16")}
    )
    arguments = {
        "manifest": manifest, "epoch": epoch, "start": start, "rank": rank, "world": world,
    }  # fmt: skip
    return IterableDataset.from_generator(_rows, features=features, gen_kwargs=arguments)


def _rows(
    manifest: "Manifest", epoch: int, start: int, rank: int, world: int
) -> Iterator[dict[str, Any]]:
    reading = manifest.read(_BLOCK * world, epoch, start, rank=rank, world=world)
    for batch in reading:
        columns = zip(batch.texts, batch.sha256, batch.strata, strict=True)
        for text, document, stratum in columns:
            yield {"text": text, "sha256": document, "stratum": stratum}
