"""The C2PA soft-binding algorithm list: entries of ours in its form, and a list compared with ours.

The list (JSON array, schema of c2pa-org/softbinding-algorithm-list) names algorithms: a number,
`alg` (a reversed domain name, then labels), watermark or fingerprint, media types, and words for
people. It holds no key, parameter, tokenizer, signature or time of validity, so an entry taken
from it is no registered mark. A mark is known again by its subject in the description, or by `alg`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ledger.errors import InputError, printable
from ledger.watermarks.interchange.reading import parse_json, read_file
from ledger.watermarks.registry.states import MarkState

__all__ = [
    "Known",
    "SoftBinding",
    "alg_of",
    "compare",
    "format_soft_bindings",
    "load_soft_bindings",
    "parse_soft_bindings",
    "soft_binding_of",
]

_LARGEST_ID: Final = 65_535
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ALG = re.compile(rf"[A-Za-z]{{2,63}}(?:\.{_LABEL})+\.?", re.ASCII)
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z]{{2,63}}", re.ASCII)
_ENCODED = re.compile(r"[a-zA-Z0-9-]+/[a-zA-Z0-9+-]+(?:\.[a-zA-Z0-9+-]+)*", re.ASCII)
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,255}")
_DATE = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:"
    r"(?:[0-5][0-9]|60)(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_SUBJECT = re.compile(r"\bsha256:[0-9a-f]{64}\b", re.ASCII)
_TYPES = ("fingerprint", "watermark")
_MEDIA = ("application", "audio", "image", "model", "text", "video")
_LONGEST_ALG = 1000
_NEEDED = ("alg", "entryMetadata", "identifier", "type")
_WORDS = {"contact": 400, "dateEntered": 60, "description": 20_000, "informationalUrl": 4_000}


@dataclass(frozen=True)
class SoftBinding:
    """An entry of the list. `media` are top-level types, and full ones as `text/plain`."""

    identifier: int
    alg: str
    type: str
    media: tuple[str, ...]
    description: str
    date_entered: str
    contact: str
    url: str
    deprecated: bool = False
    resolvers: tuple[str, ...] = ()

    @property
    def marks_text(self) -> bool:
        """Whether it is a watermark of text."""
        media = {name.partition("/")[0] for name in self.media}
        return self.type == "watermark" and "text" in media


@dataclass(frozen=True)
class Known:
    """An entry of a list and the marks here that it names; `by` is `subject`, `alg` or None."""

    entry: SoftBinding
    marks: tuple[MarkState, ...]
    by: str | None


def alg_of(state: MarkState) -> str:
    """The `alg` of a mark: its provider's domain reversed, then its name and version.

    The domain is the name of the provider's key up to a `/`. What no label may hold becomes `-`.
    Raises InputError for a key without a domain.
    """
    domain = state.provider_key.partition("+")[0].partition("/")[0]
    if _DOMAIN.fullmatch(domain) is None:
        raise InputError(
            f"mark {state.label}: the provider's key {printable(domain, 80)!r} is not named after "
            "a domain, which the list demands",
            hint="headwater key generate marks.example.org --use provider, for the next mark",
        )
    first, _, rest = state.name.partition("/")
    under = f".{domain.lower()}".endswith(f".{first.lower()}") and "." in first
    name = rest if rest and under else state.name
    labels = [*reversed(domain.split(".")), *re.split(r"[/.]", name), *state.version.split(".")]
    alg = ".".join(filter(None, map(_label, labels)))
    if _ALG.fullmatch(alg) is None or len(alg) > _LONGEST_ALG:
        raise InputError(f"mark {state.label}: its name makes no alg that the list takes")
    return alg


def soft_binding_of(
    state: MarkState, *, contact: str, url: str, identifier: int = 0
) -> SoftBinding:
    """A mark in the list's form; C2PA assigns the number when it takes the entry.

    Nothing of a key goes in. A remote mark's endpoint is none that the list knows. Raises
    InputError for a contact that is no mail address or a URL that is no https://…, and as `alg_of`.
    """
    try:
        since = datetime.fromtimestamp(state.states[0].issued_at, UTC)
    except (OverflowError, ValueError, OSError):
        raise InputError(f"mark {state.label}: issued_at is in no calendar's year") from None
    model = f" in text of {state.model}" if state.model else " in text"
    entry = {
        "alg": alg_of(state),
        "decodedMediaTypes": ["text"],
        "entryMetadata": {
            "contact": contact,
            "dateEntered": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": (
                f"Statistical watermark{model}, scheme {state.algorithm}, by {state.provider}. "
                f"Registered as {state.name}@{state.version}, {state.subject}."
            ),
            "informationalUrl": url,
        },
        "identifier": identifier,
        "type": "watermark",
    }
    if not url.startswith("https://"):
        raise InputError(f"informationalUrl: found {printable(url, 80)}, expected https://…")
    if state.status != "active":
        entry["deprecated"] = True
    return _entry(entry, f"mark {state.label}")


def format_soft_bindings(entries: Sequence[SoftBinding]) -> bytes:
    """The list as JSON."""
    return json.dumps([_plain(entry) for entry in entries], indent=4).encode() + b"\n"


def load_soft_bindings(path: Path) -> tuple[SoftBinding, ...]:
    """Read a list. Raises as `read_file` and `parse_soft_bindings`."""
    where = printable(path)
    return parse_soft_bindings(parse_json(read_file(path), where), where)


def parse_soft_bindings(document: Any, where: str) -> tuple[SoftBinding, ...]:
    """The entries of a parsed list. Members that the schema does not name are read past.

    Raises InputError, naming the entry and its member, for what the schema does not allow, and
    for a number or an `alg` that stands twice.
    """
    if not isinstance(document, list):
        raise InputError(f"{where}: expected an array of soft-binding algorithms")
    if len(document) > _LARGEST_ID + 1:
        raise InputError(f"{where}: {len(document):,} entries, expected at most 65,536")
    entries = [_entry(item, f"{where}: entry {number}") for number, item in enumerate(document, 1)]
    for name in ("identifier", "alg"):
        seen: dict[Any, int] = {}
        for number, entry in enumerate(entries, 1):
            value = getattr(entry, name)
            if value in seen and not (name == "identifier" and value == 0):
                raise InputError(
                    f"{where}: entry {number}: {name} {printable(value, 80)} "
                    f"is that of entry {seen[value]} too"
                )
            seen[value] = number
    return tuple(entries)


def compare(entries: Sequence[SoftBinding], marks: Sequence[MarkState]) -> list[Known]:
    """Which marks here each entry of a list names."""
    subjects = {state.subject: state for state in marks}
    algs: dict[str, list[MarkState]] = {}
    for state in marks:
        try:
            algs.setdefault(alg_of(state), []).append(state)
        except InputError:
            continue  # a mark that no list can name
    found = []
    for entry in entries:
        said = dict.fromkeys(_SUBJECT.findall(entry.description))
        named = [subjects[subject] for subject in said if subject in subjects]
        same = algs.get(entry.alg.removesuffix("."), [])
        by = "subject" if named else "alg" if same else None
        found.append(Known(entry, tuple(named or same), by))
    return found


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", text).strip("-")


def _entry(item: Any, where: str) -> SoftBinding:
    if not isinstance(item, dict):
        raise InputError(f"{where}: expected an object")
    for name in _NEEDED:
        if name not in item:
            raise InputError(f"{where}: no {name}")
    identifier, alg, kind = item["identifier"], item["alg"], item["type"]
    if type(identifier) is not int or not 0 <= identifier <= _LARGEST_ID:
        raise InputError(f"{where}: identifier: expected a whole number from 0 to {_LARGEST_ID}")
    if not isinstance(alg, str) or len(alg) > _LONGEST_ALG or _ALG.fullmatch(alg) is None:
        raise InputError(
            f"{where}: alg: expected a reversed domain name and labels, as com.example.alg1"
        )
    if kind not in _TYPES:
        raise InputError(f"{where}: type: expected {' or '.join(_TYPES)}")
    deprecated = item.get("deprecated", False)
    if not isinstance(deprecated, bool):
        raise InputError(f"{where}: deprecated: expected true or false")
    words = _words(item["entryMetadata"], where)
    return SoftBinding(
        identifier=identifier,
        alg=alg,
        type=kind,
        media=_media(item, where),
        description=words["description"],
        date_entered=words["dateEntered"],
        contact=words["contact"],
        url=words["informationalUrl"],
        deprecated=deprecated,
        resolvers=tuple(_texts(item, "softBindingResolutionApis", where, 4_000)),
    )


def _words(metadata: Any, where: str) -> Mapping[str, str]:
    if not isinstance(metadata, dict):
        raise InputError(f"{where}: entryMetadata: expected an object")
    for name, longest in _WORDS.items():
        text = metadata.get(name)
        if not isinstance(text, str) or len(text) > longest:
            raise InputError(
                f"{where}: entryMetadata.{name}: expected a text of at most {longest:,} characters"
            )
    if _DATE.fullmatch(metadata["dateEntered"]) is None:
        raise InputError(f"{where}: entryMetadata.dateEntered: expected 2026-01-31T12:00:00Z")
    if _EMAIL.fullmatch(metadata["contact"]) is None:
        raise InputError(f"{where}: entryMetadata.contact: expected a mail address")
    return {name: metadata[name] for name in _WORDS}


def _media(item: Mapping[str, Any], where: str) -> tuple[str, ...]:
    decoded = _texts(item, "decodedMediaTypes", where, 40)
    encoded = _texts(item, "encodedMediaTypes", where, 200)
    if any(name not in _MEDIA for name in decoded):
        raise InputError(f"{where}: decodedMediaTypes: expected some of {', '.join(_MEDIA)}")
    if any(_ENCODED.fullmatch(name) is None for name in encoded):
        raise InputError(f"{where}: encodedMediaTypes: expected media types as text/plain")
    if not decoded and not encoded:
        raise InputError(f"{where}: neither decodedMediaTypes nor encodedMediaTypes")
    return tuple(dict.fromkeys([*decoded, *encoded]))


def _texts(item: Mapping[str, Any], name: str, where: str, longest: int) -> list[str]:
    values = item.get(name, [])
    if (
        not isinstance(values, list)
        or len(values) > 1_000
        or not all(isinstance(value, str) and len(value) <= longest for value in values)
    ):
        raise InputError(f"{where}: {name}: expected an array of texts")
    return values


def _plain(entry: SoftBinding) -> dict[str, Any]:
    plain: dict[str, Any] = {"identifier": entry.identifier}
    if entry.deprecated:
        plain["deprecated"] = True
    plain |= {"alg": entry.alg, "type": entry.type}
    decoded = [name for name in entry.media if "/" not in name]
    encoded = [name for name in entry.media if "/" in name]
    if decoded:
        plain["decodedMediaTypes"] = decoded
    if encoded:
        plain["encodedMediaTypes"] = encoded
    plain["entryMetadata"] = {
        "description": entry.description,
        "dateEntered": entry.date_entered,
        "contact": entry.contact,
        "informationalUrl": entry.url,
    }
    if entry.resolvers:
        plain["softBindingResolutionApis"] = list(entry.resolvers)
    return plain
