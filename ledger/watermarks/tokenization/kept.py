"""Tokenizers kept beside what was made with them, found again by their fingerprint."""

from pathlib import Path

from ledger.corpus.atomic import whole_file
from ledger.errors import StorageError, VerificationError, printable
from ledger.watermarks.tokenization.load import Tokenizer, load

__all__ = ["find_kept", "keep"]


def keep(tokenizer: Tokenizer, folder: Path) -> Path:
    """Where a copy of the definition lies in `folder`, made if it was not there.

    Raises StorageError.
    """
    path = _place(folder, tokenizer.definition)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # as engines.run makes it
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"{printable(folder)}: {printable(reason)}") from error
    if not path.exists():
        with whole_file(path) as file:
            file.write(tokenizer.serialised.encode())
    return path


def find_kept(folder: Path, definition: str) -> Tokenizer | None:
    """The tokenizer with this fingerprint, if a copy of it was kept in `folder`.

    Raises VerificationError where the copy is another one.
    """
    path = _place(folder, definition)
    if not path.exists():
        return None
    tokenizer = load(path)
    if tokenizer.definition != definition:
        raise VerificationError(
            f"{printable(path)}: definition is {tokenizer.definition}, expected {definition}",
            hint="delete it and run the same command again",
        )
    return tokenizer


def _place(folder: Path, definition: str) -> Path:
    return folder / f"tokenizer-{definition.removeprefix('sha256:')}.json"
