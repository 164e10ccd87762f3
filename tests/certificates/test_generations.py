"""The generations of a dataset's documents, as a certificate has them: lower bounds."""

from pathlib import Path
from typing import Any

import pytest

from ledger.certificates.sections import SHAPE_ERRORS
from ledger.certificates.sections.generations import SECTION
from ledger.claims import Authorship, Model
from ledger.log.canonical import subject_of
from ledger.log.record import Claim
from tests.certificates.ledgers import authorship, corpus, digest, make
from tests.certificates.test_composition import composition, documents


def model(version: str, **rest: Any) -> Claim:
    body = Model.model_validate({"name": "m", "version": version, **rest})
    return Claim("model", subject_of("model", "m", version), body)


def written(text: str, by: str) -> Claim:
    return Claim("authorship", digest(text), Authorship(assistance="A4", model=by))


def rendered(found: dict[str, Any]) -> str:
    return SECTION.render(found, None)  # type: ignore[arg-type]


def test_each_document_counts_once_by_the_least_that_is_known(tmp_path: Path) -> None:
    late = model("2", trained_on=[{"documents": 1, "generation": 2}], aliases=["m-latest"])
    claims = [*corpus(), late, written("text 0", "m-latest"), written("text 3", "m@9")]
    found, _ = composition(make(tmp_path, claims))
    # text 1 and 4 are dated by another dataset; text 2 and 3 are AI's, of no registered model
    assert documents(found["generations"]["rows"], "generation") == {0: 2, 1: 2, 3: 1, None: 2}
    page = rendered(found["generations"])
    assert "at least 42.8 % is generation 1 or later; at least 14.2 % is generation 2" in page
    assert "<b>3</b> or later" in page
    assert "unknown" in page


def test_nothing_is_said_of_later_generations_where_none_is_known(tmp_path: Path) -> None:
    claims = [claim for claim in corpus() if claim.kind != "authorship"]
    found, _ = composition(make(tmp_path, [*claims, authorship("text 0", "A0")]))
    assert documents(found["generations"]["rows"], "generation") == {0: 2, None: 5}
    assert "or later;" not in rendered(found["generations"])
    assert "at least" not in rendered(found["generations"]).replace("least generation", "")


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [{"generation": "<b>1</b>"}],
        [{"generation": -1, "documents": 1}],
        [{"generation": 5_000, "documents": 1, "documents_ppm": 1, "bytes": 1, "occurrences": 1}],
        [{"generation": 1}],
    ],
)
def test_a_strangers_numbers_are_refused(rows: Any) -> None:
    with pytest.raises(SHAPE_ERRORS):
        rendered({"rows": rows})


def test_a_shown_number_is_the_certified_one(tmp_path: Path) -> None:
    found, _ = composition(make(tmp_path, [*corpus(), written("text 0", "m@1"), model("1")]))
    other = {"rows": [dict(row) for row in found["generations"]["rows"]]}
    other["rows"][-1]["documents"] += 1
    assert rendered(other) != rendered(found["generations"])
