"""Which documents of a dataset lie in which sealed reserve of the same ledger.

A reserve's claim names the list of its members and its signed statement, which the vault keeps and
may withhold; what depends on a withheld one is left out and said to be.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ledger.certificates.members import Members
from ledger.errors import VerificationError
from ledger.log.canonical import Entry, parse_digest
from ledger.log.content_root import content_root

if TYPE_CHECKING:
    from ledger.certificates.composition import View

__all__ = ["IDENTITY", "newest_reserves", "reserve_rows"]

_RULE = ("allow_asserted", "before", "min_level")
IDENTITY = ("content_root", "name", "stage", "statement", "version")


def newest_reserves(view: "View") -> list[tuple[int, Entry]]:
    """The live claim of the highest version of each name, by name."""
    newest: dict[str, tuple[int, Entry]] = {}
    for index, entry in view.claimed.of("reserve"):
        name = str(entry.body["name"])
        if name not in newest or _rank(newest[name][1]) < _rank(entry):
            newest[name] = index, entry
    return [newest[name] for name in sorted(newest)]


def _rank(entry: Entry) -> tuple[int, str]:
    """By version; two of one version, which no sealing makes, by what they say."""
    return int(entry.body["version"]), str(entry.body["statement"])


def reserve_rows(view: "View") -> tuple[list[dict[str, Any]], dict[str, int] | None]:
    """A row for each newest reserve, and the share of the dataset that lies in any of them.

    That share is None where the members of one of them are withheld.

    Raises VerificationError for a claim whose members or statement are not what it says.
    """
    somewhere = np.zeros(len(view.members), np.bool_)
    rows = []
    for index, entry in newest_reserves(view):
        body = entry.body
        row: dict[str, Any] = {name: body[name] for name in IDENTITY}
        row |= {"reserve_bytes": body["bytes"], "reserve_documents": body["documents"]}
        here = _in_reserve(view, f"entry {index}", body)
        rule = _rule(view, f"entry {index}", body)
        withheld = [n for n, had in (("members", here), ("statement", rule)) if had is None]
        if withheld:
            row["withheld"] = withheld
        if here is not None:
            somewhere |= here
            row |= view.shares(view.members.add_up(here))
        rows.append(row | (rule or {}))
    if any("members" in row.get("withheld", ()) for row in rows):
        return rows, None
    return rows, view.shares(view.members.add_up(somewhere))


def _in_reserve(view: "View", where: str, body: Mapping[str, Any]) -> npt.NDArray[np.bool_] | None:
    """Which members lie in the reserve; None where its list is withheld."""
    data = view.attachment(parse_digest(str(body["members"])))
    if data is None:
        return None
    if len(data) != 32 * body["documents"]:
        raise VerificationError(
            f"{where}: a list of {len(data)} bytes as members, expected 32 for each of "
            f"{body['documents']} documents"
        )
    digests = np.frombuffer(data, np.uint8).reshape(-1, 32)
    nothing = np.zeros(len(digests), np.int64)
    try:
        root = content_root(Members(digests, nothing, nothing).each())
    except ValueError as error:
        raise VerificationError(f"{where}: members: {error}") from error
    if root != parse_digest(str(body["content_root"])):
        raise VerificationError(
            f"{where}: members of the root {root.hex()}, expected {body['content_root']}"
        )
    here = np.zeros(len(view.members), np.bool_)
    places = view.members.places(digests)
    here[places[places >= 0]] = True
    return here


def _rule(view: "View", where: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the statement says of its rule; None where it is withheld."""
    from ledger.reserves.statement import parse_statement, reserve_body

    payload = view.attachment(parse_digest(str(body["statement"])))
    if payload is None:
        return None
    statement = parse_statement(payload, where)
    if reserve_body(statement, str(body["statement"])) != body:
        raise VerificationError(f"{where}: its statement says something else than the entry")
    asserted = sum(
        row["documents"] for row in statement.totals["levels"] if row["standing"] == "asserted"
    )
    rule = {name: statement.rule[name] for name in _RULE if name in statement.rule}
    return {"reserve_asserted": asserted, **rule}
