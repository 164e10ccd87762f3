"""A small log that another program published and Go's own tools audited."""

from pathlib import Path

import pytest

from ledger.errors import RootMismatchError
from ledger.log import merkle
from ledger.log.checkpoint import parse_checkpoint
from ledger.log.notes import open_note, parse_vkey
from ledger.log.proofs import InclusionProof, check_entry, format_proof, parse_proof
from ledger.log.tiles import subtree_from_tiles, tile_path, unpack_bundle, widths

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "log"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "published").is_dir(), reason="the published log lies beside this checkout"
)


def read(path: str) -> bytes:
    return (FOLDER / "published" / path).read_bytes()


def read_tile(level: int, index: int) -> bytes:
    full, width = widths(600)[level]
    return read(tile_path(level, index, 256 if index < full else width))


def test_the_whole_log() -> None:
    note = read("checkpoint").decode()
    vkey = parse_vkey((FOLDER / "vkey").read_text())
    text, signers = open_note(note, [vkey, parse_vkey((FOLDER / "wvkey").read_text())])
    assert signers == [vkey]  # the witness's line is a cosignature, not a signature of this kind
    checkpoint = parse_checkpoint(text)
    assert checkpoint.size == 600
    names = [tile_path("entries", 0), tile_path("entries", 1), tile_path("entries", 2, 88)]
    entries = [entry for name in names for entry in unpack_bundle(read(name), name)]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    assert merkle.root_of(leaves) == checkpoint.root
    subtree = subtree_from_tiles(read_tile)
    assert merkle.tree_root(600, subtree) == checkpoint.root
    for index in range(0, 600, 7):
        proof = merkle.prove_inclusion(index, 600, subtree)
        merkle.check_inclusion(index, 600, leaves[index], checkpoint.root, proof)
    for first in (1, 255, 256, 257, 512, 599, 600):
        path = merkle.prove_consistency(first, 600, subtree)
        merkle.check_consistency(first, 600, merkle.root_of(leaves[:first]), checkpoint.root, path)


def test_its_receipt() -> None:
    vkey = parse_vkey((FOLDER / "vkey").read_text())
    text, entry = (FOLDER / "p.tlog-proof").read_text(), (FOLDER / "entry.bin").read_bytes()
    proof = parse_proof(text)
    assert format_proof(proof) == text
    assert check_entry(entry, proof, [vkey])[0].size == 600
    made = merkle.prove_inclusion(73, 600, subtree_from_tiles(read_tile))
    assert InclusionProof(73, tuple(made), read("checkpoint").decode()) == proof
    with pytest.raises(RootMismatchError):
        check_entry(entry[:-1], proof, [vkey])
