"""evidence: why something existed by a date. Subject: a document, or the file it lies in.

The level E0–E5 is computed from type and outcome when it is read; it is never stored.
"""

from typing import Literal

from ledger.claims.fields import Body, Digest, Seconds, Short

__all__ = ["Evidence"]


class Evidence(Body):
    """`existed_by` is an upper bound in Unix seconds, never a creation date.

    `input` is the file, archive or folder that was looked at where the subject only lies in it;
    whoever checks again starts there.
    """

    type: Short
    binding: Literal["exact_bytes", "container_member", "derived", "url_only"]
    outcome: Literal["checked", "asserted", "failed"]
    checker: Short
    existed_by: Seconds | None = None
    issuer: Short | None = None
    input: Digest | None = None
    proof: Digest | None = None  # what was checked, an attachment in the vault
