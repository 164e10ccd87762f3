"""What models were trained on: registers a model with what is known of its training documents, and
looks for a model's own texts among them. Both are as complete as the claims and the vault are.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from ledger.claims import Model, Withdrawal
from ledger.errors import InputError, RefusedError, printable
from ledger.log.canonical import subject_of
from ledger.log.log import Log
from ledger.log.record import OPERATOR, Claim, Recorded, live, record
from ledger.log.runs import keys_of
from ledger.manifests.building.diff import side_of
from ledger.manifests.opening.open import open_manifest
from ledger.manifests.recorded import find_manifest, manifests, members_of
from ledger.provenance.authors import author_keys
from ledger.provenance.models.generations import Share, generation_sql
from ledger.provenance.models.opening import find_model, models_of, parse_model
from ledger.provenance.models.registered import Models, model_subject, names_of, writers
from ledger.provenance.standing import standing_claims
from ledger.reserves.selection.digests import Digests, positions

__all__ = ["Feedback", "Feedbacks", "Registered", "feedback", "manifest_names", "register_model"]

_SLICE = 5_000
_MOST_MEMBERS = 5_000_000  # documents of a manifest that are looked through for an alarm
_EXAMPLES = 3


@dataclass(frozen=True)
class Registered:
    """A model as it stands now. `replaced`: what was said of it before was taken back;
    `strange`: nobody registered its base.
    """

    reference: str
    recorded: Recorded
    replaced: bool
    generation: int
    trained_on: tuple[Share, ...]
    strange: bool = False


@dataclass(frozen=True)
class Feedback:
    """`documents` of a manifest that a model was trained on were written by it, by one it was
    tuned from, or by another version of it.
    """

    model: str
    manifest: str
    documents: int
    by: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Feedbacks:
    """`unseen`: manifests of registered models whose documents could not be looked through."""

    found: tuple[Feedback, ...]
    unseen: tuple[str, ...]


def manifest_names(log: Log) -> dict[str, str]:
    """Digest of the statement -> NAME@VERSION of every recorded manifest."""
    return {
        str(entry.body["statement"]): f"{entry.body['name']}@{entry.body['version']}"
        for _, entry in manifests(log)
    }


# --- registering


def register_model(
    log: Log,
    reference: str,
    *,
    base: str | None = None,
    trained_on: Sequence[str] = (),
    aliases: Sequence[str] = (),
) -> Registered:
    """Record a model, in place of what was said of it before. `log` is open for writing.

    `base` is NAME@VERSION or an alias, registered or not; `trained_on` are manifests by NAME,
    NAME@VERSION or folder. What is known of their documents is looked up now and recorded: what is
    learned of them later needs a registration anew.

    Raises InputError for a name, an alias that is taken and a base that leads back; and what
    opening manifests raises.
    """
    name, version = parse_model(reference)
    subject, models = subject_of("model", name, version), models_of(log)
    statements: list[str] = []
    counts: Counter[int | None] = Counter()
    seen: list[Digests] = []
    for manifest in trained_on:
        digest, members = _opened(log, manifest)
        if digest not in statements:
            statements.append(digest)
            seen.append(members)
    if seen:
        counts = _generations(log, np.unique(np.concatenate(seen), axis=0))
    shares = tuple(
        Share(generation, counts[generation])
        for generation in sorted(counts, key=lambda g: (g is None, g or 0))
    )
    body = _body(
        {
            "name": name,
            "version": version,
            "base": None if base is None else _base(models, subject, base),
            "manifests": sorted(statements) or None,
            "trained_on": [_plain(share) for share in shares] or None,
            "aliases": sorted(set(aliases)) or None,
        }
    )
    _check_names(models, subject, body)
    before = models.get(subject)
    claims = [Claim("model", subject, body)]
    replaced = before is not None and before.body != body.plain()
    if replaced and before is not None and before.entry.actor == OPERATOR:
        taken = Withdrawal(claim=before.entry.claim_id, reason="registered anew")
        claims.insert(0, Claim("withdrawal", subject, taken))
    recorded = record(log, claims)[-1]
    generation = models_of(log).generation(subject)
    strange = body.base is not None and models.get(body.base) is None
    return Registered(f"{name}@{version}", recorded, replaced, generation, shares, strange)


def _plain(share: Share) -> dict[str, int]:
    known = {} if share.generation is None else {"generation": share.generation}
    return {"documents": share.documents, **known}


def _body(stated: dict[str, object]) -> Model:
    try:
        return Model.model_validate({k: v for k, v in stated.items() if v is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{printable(field)} {printable(repr(first['input']), 80)}: "
            f"{printable(first['msg'][:1].lower() + first['msg'][1:])}"
        ) from error


def _base(models: Models, subject: str, base: str) -> str:
    """The subject of the model to be tuned from; one that nobody registered is only named."""
    known = models.called(base)
    found = (
        find_model(models, base).subject if known else model_subject("@".join(parse_model(base)))
    )
    at, chain = found, []
    while at not in chain:
        chain.append(at)
        standing = models.get(at)
        at = str(standing.body["base"]) if standing and "base" in standing.body else at
    if subject in chain:
        raise InputError(
            f"{printable(base)}: tuned from the model itself, as the ledger has it",
            hint=f"headwater model lineage {printable(base)}",
        )
    return found


def _check_names(models: Models, subject: str, body: Model) -> None:
    """An alias means one model, so that what it wrote is not another's."""
    for alias in names_of(body.plain()):
        for other in models.called(alias):
            if other.subject != subject:
                raise InputError(
                    f"{printable(alias)}: already means {printable(other.reference)}",
                    hint="headwater model list",
                )


