"""scan: one run of a detector over a dataset. Subject: {dataset, name, version}."""

from typing import Annotated

from pydantic import Field, StringConstraints

from ledger.claims.fields import Body, Count, DatasetName, Digest, Short

__all__ = ["Scan", "ScannedMark"]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]


class ScannedMark(Body):
    """What was found of one mark. Counts are of distinct documents.

    `undecidable` were too short to reach α at all; `least` is the count of units that can. `pooled`
    is -log10 p of the whole corpus as one text, in thousandths, for a public key; for another the
    largest of 5000, 6000, 9000 and 12000 that it reaches. `calibration` is the claim of the
    false-alarm record that stood when it was run.
    """

    mark: Digest
    state: Digest
    detected: Count
    undecidable: Count
    least: Count
    fdr: Count  # documents that e-BH over all documents and marks keeps at its level
    pooled_milli: Count
    calibration: Digest | None = None


class Scan(Body):
    """`content_root` is that of the documents, `results` that of the rows the run left.

    `parameters` digests what determined them; `alpha_milli` is α per document, before it is divided
    by the number of marks; `fdr_milli` the level of e-BH. `unicode` counts documents by kind of
    Unicode mark. `weights` and `calibration` are those of a classifier's run.
    """

    dataset: DatasetName
    content_root: Digest
    scan: Short
    version: Short
    parameters: Digest
    results: Digest
    documents: Count
    tokens: Count
    alpha_milli: Count
    fdr_milli: Count
    outcomes: dict[Name, Count]
    marks: Annotated[list[ScannedMark], Field(max_length=40)]
    unicode: dict[Name, Count]
    weights: Digest | None = None
    calibration: Digest | None = None
