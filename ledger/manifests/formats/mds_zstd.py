"""MosaicML's MDS with each shard as one zstd frame, which its reader unpacks as it downloads."""

from ledger.manifests.formats.mds import Mds

__all__ = ["FORMAT"]

FORMAT = Mds("mds-zstd", packed=True)
