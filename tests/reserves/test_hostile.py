"""Bytes that a signer made to hurt: refused as what they are, and nothing else happens.

Here the digests are right, because whoever makes such files also signs them.
"""

import random
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.errors import VerificationError
from ledger.reserves import layout
from ledger.reserves.opening.evidenced import check_evidence
from ledger.reserves.opening.members import Members, read_members
from ledger.reserves.opening.recorded import TrustedKeys, check_recorded
from ledger.reserves.opening.shards import Shard, check_shard
from ledger.reserves.opening.tallies import row_checker
from tests.reserves.sealing import make_corpus

TRIES = 1500


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrustedKeys]:
    place = tmp_path_factory.mktemp("hostile")
    corpus = make_corpus(place / "corpus")
    return corpus.seal(place / "out", allow_asserted=True).folder, corpus.keys


def broken(data: bytes, tries: int = TRIES) -> list[bytes]:
    """`data` with a few bytes changed, cut out or put in; half of them near the end, where
    Parquet keeps its footer.
    """
    rng = random.Random(sha256(data).digest())
    made: list[bytes] = []
    while len(made) < tries:
        number = len(made)
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 5)):
            low = len(data) // 2 if number % 2 else 0
            at = rng.randrange(min(low, len(changed) - 1), len(changed))
            match rng.randrange(4):
                case 0:
                    changed[at] = rng.randrange(256)
                case 1:
                    changed[at] ^= 1 << rng.randrange(8)
                case 2:
                    del changed[at : at + rng.randrange(1, 9)]
                case _:
                    changed[at:at] = rng.randbytes(rng.randrange(1, 9))
            if len(changed) < 2:
                break
        if bytes(changed) != data:
            made.append(bytes(changed))
    return made


def each(made: list[bytes], look: Callable[[bytes], object]) -> int:
    """How many are refused; any other exception comes through."""
    refused = 0
    for data in made:
        try:
            look(data)
        except VerificationError as error:
            refused += 1
            assert str(error).startswith("here")
    return refused


def test_broken_documents(sealed: tuple[Path, TrustedKeys]) -> None:
    data = (sealed[0] / "content" / layout.DOCUMENTS).read_bytes()
    rule = {
        "allow_asserted": True, "before": "2022-11-30", "datasets": ["notes@1"], "min_level": 3,
    }  # fmt: skip
    check = row_checker(rule)
    assert len(read_members(data, 41, "here", check).digests) == 41
    assert each(broken(data), lambda d: read_members(d, 41, "here", check)) > TRIES // 2


def test_broken_shards(sealed: tuple[Path, TrustedKeys], tmp_path: Path) -> None:
    path = sealed[0] / "content" / layout.shard_name(0)
    data = path.read_bytes()
    table = pq.read_table(path)
    digests = b"".join(table.column("sha256").to_pylist())
    lengths = [len(text.encode()) for text in table.column("text").to_pylist()]
    target = tmp_path / "here"  # its name begins every error
    target.mkdir(exist_ok=True)
    target = target / "shard"

    def look(changed: bytes) -> int:
        target.write_bytes(changed)
        return check_shard(
            Shard(
                path=Path("here/shard"),
                digest=sha256(changed).digest(),
                first=0,
                rows=41,
                size=sum(lengths),
                members=sha256(digests).digest(),
                lengths=sha256(np.array(lengths, "<i8").tobytes()).digest(),
            )
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert look(data) == 41
        assert each(broken(data), look) > TRIES // 2


def test_broken_evidence(sealed: tuple[Path, TrustedKeys]) -> None:
    data = (sealed[0] / "content" / layout.EVIDENCE).read_bytes()
    proofs = [path.name for path in (sealed[0] / "content" / layout.PROOFS).iterdir()]
    documents = (sealed[0] / "content" / layout.DOCUMENTS).read_bytes()
    members: Members = read_members(documents, 41, "here", lambda table, where: None)
    check_evidence(data, members, proofs, "here")

    def look(changed: bytes) -> None:
        check_evidence(changed, members, proofs, "here")

    assert each(broken(data), look) > TRIES // 2
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n"
    assert each([deep, b"\n", b"[" * 100_000 + b"\n", b"\xff\n", b"null\n"], look) == 5


def test_broken_receipts(sealed: tuple[Path, TrustedKeys]) -> None:
    names = (layout.STATEMENT, layout.ENTRY, layout.PROOF)
    files = [(sealed[0] / name).read_bytes() for name in names]
    for place, name in enumerate(names):

        def look(changed: bytes, place: int = place) -> None:
            data = [changed if number == place else file for number, file in enumerate(files)]
            check_recorded(data[0], data[1], data[2], sealed[1], ("here", "here", "here"))

        look(files[place])
        assert each(broken(files[place], 500), look) == 500, name


def test_a_column_of_another_type_is_not_decoded(sealed: tuple[Path, TrustedKeys]) -> None:
    table = pq.read_table(sealed[0] / "content" / layout.DOCUMENTS)
    for name, kind in (("sha256", pa.binary()), ("level", pa.int64()), ("bytes", pa.float64())):
        sink = pa.BufferOutputStream()
        at = table.column_names.index(name)
        pq.write_table(table.set_column(at, name, table.column(name).cast(kind)), sink)
        with pytest.raises(VerificationError, match="here: columns"):
            read_members(sink.getvalue().to_pybytes(), 41, "here", lambda table, where: None)
