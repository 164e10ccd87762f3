"""overlap: one set of documents was compared with another. Subject: {dataset, name, version}."""

from ledger.claims.fields import Body, Count, DatasetName, Digest, Short

__all__ = ["Overlap"]


class Overlap(Body):
    """Distinct documents of `dataset`, by their closest match in `against`; J is exact Jaccard.

    exact ≤ normalised ≤ near_80 (J ≥ 0.8) ≤ near_50 (J ≥ 0.5): each counts the ones before it.
    `contained`: at least 0.8 of the word 5-grams of one lie in the other (which has ten or more, so
    that no short phrase counts), and it is not in near_80. `novel`: J < 0.2 with every document.
    """

    dataset: DatasetName
    content_root: Digest
    against: Short  # name@version of a dataset, or reserve:NAME@VERSION
    against_root: Digest
    method: Short
    documents: Count
    against_documents: Count
    exact: Count
    normalised: Count
    near_80: Count
    near_50: Count
    contained: Count
    novel: Count
    pairs: Digest | None = None  # the matches, Parquet, an attachment in the vault
