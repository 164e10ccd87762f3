"""What verifying a certificate established, for people and for programs."""

from dataclasses import dataclass
from typing import Any

from ledger.certificates.markup import moment
from ledger.certificates.statement import MANIFEST
from ledger.errors import printable
from ledger.provenance.trust import key_label

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """What holds. `index` is the certificate's own entry; `signers` and `log_signers` are vkeys.

    `subject` is the statement's. `superseded_by` lists newer certificates of the same, and is None
    below level 3.
    """

    level: int
    subject: str
    content_root: bytes
    issuer: str
    issued_at: int
    log_name: str
    size: int
    index: int
    signers: tuple[str, ...]
    log_signers: tuple[str, ...]
    superseded_by: tuple[int, ...] | None
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        keys = ", ".join(key_label(vkey) for vkey in self.signers)
        said = [
            f"{self._shown}: level {self.level}, {_LEVELS[self.level]}",
            f"unchanged since {moment(self.issued_at)}, by the issuer's clock; signed by {keys}. "
            "Whether the claims are true is not checked.",
            f"as of the first {self.size} entries of {self.log_name}; itself entry {self.index}",
        ]
        if self.superseded_by is None:
            said.append("whether a newer certificate replaces it is not known without the ledger")
        elif self.superseded_by:
            newer = ", ".join(str(index) for index in self.superseded_by)
            said.append(
                f"superseded: the log holds newer certificates of this {self._kind}: entry {newer}"
            )
        else:
            said.append(f"the newest certificate of this {self._kind} in the ledger")
        return [printable(line, 2000) for line in (*said, *self.notes)]

    @property
    def _kind(self) -> str:
        return "manifest" if self.subject.startswith(MANIFEST) else "dataset"

    @property
    def _shown(self) -> str:
        return self.subject.replace(MANIFEST, "manifest ", 1)

    def text(self) -> str:
        """The lines, joined."""
        return "\n".join(self.lines())

    def data(self) -> dict[str, Any]:
        """The report as JSON values."""
        values: dict[str, Any] = {
            "content_root": self.content_root.hex(),
            self._kind: self.subject.removeprefix(MANIFEST),
            "index": self.index,
            "issued_at": self.issued_at,
            "issuer": self.issuer,
            "level": self.level,
            "log_name": self.log_name,
            "log_signers": list(self.log_signers),
            "notes": list(self.notes),
            "signers": list(self.signers),
            "size": self.size,
        }
        if self.superseded_by is not None:
            values["superseded_by"] = list(self.superseded_by)
        return values


_LEVELS = {
    1: "the signature holds",
    2: "the signature holds and the statement is in the log",
    3: "the signature holds, the statement is in the log, its numbers were computed again",
}
