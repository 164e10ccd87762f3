"""calibration: how often a mark was found in text that cannot bear it. Subject: the mark."""

from ledger.claims.fields import Body, Count, Digest, Short

__all__ = ["Calibration"]


class Calibration(Body):
    """A false-alarm record: documents of a sealed reserve whose p was at or below each level.

    `tested` of `documents` were long enough to be decided at 1e-2. `stop_grams` digests the list of
    contexts that recur in human text, an attachment in the vault.
    """

    mark: Digest
    state: Digest
    detector: Short
    reserve: Short  # NAME@VERSION
    reserve_root: Digest
    documents: Count
    tested: Count
    at_2: Count
    at_3: Count
    at_4: Count
    at_5: Count
    at_6: Count
    tokenizer: Digest | None = None
    stop_grams: Digest | None = None
