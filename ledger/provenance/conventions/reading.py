"""What a file discloses: every convention that it may hold, and the sidecar beside it."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from ledger.errors import InputError, UntrustedSignerError, VerificationError, printable
from ledger.log.notes import Verifier
from ledger.provenance.conventions import MAX_BYTES, Disclosure, of_file
from ledger.provenance.conventions.sidecar import SUFFIX, open_sidecar, parse_sidecar
from ledger.provenance.tags.tagging import refuse_pipe

__all__ = ["disclosures_of", "read_file"]


def read_file(path: Path, trusted: Sequence[Verifier] = ()) -> list[Disclosure]:
    """What the file and a `<name>.prov.json` beside it say; see `disclosures_of`. Raises
    InputError.
    """
    content = _bytes(path)
    beside = path.with_name(path.name + SUFFIX)
    sidecar = _bytes(beside) if beside.is_file() else None
    return disclosures_of(content, str(path), sidecar, trusted)


def disclosures_of(
    content: bytes, where: str, sidecar: bytes | None = None, trusted: Sequence[Verifier] = ()
) -> list[Disclosure]:
    """What `content`, of a file called `where`, and its sidecar say, in the conventions' order.

    A sidecar of another content, or with a signature that does not hold, says nothing, with the
    reason; one that nobody of `trusted` (keys of use claim) signed says so. Raises InputError.
    """
    shown = printable(where)
    found = [one for kind in of_file(where) for one in kind.read(content, shown)]
    return found if sidecar is None else [*found, _beside(content, shown, sidecar, trusted)]


def _beside(content: bytes, where: str, sidecar: bytes, trusted: Sequence[Verifier]) -> Disclosure:
    place = where + SUFFIX
    try:
        opened, keys = open_sidecar(sidecar, content, trusted, place)
        note = f"signed by {', '.join(key.label for key in keys)}"
    except UntrustedSignerError:
        opened = parse_sidecar(sidecar, place)
        signers = printable(", ".join(opened.keyids))
        note = f"signed by {signers}, which nobody here trusts"
    except VerificationError as error:
        return _nothing(place, str(error).removeprefix(f"{place}: "))
    if opened.tag.subject != f"sha256:{sha256(content).hexdigest()}":
        return _nothing(place, "of another text: this one was changed since it was tagged")
    return replace(opened.disclosure(place), note=note)


def _nothing(place: str, note: str) -> Disclosure:
    return Disclosure("sidecar", "AX", where=place, note=note)


def _bytes(path: Path) -> bytes:
    refuse_pipe(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(f"{printable(path)}: {reason}, expected a text to read") from error
    return content
