"""Every scheme of the catalogue can be described, registered, verified and opened again."""

from pathlib import Path

import pytest

from ledger.watermarks.registry.describe import MarkDescription, describe
from ledger.watermarks.registry.entry import format_entry_file, parse_entry_file
from ledger.watermarks.registry.register import admit
from ledger.watermarks.registry.states import marks, open_marks
from ledger.watermarks.registry.vectors import make_vectors, reproduce
from tests.log.making import assert_whole
from tests.watermarks.conformance.examples import EXAMPLES
from tests.watermarks.registry.making import AT, PROVIDER, TOKENIZER, ledger_of

BLINDING = bytes(range(32))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_wrong_key_never_reproduces_the_vectors(example) -> None:
    vectors = make_vectors(example.mark(1), BLINDING)
    assert all(reproduce(example.mark(1), vectors, BLINDING).agree)
    assert not any(reproduce(example.mark(2), vectors, BLINDING).agree)


@pytest.mark.parametrize("key_class", ["public", "committed"])
def test_all_of_them_stand_in_one_ledger(tmp_path: Path, key_class: str) -> None:
    ledger = ledger_of(tmp_path)
    with ledger.open(write=True) as log:
        made = []
        for number, example in enumerate(EXAMPLES):
            known = example.known(1)
            description = MarkDescription(
                name=f"mark-{number}",
                version="1",
                provider=PROVIDER,
                algorithm=known.algorithm,
                vocab_size=50_257,
                key_class=key_class,
                parameters=known.parameters,
                key=known.key,
                tokenizer=(TOKENIZER["definition"], TOKENIZER["behaviour"]),
            )
            done = describe(description, log.keys, now=AT)
            again = parse_entry_file(format_entry_file(done.file), "file")
            made.append((again, done.envelope))
        admit(log, made)
        states = marks(log)
        assert [state.unverified for state in states] == [None] * len(EXAMPLES)
        opened = {one.state.name: one for one in open_marks(log)}
        for number, example in enumerate(EXAMPLES):
            assert opened[f"mark-{number}"].mark.scheme == example.known(1).algorithm
            assert opened[f"mark-{number}"].key == example.known(1).key
        rng = [state for state in states if "rng" in state.parameters]
        assert rng and all(
            any(warning.startswith("cpu-generator:") for warning in state.warnings) for state in rng
        )
    assert_whole(ledger)
