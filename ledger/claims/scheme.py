"""scheme: a registered mark, as its provider says it stands. Subject: {scheme, name, version}.

Every claim is a whole state; a later one by the same provider takes its place: a correction, a
retirement, a revocation. A rotation is a new version that says whose place it takes.
"""

from typing import Annotated, Literal

from pydantic import StringConstraints

from ledger.claims.fields import Body, Count, Digest, Seconds, Short

__all__ = ["KeyClass", "Scheme"]

KeyClass = Literal["public", "committed", "sealed", "remote"]
Name = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9._-]{1,99}){0,3}$")
]
Parameter = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
Material = Annotated[
    str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Vkey = Annotated[
    str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Scheme(Body):
    """`algorithm` is family/variant@version of the catalogue; `parameters` are canonical, no key.

    `key` and `key_fingerprint` stand in the clear for a public key alone; the others give
    `key_commitment`, and `endpoint` where only the provider can detect. `tokenizer` digests a
    tokenizer's definition, `tokenizer_behaviour` what it does with a fixed text. `vectors` digests
    the texts with which anybody who has the key can prove that a decoder is right.
    `forgeable_from` says since when others could have made the mark; `replaces` is the subject of
    the mark that this one takes over from, `supersedes` the claim whose place this one takes.
    """

    name: Name
    version: Short
    provider: Short
    provider_key: Vkey
    algorithm: Short
    parameters: dict[Parameter, Short]
    vocab_size: Count
    key_class: KeyClass
    status: Literal["active", "retired", "revoked"]
    issued_at: Seconds
    tokenizer: Digest | None = None
    tokenizer_behaviour: Digest | None = None
    model: Short | None = None
    key: dict[Parameter, Material] | None = None
    key_fingerprint: Digest | None = None
    key_commitment: Digest | None = None
    endpoint: Short | None = None
    vectors: Digest | None = None
    not_before: Seconds | None = None
    not_after: Seconds | None = None
    forgeable_from: Seconds | None = None
    because: Short | None = None
    replaces: Digest | None = None
    supersedes: Digest | None = None
