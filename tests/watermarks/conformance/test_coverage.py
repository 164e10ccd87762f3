"""What the suite itself must not forget, and what importing the schemes must not cost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import InputError, UnknownNameError
from ledger.watermarks.schemes import Family, families, parse_algorithm, recognise
from tests.vectors import watermarks as vectors
from tests.watermarks.conformance.examples import EXAMPLES, VOCABULARY

HEAVY = {"llvmlite", "numba", "scipy", "torch", "transformers", "tokenizers", "pyarrow"}


def test_a_variant_is_not_tested() -> None:
    found = {(known.family.name, known.variant) for known in (e.known() for e in EXAMPLES)}
    wanted = {(name, variant) for name, family in families().items() for variant in family.variants}
    assert found == wanted, "every variant has an example in examples.py"
    names = [example.name for example in EXAMPLES]
    assert len(names) == len(set(names))


def test_a_family_is_named_otherwise_than_its_file() -> None:
    for name, family in families().items():
        assert family.name == name
        assert type(family.version) is int and family.version >= 1
        assert len(set(family.variants)) == len(family.variants) > 0


def test_a_spelling_is_read_by_nobody() -> None:
    """What `evaluate` calls unknown is what no family lists, so the lists must be the families'."""
    for family in families().values():
        for spelling in family.spellings:
            assert spelling == spelling.lower()
            assert any(_reads(family, spelling, method) for method in ("", "openai", "maryland"))


def _reads(family: Family, spelling: str, method: str) -> bool:
    try:
        return family.recognise(spelling, {"method": method}, VOCABULARY) is not None
    except InputError:  # it knows the scheme, and lacks a parameter
        return True


def test_importing_the_schemes_loads_a_compiler(root: Path) -> None:
    code = (
        "import json, sys\n"
        "from ledger.watermarks.schemes import families\n"
        "families()\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout))
    assert "numpy" in loaded
    assert not loaded & HEAVY


def test_the_vectors_hold_an_example_that_is_gone() -> None:
    stored = json.loads(vectors.FILE.read_text())
    assert set(stored["marks"]) == {example.name for example in EXAMPLES}
    assert stored["vocab_size"] == VOCABULARY


@pytest.mark.parametrize(
    "text",
    ["", "kgw", "kgw/lefthash", "kgw/lefthash@0", "kgw/lefthash@01", "kgw/lefthash@1\n", "KGW/x@1"],
)
def test_a_scheme_that_is_none_is_found(text: str) -> None:
    with pytest.raises(UnknownNameError):
        parse_algorithm(text)


def test_a_decoder_of_another_version_is_taken_for_ours() -> None:
    with pytest.raises(InputError, match="version"):
        parse_algorithm("kgw/lefthash@9999")


@pytest.mark.parametrize("scheme", ["", "none", "kgw-", "synthid", "unicode/zero-width-binary"])
def test_a_scheme_nobody_knows_is_recognised(scheme: str) -> None:
    assert recognise(scheme, {}, VOCABULARY) is None
