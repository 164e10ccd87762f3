"""The authors whom a ledger knows: their keys, and who they are where the vault still says it.

A name or an address stands in no entry. It lies in the vault, under a scope of its key's, and
`erase` destroys that scope: the log keeps its bytes and its proofs, and nobody learns the name.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.claims.erasure import Erasure
from ledger.claims.key import Key
from ledger.claims.withdrawal import Withdrawal
from ledger.errors import InputError, RefusedError, UnknownNameError, printable
from ledger.log.canonical import parse_digest, subject_of
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.notes import ED25519, Verifier, parse_vkey
from ledger.log.record import Claim, Recorded, live, record
from ledger.log.vault import Disclosure, Vault, commit, scope_of
from ledger.provenance.disclosed import disclosed
from ledger.provenance.named import NamedKey, named_keys
from ledger.provenance.sshsig import parse_public

__all__ = [
    "Author",
    "author_keys",
    "authors_known",
    "erase_author",
    "find_author",
    "key_given",
    "revoke_author",
    "trust_author",
]

_LONGEST = 500  # characters of a name with its address


@dataclass(frozen=True)
class Author:
    """A key for claims that the log names. `person` is who it is, None where the vault does not
    say; `committed`: whether the log commits to somebody; `claims`: what it signed, as recorded.
    """

    key: NamedKey
    person: str | None
    committed: bool
    claims: int

    @property
    def verifier(self) -> Verifier:
        return self.key[1]

    @property
    def subject(self) -> str:
        return _subject(self.verifier)


def author_keys(log: Log) -> dict[str, NamedKey]:
    """The keys of authors that a log names, revoked ones too."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'key' AND idx < ? ORDER BY idx",
        (log.size,),
    ).fetchall()
    subjects = dict.fromkeys(log.entry(row[0]).subject for row in rows)
    return named_keys(
        (index, log.entry(index)) for subject in subjects for index in log.find(subject)
    )


def authors_known(log: Log) -> list[Author]:
    """Every author, in the order in which the log named them."""
    signed: dict[str, int] = {}
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind IN ('authorship', 'review') "
        "AND idx < ?",
        (log.size,),
    )
    for (index,) in rows.fetchall():
        for sig in log.entry(index).sigs:
            label = str(sig.get("keyid"))
            signed[label] = signed.get(label, 0) + 1
    return [
        Author(key, *_person(log, key[1]), signed.get(label, 0))
        for label, key in author_keys(log).items()
    ]


def find_author(log: Log, name: str) -> Author:
    """An author by label, vkey or name. Raises UnknownNameError; InputError if several match."""
    known = authors_known(log)
    found = [
        author
        for author in known
        if name in (author.verifier.label, author.verifier.vkey, author.verifier.name)
    ]
    if not found:
        raise UnknownNameError("author", name, [author.verifier.label for author in known])
    if len(found) > 1:
        labels = ", ".join(author.verifier.label for author in found)
        raise InputError(f"{name} names {len(found)} authors: {labels}", hint="give the label")
    return found[0]


def key_given(ring: KeyRing, given: str) -> Verifier:
    """The key that a person names: a vkey, a key of the ring, a line or file of an SSH key.

    Raises InputError, UnknownNameError.
    """
    file = Path(given)
    if given.startswith("ssh-"):
        return parse_public(given)
    if given.count("+") >= 2:
        return parse_vkey(given)
    if file.suffix == ".pub" and file.is_file():
        with file.open("rb") as opened:
            return parse_public(opened.read(16_384).decode("utf-8", "replace"), file)
    return ring.find(given).verifier


