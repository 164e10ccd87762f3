"""What a reserve says about documents, for people and for programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.corpus.atomic import storage_error, whole_file
from ledger.errors import printable
from ledger.reserves.membership.ask import Asked, SealedReserve
from ledger.reserves.membership.proofs import ProofFile, format_proof
from ledger.reserves.membership.verify_proof import ABSENT, in_words, kind_words
from ledger.reserves.opening.recorded import Recorded

__all__ = ["Answer", "Looked", "Near", "answer_all", "write_proof", "write_proofs"]

Advance = Callable[[int, int, int], None]

_SHOWN = 10  # near-duplicates printed for one document; --json has them all


@dataclass(frozen=True)
class Near:
    """A sealed document like the one asked about: digest, and shares of word 5-grams in ppm.

    `method` is exact, normalised or near; `contained_ppm` is how much of the sealed document the
    asked one holds, `containment_ppm` the other way.
    """

    document: bytes
    method: str
    jaccard_ppm: int
    containment_ppm: int
    contained_ppm: int


@dataclass(frozen=True)
class Looked:
    """Near-duplicates, best first; None where nobody looked, for the reason `why`."""

    near: tuple[Near, ...] | None
    why: str = ""


@dataclass(frozen=True)
class Answer:
    """What a reserve says about one document."""

    asked: Asked
    proof: ProofFile
    recorded: Recorded
    looked: Looked

    @property
    def present(self) -> bool:
        return self.proof.membership.present

    def lines(self) -> list[str]:
        """The answer for people."""
        said = [
            f"{self.asked.given}: {in_words(self.proof.membership, self.recorded)}",
            f"  sha256:{self.asked.document.hex()}",
        ]
        if self.present:
            said.append(f"  {kind_words(self.recorded.statement)}")
        else:
            near = self.looked.near
            count = f"not looked for{self.looked.why}" if near is None else f"found: {len(near):,}"
            said.append(f"  {ABSENT} Near-duplicates {count}.")
            said += [f"    {_near_words(each)}" for each in (near or ())[:_SHOWN]]
            if near and len(near) > _SHOWN:
                said.append(f"    and {len(near) - _SHOWN:,} more")
        return [printable(line, 2000) for line in said]

    def data(self) -> dict[str, Any]:
        """The answer as JSON values; `near` is null where nobody looked."""
        shown, statement = self.proof.membership, self.recorded.statement
        near = self.looked.near
        return {
            "given": self.asked.given,
            "document": f"sha256:{self.asked.document.hex()}",
            "answer": "in" if shown.present else "not_in",
            "reserve": statement.name,
            "version": statement.version,
            "content_root": f"sha256:{statement.content_root.hex()}",
            "documents": shown.size,
            "near": None if near is None else [_near_data(each) for each in near],
        }


def answer_all(
    sealed: SealedReserve, asked: Sequence[Asked], *, near: bool, progress: Advance
) -> list[Answer]:
    """Answers in the order asked; `near` looks for near-duplicates of what is not in.

    Raises where the reserve is not what was signed, InputError for a text that cannot be read.
    """
    # in the order of the leaves, so that neighbours in a block find it still in memory
    answered = {each: sealed.ask(each) for each in sorted({one.document for one in asked})}
    proofs = [answered[each.document] for each in asked]
    looked = [Looked(None)] * len(asked)
    if near:
        from ledger.reserves.membership.near import look

        absent = [not proof.membership.present for proof in proofs]
        looked = look(sealed, asked, absent, progress)
    return [
        Answer(each, proof, sealed.recorded, seen)
        for each, proof, seen in zip(asked, proofs, looked, strict=True)
    ]


def write_proof(answer: Answer, path: Path) -> None:
    """Write an answer's proof file. Raises StorageError where the disk refuses."""
    with whole_file(path) as file:
        file.write(format_proof(answer.proof))


def write_proofs(answers: Sequence[Answer], folder: Path) -> list[Path]:
    """Write each answer's proof below `folder`, named by its document, and where each is.

    Raises StorageError where the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(folder, error) from error
    paths = [folder / f"{answer.asked.document.hex()}.proof.json" for answer in answers]
    for answer, path in zip(answers, paths, strict=True):
        write_proof(answer, path)
    return paths


def _near_words(near: Near) -> str:
    """`sha256:…  near: 58 % of the word 5-grams of both, 73 % of this text's, 73 % of its own`."""
    both, ours, theirs = (
        f"{ppm // 10_000} %" for ppm in (near.jaccard_ppm, near.containment_ppm, near.contained_ppm)
    )
    return (
        f"sha256:{near.document.hex()}  {near.method}: shares {both} of all word 5-grams, "
        f"{ours} of this text's, {theirs} of its own"
    )


def _near_data(near: Near) -> dict[str, Any]:
    return {
        "document": f"sha256:{near.document.hex()}",
        "method": near.method,
        "jaccard_ppm": near.jaccard_ppm,
        "containment_ppm": near.containment_ppm,
        "contained_ppm": near.contained_ppm,
    }
