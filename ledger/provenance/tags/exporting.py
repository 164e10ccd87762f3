"""What a text's tags say, in the form of a convention: for its readers, not for the ledger.

Only what people declared, signed, or were seen to do is said to others. What was read from a file
is not said again, nor what a form of little weight says.
"""

from collections.abc import Sequence

from ledger.claims.authorship import Authorship
from ledger.errors import InputError, printable
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.provenance.conventions import Disclosure, find_convention, writers
from ledger.provenance.conventions.sidecar import format_sidecar
from ledger.provenance.explain import explain
from ledger.provenance.in_use import choose_policy
from ledger.provenance.tags.classes import strongest
from ledger.provenance.tags.find import standing_tags
from ledger.provenance.tags.make import Tag
from ledger.provenance.tags.signers import find_signer
from ledger.provenance.tags.spans import document_of, parse_spans
from ledger.provenance.vocabularies import Known, source_claim
from ledger.provenance.vocabularies.aia import format_statement

__all__ = ["FORMS", "exported"]

FORMS = {
    "html": "html",
    "trailer": "trailer",
    "front-matter": "front_matter",
    "json-ld": "json_ld",
}
"""What `--as` takes, and the convention that writes it; sentence and sidecar are of their own."""


def exported(log: Log, content: bytes, form: str, *, name: str, whole: bool) -> bytes:
    """The disclosure of the text called `name` by its tags here; `whole`: the text that holds it.

    Raises InputError where no tag may be said to others, where they contradict each other, or as
    the convention does.
    """
    document = document_of(content)
    said = _sayable(standing_tags(log, document), name)
    if not said:
        raise InputError(
            f"{document}: no tag of it that may be said to others, expected one declared or signed",
            hint="headwater tag FILE --ai …; what was imported or is of little weight stays here",
        )
    _pass_gate(log, document, said)
    if form == "sentence":
        return _sentence(said)
    if form == "sidecar":
        return format_sidecar(name, _tag(log, said[-1][1]), _signer(log))
    convention = find_convention(FORMS[form])
    writer = writers()[convention.name]
    disclosures = [_disclosure(log, entry, convention.name) for _, entry in said]
    return writer.write(content if whole else b"", disclosures)


def _sayable(tags: Sequence[tuple[int, Entry]], name: str) -> list[tuple[int, Entry]]:
    chosen = [
        (index, entry)
        for index, entry in tags
        if entry.body["assistance"] != "AX"
        and "weight" not in entry.body
        and entry.body.get("evidence") != "imported"
    ]
    grades = {str(entry.body["assistance"]) for _, entry in chosen}
    whole_human = any(
        entry.body["assistance"] == "A0" and "covered_ppm" not in entry.body for _, entry in chosen
    )
    if whole_human and grades - {"A0"}:
        raise InputError(
            f"{printable(name)}: its tags contradict each other: "
            + ", ".join(
                f"entry {index} says {entry.body['assistance']}" for index, entry in chosen[:8]
            ),
            hint="headwater tag withdraw ENTRY, or tag it again with --supersedes",
        )
    return chosen


def _pass_gate(log: Log, document: str, said: Sequence[tuple[int, Entry]]) -> None:
    """Refuse what the document's label forbids to state: a suspicion is nobody's own word."""
    rule = explain(log, document, choose_policy(log, None)).rule
    grade = strongest([str(entry.body["assistance"]) for _, entry in said])
    if rule is None or grade is None:
        return
    may = source_claim(Known(rule.label, rule.basis, grade, "other"))
    if may.term is None:
        raise InputError(
            f"{document}: {may.why}", hint="headwater document explain says what its label rests on"
        )


def _tag(log: Log, entry: Entry) -> Tag:
    attachments: tuple[bytes, ...] = ()
    if "spans" in entry.body:
        attachments = (_list_of(log, entry),)
    body = Authorship.model_validate(dict(entry.body))
    return Tag(entry.subject, body, attachments, entry.sigs)


def _signer(log: Log) -> Signer:
    signer = find_signer(log.keys, None)
    assert isinstance(signer, Signer)  # without a name, only own keys are looked at
    return signer


def _list_of(log: Log, entry: Entry) -> bytes:
    data = None
    if "spans" in entry.body and log.vault is not None:
        data = log.vault.attachment(parse_digest(str(entry.body["spans"])))
    if data is None:
        raise InputError(
            f"tag {entry.claim_id}: which bytes it speaks of is withheld",
            hint="--as sentence names none",
        )
    return data


def _sentence(said: Sequence[tuple[int, Entry]]) -> bytes:
    """The statement of the strongest; of several models none is named."""
    grade = strongest([str(entry.body["assistance"]) for _, entry in said])
    assert grade is not None  # `said` is not empty
    of_grade = [entry.body for _, entry in said if entry.body["assistance"] == grade]
    models = {body.get("model") for body in of_grade}
    reviewed = {body.get("reviewed") for body in of_grade}
    return (
        format_statement(
            grade,
            models.pop() if len(models) == 1 else None,
            reviewed.pop() if len(reviewed) == 1 else None,
        )
        + "\n"
    ).encode()


def _disclosure(log: Log, entry: Entry, convention: str) -> Disclosure:
    body = entry.body
    ranges = None
    if "covered_ppm" in body:
        ranges = tuple(span.range for span in parse_spans(_list_of(log, entry)))
    return Disclosure(
        convention,
        str(body["assistance"]),
        model=body.get("model"),
        ranges=ranges,
        reviewed=body.get("reviewed"),
        at=body.get("issued_at"),
    )