def trust_author(log: Log, verifier: Verifier, person: str | None = None) -> Recorded:
    """Name an author's key, so that what it signs from now on counts; idempotent.

    `person` goes into the vault alone. Raises InputError for a key that is not Ed25519 or a person
    that is no line of text, RefusedError where the person was erased or another one is known.
    """
    if verifier.algorithm != ED25519:
        raise InputError(f"{verifier.label}: not an Ed25519 key, expected one for claims")
    known = author_keys(log).get(verifier.label)
    told, committed = _person(log, verifier) if known is not None else (None, False)
    if known is not None and not known.revoked and (person is None or told == person):
        return Recorded(known[0], log.entry(known[0]).claim_id, False)
    if person is None:
        return _name(log, verifier, None)
    if not person.isprintable() or not person.strip() or len(person) > _LONGEST:
        raise InputError(
            f"person {printable(person, 60)!r}: expected one line of at most {_LONGEST} characters"
        )
    if committed or _erased(log, verifier):
        raise RefusedError(
            f"{verifier.label}: this ledger knew whose key it is, and "
            + ("it is somebody else" if told is not None else "was made to forget it"),
            hint="trust the key without --person",
        )
    return _name(log, verifier, person)


def revoke_author(log: Log, author: Author, because: str | None = None) -> list[Recorded]:
    """Take back every claim that names the key: what is recorded from now on, it does not attest.

    What the log already held stays attested. Idempotent. Raises InputError for a reason that no
    entry can hold.
    """
    about = live([(index, log.entry(index)) for index in log.find(author.subject)])
    claims = []
    for _, entry in about:
        if entry.kind != "key":
            continue
        try:
            body = Withdrawal(claim=entry.claim_id, reason=because)
        except ValueError as error:
            raise InputError(
                f"reason {printable(because, 60)}: expected one line of at most 200 characters"
            ) from error
        claims.append(Claim("withdrawal", entry.subject, body))
    return record(log, claims)


def erase_author(log: Log, author: Author, because: str | None = None) -> tuple[Recorded, int]:
    """Destroy what the vault knows of who the author is, and record that; how many values went.

    The key stays named, and what it signed attested: erasing is no revocation. Raises RefusedError
    without a vault, InputError for a reason that no entry can hold.
    """
    vault = _vault(log)
    scope = _scope(author.verifier)
    try:
        body = Erasure(scope=f"sha256:{scope.hex()}", reason=because)
    except ValueError as error:
        raise InputError(
            f"reason {printable(because, 60)}: expected one line of at most 200 characters"
        ) from error
    lost = vault.erase(scope)
    (recorded,) = record(log, [Claim("erasure", author.subject, body)])
    return recorded, lost


def _name(log: Log, verifier: Verifier, person: str | None) -> Recorded:
    subject = _subject(verifier)
    body = Key(name=verifier.name, use="claim", vkey=verifier.vkey)
    shown = None
    if person is not None:
        scope, raw = _scope(verifier), parse_digest(subject)
        key = _vault(log).ensure_keys([scope])[scope]
        made = commit(key, "person", raw, (raw, 0, 0), person)
        body = body.model_copy(update={"person": f"sha256:{made.hex()}"})
        shown = Disclosure(scope, {"person": person})
    (recorded,) = record(log, [Claim("key", subject, body, shown)])
    return recorded


def _person(log: Log, verifier: Verifier) -> tuple[str | None, bool]:
    """Who it is, and whether a live claim commits to somebody."""
    about = live([(index, log.entry(index)) for index in log.find(_subject(verifier))])
    for index, entry in reversed(about):
        if entry.kind == "key" and "person" in entry.body:
            return disclosed(log, index, entry).get("person"), True
    return None, False


def _erased(log: Log, verifier: Verifier) -> bool:
    about = live([(index, log.entry(index)) for index in log.find(_subject(verifier))])
    return any(entry.kind == "erasure" for _, entry in about)


def _vault(log: Log) -> Vault:
    if log.vault is None:
        raise RefusedError(
            f"{log.location}: no vault is at hand", hint="put the ledger's .vault.db beside it"
        )
    return log.vault


def _subject(verifier: Verifier) -> str:
    return subject_of("key", verifier.name, verifier.vkey)


def _scope(verifier: Verifier) -> bytes:
    return scope_of("author", sha256(verifier.vkey.encode()).digest())
