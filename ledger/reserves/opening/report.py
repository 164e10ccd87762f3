"""What verifying a reserve established, for people and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.errors import printable
from ledger.provenance.conditions import moment
from ledger.provenance.trust import key_label
from ledger.reserves.receipts.stamp import Stamp
from ledger.reserves.statement import Statement

__all__ = ["Against", "Report"]

_MEANS = {
    1: "the signature holds",
    2: "the statement is in the log",
    3: "its numbers were computed again from the ledger",
    4: "every text was hashed again",
}


@dataclass(frozen=True)
class Against:
    """What the ledger says of the reserve. `newer`: versions of its name that came later.

    `withdrawn`: the ledger's operator took the reserve's claim back. `taken_down` counts documents.
    """

    newer: tuple[int, ...]
    withdrawn: bool
    taken_down: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What holds. `against` is None without the ledger, and level 3 then not reached.

    `signers`, `log_signers` and `seal_signer` are vkeys; `index` is the reserve's own entry.
    """

    statement: Statement
    index: int
    signers: tuple[str, ...]
    log_signers: tuple[str, ...]
    seal_signer: str
    stamps: tuple[Stamp, ...]
    against: Against | None
    notes: tuple[str, ...]

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels that hold."""
        return (1, 2, 4) if self.against is None else (1, 2, 3, 4)

    @property
    def level(self) -> int:
        """The highest level below which every level holds."""
        return 2 if self.against is None else 4

    def lines(self) -> list[str]:
        """The report for people."""
        statement = self.statement
        keys = ", ".join(key_label(vkey) for vkey in self.signers)
        said = [
            f"{statement.name} version {statement.version}: {_levels(self.levels)}",
            f"{statement.documents:,} documents, {statement.totals['bytes']:,} bytes, "
            f"content root {statement.content_root.hex()}",
            *statement.limits[:1],
            *(f"  {row}" for row in _dates(statement.totals)),
            f"unchanged since {moment(statement.sealed_at)}, by the issuer's clock; "
            f"signed by {keys}. Whether the claims are true is not checked.",
            *map(_stamp, self.stamps),
            *statement.limits[1:],
            f"as of the first {statement.head.size:,} entries of {statement.head.log_name}; "
            f"itself entry {self.index}",
            *self._standing(),
            *self.notes,
        ]
        return [printable(line, 2000) for line in said]

    def _standing(self) -> list[str]:
        """Whether it is still the newest, and what was taken down since."""
        if self.against is None:
            return ["whether a newer version replaces it is not known without the ledger"]
        name, found = self.statement.name, self.against
        said = [f"superseded by {name} version {newer}" for newer in found.newer[-1:]]
        if not found.newer:
            said.append(f"the newest version of {name} in the ledger")
        if found.withdrawn:
            said.append("withdrawn: whoever sealed it took it back")
        if found.taken_down:
            advice = "" if found.newer else f"; seal {name} again for a version without them"
            said.append(f"{found.taken_down:,} of its documents taken down since{advice}")
        return [*said, *found.notes]

    def text(self) -> str:
        """The lines, joined."""
        return "\n".join(self.lines())

    def data(self) -> dict[str, Any]:
        """The report as JSON values."""
        statement = self.statement
        values: dict[str, Any] = {
            "content_root": statement.content_root.hex(),
            "index": self.index,
            "issuer": statement.issuer,
            "level": self.level,
            "levels": list(self.levels),
            "limits": list(statement.limits),
            "log_name": statement.head.log_name,
            "log_signers": list(self.log_signers),
            "name": statement.name,
            "notes": list(self.notes),
            "rule": dict(statement.rule),
            "seal_signer": self.seal_signer,
            "sealed_at": statement.sealed_at,
            "signers": list(self.signers),
            "size": statement.head.size,
            "stage": statement.stage,
            "stamps": [
                {
                    "at": stamp.at,
                    "digest": stamp.digest.hex(),
                    "issuer": stamp.issuer,
                    "pinned": stamp.pinned,
                }
                for stamp in self.stamps
            ],
            "totals": dict(statement.totals),
            "version": statement.version,
        }
        if self.against is not None:
            values["superseded_by"] = list(self.against.newer)
            values["taken_down"] = self.against.taken_down
            values["withdrawn"] = self.against.withdrawn
        return values


def _levels(levels: tuple[int, ...]) -> str:
    numbers = ", ".join(map(str, levels[:-1])) + f" and {levels[-1]}"
    return f"levels {numbers}: " + ", ".join(_MEANS[level] for level in levels)


def _dates(totals: Mapping[str, Any]) -> list[str]:
    return [
        f"{row['documents']:,} {'document' if row['documents'] == 1 else 'documents'} dated by "
        f"E{row['level']} evidence, {row['standing']}"
        for row in totals["levels"]
    ]


def _stamp(stamp: Stamp) -> str:
    if stamp.at is None:
        return (
            "a time stamp is present and was not read: "
            "pip install 'headwater[timestamp]' for what it says"
        )
    when, who = moment(stamp.at), stamp.issuer or "an unnamed authority"
    if stamp.pinned:
        return f"time stamp of {when} by {who}: proves unchanged since then"
    return (
        f"a time stamp says {when} by {who}; present, its authority not pinned here: "
        "--tsa-root PEM checks it"
    )