def _opened(log: Log, manifest: str) -> tuple[str, Digests]:
    """(digest of the statement, the documents) of a manifest."""
    if Path(manifest).is_dir():
        digest = open_manifest(manifest).digest
        return digest, side_of(None, manifest).digests
    index, entry = find_manifest(log, manifest)
    members = members_of(log, index, entry)
    if members is None:
        raise RefusedError(
            f"{printable(manifest)}: the vault withholds who is selected",
            hint="name its folder instead",
        )
    return str(entry.body["statement"]), np.frombuffer(members, np.uint8).reshape(-1, 32)


def _generations(log: Log, digests: Digests) -> Counter[int | None]:
    """Documents by the least generation that the ledger knows of each now."""
    known = dict(
        log.connection.execute(f"SELECT p.id, {generation_sql()} FROM profile AS p").fetchall()
    )
    counts: Counter[int | None] = Counter()
    for start in range(0, len(digests), _SLICE):
        part = np.ascontiguousarray(digests[start : start + _SLICE])
        query, index = log.find_all(part)
        first = np.full(len(part), np.iinfo(np.int64).max, np.int64)
        np.minimum.at(first, query, index)
        documents = first[first != np.iinfo(np.int64).max].tolist()
        rows = log.connection.execute(
            f"SELECT profile FROM fact WHERE document IN ({','.join('?' * len(documents))})",
            documents,
        ).fetchall()
        counts.update(known[profile] for (profile,) in rows)
        counts[None] += len(part) - len(rows)
    return +counts


# --- the alarm


def feedback(log: Log) -> Feedbacks:
    """A model's own texts in what it was trained on, for every registered model."""
    models = models_of(log)
    trained = [model for model in models if model.body.get("manifests")]
    written = _written(log) if trained else None
    if written is None or not len(written):
        return Feedbacks((), ())
    recorded = {str(entry.body["statement"]): (index, entry) for index, entry in manifests(log)}
    found: list[Feedback] = []
    unseen: dict[str, None] = {}
    for model in trained:
        own = set(_own(models, model.subject))
        for statement in model.body["manifests"]:
            members = None
            name = statement
            if statement in recorded:
                index, entry = recorded[statement]
                name = f"{entry.body['name']}@{entry.body['version']}"
                if int(entry.body["rows"]) <= _MOST_MEMBERS:
                    members = members_of(log, index, entry)
            if members is None:
                unseen[name] = None
                continue
            told = _told(log, models, own, members, written)
            if told:
                by = sorted({reference for _, references in told for reference in references})
                examples = tuple(document for document, _ in told[:_EXAMPLES])
                found.append(Feedback(model.reference, name, len(told), tuple(by), examples))
    return Feedbacks(tuple(found), tuple(unseen))


def _written(log: Log) -> Digests:
    """The documents that registered models are said to have written, sorted."""
    rows = log.connection.execute(
        "SELECT e.subject FROM profile AS p JOIN fact AS f ON f.profile = p.id "
        "JOIN entry AS e ON e.idx = f.document WHERE p.generation IS NOT NULL ORDER BY e.subject"
    ).fetchall()
    return np.frombuffer(b"".join(row[0] for row in rows), np.uint8).reshape(-1, 32)


def _own(models: Models, subject: str) -> Iterator[str]:
    """The model, those it was tuned from, and other versions of it."""
    seen: set[str] = set()
    at = models.get(subject)
    while at is not None and at.subject not in seen:
        seen.add(at.subject)
        yield from (m.subject for m in models if m.body["name"] == at.body["name"])
        at = models.get(str(at.body["base"])) if "base" in at.body else None


def _told(
    log: Log, models: Models, own: set[str], members: bytes, written: Digests
) -> list[tuple[str, set[str]]]:
    """(document, the models by which it is said to be written) of members by one of `own`."""
    known = np.frombuffer(members, np.uint8).reshape(-1, 32)
    hits = written[positions(known, keys_of(known), written) >= 0]
    authors = author_keys(log) if len(hits) else {}
    found = []
    for digest in hits:
        document = f"sha256:{digest.tobytes().hex()}"
        about = [(index, log.entry(index)) for index in log.find(document)]
        by = {
            model.reference
            for name in writers(entry for _, entry, _ in standing_claims(live(about), authors))
            for model in models.called(name)
            if model.subject in own
        }
        if by:
            found.append((document, by))
    return found
