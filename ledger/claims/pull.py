"""pull: a consumer took a manifest for the first time. Subject: the manifest's."""

from ledger.claims.fields import Body, Digest, Short

__all__ = ["Pull"]


class Pull(Body):
    """`manifest` is the statement that was taken; `consumer` what took it, by its own name."""

    manifest: Digest
    consumer: Short
