"""A mark as a team writes it down by hand, in TOML, and the entry that is made of it.

    name = "acme-writer"                 version = "2026.1"
    provider = "acme.example/marks"      algorithm = "kgw/lefthash@1"
    vocab_size = 50257                   tokenizer = "tokenizer.json"
    key_class = "sealed"                 not_before = 2026-02-01
    parameters = { gamma = 0.25 }        key = { hashing_key = 15485863 }
    recipients = { regulator = "hwr1…" }

The vectors are made on the spot, with the key; the key of any class but `public` goes into an
envelope. A file with such a key must be readable by its owner alone.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from ledger.claims import Scheme
from ledger.claims.scheme import KeyClass
from ledger.errors import (
    InputError,
    MalformedError,
    RefusedError,
    UnknownNameError,
    printable,
)
from ledger.log.keys import KeyRing
from ledger.log.notes import Signer
from ledger.watermarks.registry.entry import (
    EntryFile,
    check_body,
    key_fingerprint,
    scheme_of,
    sign_entry,
    subject_of_mark,
)
from ledger.watermarks.registry.keystore import (
    Envelope,
    KeyMaterial,
    commitment_of,
    make_material,
    seal_envelope,
)
from ledger.watermarks.registry.recipients import secret_file
from ledger.watermarks.registry.vectors import Vectors, make_vectors
from ledger.watermarks.schemes import parse_algorithm

if TYPE_CHECKING:
    from ledger.watermarks.tokenization.load import Tokenizer

__all__ = ["Described", "MarkDescription", "describe", "load_description", "provider_signer"]

_LARGEST = 1 << 16  # bytes; a person wrote it
_LONGEST = 1 << 12  # bytes of a line: a key of many dots takes a TOML parser quadratic time
_CLASSES: Final[tuple[str, ...]] = get_args(KeyClass)
_TEXTS = (
    "name", "version", "provider", "provider_key", "algorithm", "model", "endpoint", "because",
)  # fmt: skip
_NEEDED = ("name", "version", "provider", "algorithm", "vocab_size", "key_class")
_DIGESTS = ("definition", "behaviour")


@dataclass(frozen=True)
class MarkDescription:
    """What a person says of a mark. `tokenizer` is a file, or the two fingerprints of one."""

    name: str
    version: str
    provider: str
    algorithm: str
    vocab_size: int
    key_class: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    key: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tokenizer: Path | tuple[str, str] | None = None
    provider_key: str | None = None
    model: str | None = None
    endpoint: str | None = None
    because: str | None = None
    not_before: int | None = None
    not_after: int | None = None
    recipients: Mapping[str, str] = field(default_factory=dict)
    where: str = "description"  # how a message calls it


@dataclass(frozen=True)
class Described:
    """The signed entry of a description, and the envelope with its key, None for a public one.

    `tokenizer` is the one that the description names by its file.
    """

    file: EntryFile
    envelope: Envelope | None
    tokenizer: "Tokenizer | None" = field(default=None, repr=False)


def load_description(path: Path) -> MarkDescription:
    """Parse a description. No message quotes a value.

    Raises MalformedError at the line of the fault, InputError for a file that cannot be read, and
    KeyPermissionError for one with a secret key that others can read.
    """
    text, found = _load(path)
    known = set(MarkDescription.__dataclass_fields__) - {"where"}
    for name in found:
        if name not in known:
            near = UnknownNameError("key", name, known)
            raise MalformedError(path, _line_of(text, name), str(near), hint=near.hint)

    def refuse(name: str, expected: str) -> MalformedError:
        return MalformedError(path, _line_of(text, name), f"{name}: expected {expected}")

    for name in _NEEDED:
        if name not in found:
            raise MalformedError(path, None, f"no {name}", hint=f"add {name} = …")
    for name in _TEXTS:
        if name in found and not isinstance(found[name], str):
            raise refuse(name, "text")
    if type(found["vocab_size"]) is not int:
        raise refuse("vocab_size", "a whole number")
    if found["key_class"] not in _CLASSES:
        raise refuse("key_class", ", ".join(_CLASSES))
    for name in ("parameters", "key", "recipients"):
        if not isinstance(found.get(name, {}), dict):
            raise refuse(name, "a table")
    if not all(isinstance(text, str) for text in found.get("recipients", {}).values()):
        raise refuse("recipients", 'NAME = "hwr1…"')
    for name in ("not_before", "not_after"):
        if name in found:
            moment = _moment(found[name])
            if moment is None:
                raise refuse(name, "a date, or a time with its offset")
            found[name] = moment
    if "tokenizer" in found:
        found["tokenizer"] = _tokenizer(found["tokenizer"], path)
        if found["tokenizer"] is None:
            raise refuse("tokenizer", "a file, or { definition = …, behaviour = … }")
    if found.get("key") and found["key_class"] != "public":
        secret_file(path)
    return MarkDescription(**found, where=printable(path))


def describe(
    description: MarkDescription,
    keys: KeyRing,
    *,
    now: int,
    replaces: str | None = None,
    previous: tuple[str, Scheme, KeyMaterial | None] | None = None,
) -> Described:
    """The entry of a description, signed with the provider's own key.

    `previous` is the state that this one corrects: its claim id, body and key; the same key keeps
    its commitment, so that what was found with it stays found. Raises InputError for what the
    scheme refuses, RefusedError where the provider's private key is not here.
    """
    try:
        return _described(description, keys, now, replaces, previous)
    except InputError as error:
        if type(error) not in (InputError, UnknownNameError):
            raise  # it says its own place
        raise InputError(f"{description.where}: {error}", hint=error.hint) from None


def _described(
    d: MarkDescription,
    keys: KeyRing,
    now: int,
    replaces: str | None,
    previous: tuple[str, Scheme, KeyMaterial | None] | None,
) -> Described:
    signer = provider_signer(d, keys)
    subject = subject_of_mark(d.name, d.version)
    family, variant = parse_algorithm(d.algorithm)
    if not 2 <= d.vocab_size <= 2**31 - 1:
        raise InputError("vocab_size: expected a whole number from 2 to 2^31 - 1")
    parameters = family.parameters(variant, d.parameters, d.vocab_size)
    body: dict[str, Any] = {
        "name": d.name,
        "version": d.version,
        "provider": d.provider,
        "provider_key": signer.verifier.vkey,
        "algorithm": d.algorithm,
        "parameters": parameters,
        "vocab_size": d.vocab_size,
        "key_class": d.key_class,
        "status": "active",
        "issued_at": now,
        "replaces": replaces,
    }
    for name in ("model", "endpoint", "because", "not_before", "not_after"):
        body[name] = getattr(d, name)
    tokenizer = None
    if isinstance(d.tokenizer, Path):
        tokenizer = _load_tokenizer(d.tokenizer, d.vocab_size)
        body |= {
            "tokenizer": tokenizer.definition,
            "tokenizer_behaviour": tokenizer.behaviour,
        }
    elif d.tokenizer is not None:
        body["tokenizer"], body["tokenizer_behaviour"] = d.tokenizer
    vectors, envelope = None, None
    if d.key_class == "remote":
        if d.key:
            raise InputError("key: a remote mark's key stays with its provider, expected none")
    else:
        material = _material(d, parameters, previous)
        mark = family.open(variant, parameters, material.key, d.vocab_size)
        vectors = make_vectors(mark, material.blinding)
        body["vectors"] = vectors.digest
        if d.key_class == "public":
            body["key"] = dict(material.key)
            body["key_fingerprint"] = key_fingerprint(
                d.algorithm, parameters, d.vocab_size, material.key
            )
        else:
            body["key_commitment"] = commitment_of(material)
            envelope = seal_envelope(subject, material, d.recipients, keys)
    _check_recipients(d)
    if previous is not None:
        body["supersedes"] = previous[0]
        body |= _carried(previous[1])
    return Described(_signed(signer, body, subject, vectors, envelope), envelope, tokenizer)


def provider_signer(description: MarkDescription, keys: KeyRing) -> Signer:
    """The private key that signs for the description's provider.

    That is the own key that `provider_key` names; else the newest one called as the provider is;
    else the only one there is. Raises InputError if there are several, RefusedError if none.
    """
    own = [key.verifier for key in keys.own() if key.use == "provider"]
    wanted = description.provider_key
    if wanted is not None:
        chosen = [v for v in own if wanted in (v.vkey, v.label)]
    else:
        chosen = [v for v in own if v.name == description.provider][-1:] or own
    if len(chosen) > 1:
        labels = ", ".join(verifier.label for verifier in chosen)
        raise InputError(
            f"{len(chosen)} provider keys are here, {labels}, expected one",
            hint='say which: provider_key = "…"',
        )
    if not own and wanted is None:
        raise RefusedError(
            f"{description.where}: no provider key in {keys.folder / 'keys'}, expected one",
            hint="headwater key generate NAME --use provider",
        )
    name = chosen[0].name if chosen else wanted or description.provider
    return keys.signer("provider", printable(name), [v.vkey for v in chosen])


def _material(
    d: MarkDescription,
    parameters: Mapping[str, str],
    previous: tuple[str, Scheme, KeyMaterial | None] | None,
) -> KeyMaterial:
    family, variant = parse_algorithm(d.algorithm)
    key = family.key(variant, parameters, d.key, d.vocab_size)
    if d.key_class == "public":
        return KeyMaterial(key, b"")
    if previous is not None:
        _, body, material = previous
        unchanged = material is not None and material.key == key and bool(material.blinding)
        if material is not None and unchanged and body.key_class == d.key_class:
            return material
    return make_material(key)


def _carried(body: Scheme) -> dict[str, Any]:
    """What a correction leaves as it was: a mark that was revoked stays so."""
    names = ("status", "forgeable_from", "replaces")
    return {name: getattr(body, name) for name in names}


def _check_recipients(d: MarkDescription) -> None:
    if d.key_class == "sealed" and not d.recipients:
        raise InputError(
            "key_class sealed without recipients, expected at least one",
            hint='recipients = { regulator = "hwr1…" }, or key_class = "committed"',
        )
    if d.key_class != "sealed" and d.recipients:
        raise InputError(f"recipients of a {d.key_class} key, expected key_class sealed")


def _signed(
    signer: Signer,
    body: Mapping[str, Any],
    subject: str,
    vectors: Vectors | None,
    envelope: Envelope | None,
) -> EntryFile:
    known = {name: value for name, value in body.items() if value is not None}
    scheme = scheme_of(known, str(known["name"]))
    check_body(scheme, subject, str(known["name"]))
    return sign_entry(signer, scheme, vectors, envelope)


def _load_tokenizer(path: Path, vocab_size: int) -> "Tokenizer":
    from ledger.watermarks.tokenization.load import load

    found = load(path)
    if found.vocab_size > vocab_size:
        raise InputError(
            f"{printable(path)}: ids up to {found.vocab_size - 1}, but vocab_size is {vocab_size}",
            hint="vocab_size is the width of the model's logits, often more than the tokenizer's",
        )
    return found


def _load(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"{printable(path)}: {(error.strerror or str(error)).lower()}") from error
    if len(raw) > _LARGEST:
        raise MalformedError(path, None, f"over {_LARGEST} bytes, expected a short description")
    for number, line in enumerate(raw.split(b"\n"), 1):
        if len(line) > _LONGEST:
            raise MalformedError(path, number, f"a line of {len(line)} bytes, expected {_LONGEST}")
    try:
        text = raw.decode()
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line_number = raw.count(b"\n", 0, error.start) + 1
        raise MalformedError(path, line_number, "invalid UTF-8, expected TOML") from None
    except RecursionError:
        raise MalformedError(path, None, "nested too deeply") from None
    except (tomllib.TOMLDecodeError, ValueError) as error:
        # what the parser says may quote what it read, and so perhaps a key
        place = re.search(r"\(at line ([0-9]+), column [0-9]+\)", str(error))
        line_of = int(place[1]) if place else None
        hint = "headwater watermark register --help shows a description"
        raise MalformedError(path, line_of, "not TOML", hint=hint) from None


def _line_of(text: str, key: str) -> int | None:
    pattern = re.compile(rf"\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[=\].]")
    lines = enumerate(text.split("\n"), 1)
    return next((number for number, line in lines if pattern.match(line)), None)


def _moment(value: object) -> int | None:
    """Unix time of a date (its first second, UTC), of a time with an offset, or of a number."""
    if type(value) is int:
        return value
    if isinstance(value, datetime):
        return None if value.tzinfo is None else int(value.timestamp() // 1)
    if isinstance(value, date):
        return int(datetime.combine(value, time(), UTC).timestamp())
    return None


def _tokenizer(value: object, path: Path) -> Path | tuple[str, str] | None:
    if isinstance(value, str) and value and "\0" not in value:
        return path.parent / value
    if isinstance(value, dict) and set(value) == set(_DIGESTS):
        definition, behaviour = (value[name] for name in _DIGESTS)
        if isinstance(definition, str) and isinstance(behaviour, str):
            return definition, behaviour
    return None
