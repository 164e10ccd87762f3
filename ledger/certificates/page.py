"""certificate.html: one self-contained page for people, rendered from the statement alone.

No script, no outside resource. Every text of the statement is escaped where it enters. The page
is for reading; certificate.json is what is signed, and it holds this page's digest.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from ledger.certificates.markup import PATTERNS, moment, text, words
from ledger.certificates.sections import SHAPE_ERRORS, Section, Subject, covering
from ledger.certificates.statement import MANIFEST
from ledger.errors import VerificationError, printable
from ledger.provenance.trust import key_label, trust_line

if TYPE_CHECKING:
    from ledger.certificates.statement import Statement

__all__ = ["PAGE_VERSION", "render_page"]

PAGE_VERSION = 5  # of what this module and the sections print; a change of theirs is a new version

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_GLOSSARY = (
    ("Document", "One text, known by the SHA-256 of its exact bytes."),
    ("Dataset", "A named and versioned collection of documents."),
    ("Manifest", "A signed selection of documents from datasets, for one training run."),
    ("Ledger", "A list of recorded statements that can grow but cannot be changed unnoticed."),
    ("Entry", "One line of the ledger: somebody says something about a document, file or dataset."),
    ("Checkpoint", "The ledger's signed state at one size: a fingerprint of all entries so far."),
    ("Content root", "One fingerprint of the whole set of documents: any other set has another."),
    (
        "Stratum",
        "Documents of a manifest that are alike in what it divides by, such as language.",
    ),
    ("Policy", "The published rules that turn recorded statements into labels, first match wins."),
    (
        "Basis",
        "What a label rests on: a signature, a declaration, a watermark, a date, or nothing.",
    ),
    ("Evidence level", "How strong the proof of age is: E5 the strongest, E0 a guess."),
    ("Cut-off", "The day before which a dated text is taken to be older than public chatbots."),
    ("Verifier key", "The public half of a signing key; with it anyone can check a signature."),
)


def render_page(statement: "Statement", sections: Sequence[Section], where: str) -> bytes:
    """The page. Reads everything of the statement but `page`, which digests what this returns.

    Raises VerificationError naming `where` if a section's numbers have not the section's shape, or
    it has no place there.
    """
    parts = []
    kind: Subject = "dataset" if statement.manifest is None else "manifest"
    for section in sections:
        if section.name not in statement.composition:
            continue
        if not covering([section], kind):
            raise VerificationError(
                f"{where}: composition.{section.name} has no place in a certificate of a {kind}"
            )
        try:
            body = section.render(statement.composition[section.name], statement)
        except SHAPE_ERRORS as error:
            raise VerificationError(
                f"{where}: composition.{section.name} has not its section's shape: "
                f"{printable(error)}"
            ) from error
        parts.append(f"<section><h2>{words(section.title)}</h2>\n{body}</section>\n")
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    title = words(f"Composition certificate: {statement.shown}")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{PATTERNS}\n"
        f"{_head(statement)}<main>\n{''.join(parts)}</main>\n{_rules(statement)}"
        f"{_check(statement)}{_glossary()}{_foot(statement)}</body>\n</html>\n"
    ).encode()


def _head(statement: "Statement") -> str:
    policy, head = statement.policy, statement.head
    facts = (
        _about(statement),
        ("Issued by", text(statement.issuer)),
        ("Issued at", f"{moment(statement.issued_at)}, by the issuer's own clock"),
        ("As of", f"the first {head.size:,} entries of the ledger {text(head.log_name)}"),
        ("Policy", f"{text(policy['name'])}@{text(policy['version'])}: {words(policy['title'])}"),
        ("Cut-off date", text(policy["cutoff"])),
        ("Content root", f"<code>{statement.content_root.hex()}</code>"),
    )
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>\n" for name, value in facts)
    title, *rest = statement.limits
    heading, comma, sentence = title.partition(", ")
    limits = "".join(f"<p>{words(line)}</p>" for line in rest)
    return (
        f'<header>\n<p class="over">Headwater</p>\n<h1>{words(heading)}{comma}'
        f'<span>{words(sentence)}</span></h1>\n<dl class="meta">{rows}</dl>\n'
        f'<aside class="limits" aria-label="Limits of this certificate">{limits}</aside>\n'
        "</header>\n"
    )


def _about(statement: "Statement") -> tuple[str, str]:
    if statement.manifest is None:
        return "Dataset", text(statement.subject)
    return "Manifest", text(statement.subject.removeprefix(MANIFEST))


def _rules(statement: "Statement") -> str:
    policy = statement.policy
    rows = "".join(
        f'<tr><th scope="row">{words(rule["number"])}</th><td>{words(rule["words"])}</td>'
        f'<td>{words(rule["shown"])}, <span class="unknown">{words(rule["why"])}</span></td>'
        "</tr>\n"
        for rule in policy["rules"]
    )
    return (
        "<section><h2>How labels were decided</h2>\n<p>The rules are tried in this order for each "
        "document; the first that applies decides. "
        f"The policy's own bytes have the digest <code>{words(policy['digest'])}</code>.</p>\n"
        '<table class="rules"><caption>Rules of the policy</caption><thead><tr>'
        '<th scope="col">Rule</th><th scope="col">If</th><th scope="col">Then</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></section>\n"
    )


def _check(statement: "Statement") -> str:
    lines = [
        "pip install headwater",
        *(trust_line(vkey, "statement") for vkey in statement.statement_vkeys),
        *(trust_line(vkey, "log") for vkey in statement.log_vkeys),
        "headwater verify FOLDER",
    ]
    commands = "\n".join(words(line) for line in lines)
    return (
        "<section><h2>How to check it</h2>\n<p>This page is for reading. What is signed is "
        "<code>certificate.json</code> in the same folder, which also holds this page's digest. "
        "Compare the keys below with those the issuer gave you in another way: by telephone, on "
        "paper, on its own site. Then put this folder's name for FOLDER:</p>\n"
        f"<pre>{commands}</pre>\n<ol>"
        "<li>Level 1: the signature is the issuer's, and this page is the one it signed.</li>"
        "<li>Level 2: the statement was recorded in the ledger, by the files "
        "<code>entry.json</code> and <code>certificate.tlog-proof</code>.</li>"
        "<li>Level 3, with a copy of the ledger "
        "(<code>headwater --ledger PATH verify FOLDER</code>): every number here is computed "
        "again from its entries.</li></ol></section>\n"
    )


def _glossary() -> str:
    rows = "".join(f"<dt>{name}</dt><dd>{meaning}</dd>\n" for name, meaning in _GLOSSARY)
    return f'<section><h2>Words</h2>\n<dl class="glossary">{rows}</dl></section>\n'


def _foot(statement: "Statement") -> str:
    keys = ", ".join(text(key_label(vkey)) for vkey in statement.statement_vkeys)
    return f"<footer>Signing key: {keys}. Whether the claims are true is not checked.</footer>\n"
