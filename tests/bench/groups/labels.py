"""Labelling every document by the default policy: one SQL query, its time and its plan.

Half of the files have checked evidence of a date, recorded first as ingest does, some of it before
the cut-off; some documents have authorship claims. So several rules decide.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from ledger.claims import Authorship, Evidence
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.labels import LabelCount, count_labels, explain_plan
from ledger.provenance.policy import Policy, load_policy
from tests.bench.bench import Bench
from tests.bench.corpus import DATASET, Part
from tests.bench.rows import Row, measured, size_words
from tests.bench.systems import Ledger, feed_ledger
from tests.bench.timing import interleave, seconds_of

_OLD, _NEW = 1_600_000_000, 1_740_000_000  # 2020-09-13 and 2025-02-19: around the cut-off
_ABOUT = 200  # documents with a claim of their own


def run(bench: Bench) -> Iterator[Row]:
    size = bench.sizes.large
    fed = bench.parts(size)
    ledger = Ledger(bench.folder())
    feed_ledger(ledger, fed, _dated(fed))
    policy = load_policy()
    with ledger.open(write=True) as log:
        record(log, _declared(fed[0]))
        connection = log.connection
        name, version = DATASET.split("@")
        (dataset,) = connection.execute(
            "SELECT id FROM dataset WHERE name = ? AND version = ?", (name, version)
        ).fetchone()
        for words, which in (("the whole ledger", None), ("one dataset, with bytes", dataset)):
            counts: list[list[LabelCount]] = []

            label = partial(_label, log, policy, which, counts)
            spent = interleave({"ours": label}, bench.sizes.rounds, 60.0)["ours"]
            _check(counts, size)
            said = ", ".join(f"rule {c.rule} {c.basis} {c.documents:,}" for c in counts[0])
            plan = "; ".join(explain_plan(connection, policy, which))
            yield measured(
                f"label {size_words(size)} documents in one query, {words}",
                spent,
                "ms",
                f"{policy.reference}: {said}; plan: {plan}",
            )
    bench.drop(ledger.folder)


def _label(log: Log, policy: Policy, dataset: int | None, counts: list[list[LabelCount]]) -> float:
    """Milliseconds of one query; what it found goes to `counts`."""
    return 1e3 * seconds_of(lambda: counts.append(count_labels(log.connection, policy, dataset)))


def _dated(fed: Sequence[Part]) -> list[Claim]:
    files = list(dict.fromkeys(part.context.file for part in fed))
    return [
        Claim(
            "evidence",
            f"sha256:{file.hex()}",
            Evidence(
                type="registry_release",
                binding="container_member",
                outcome="checked",
                checker="bench@1",
                existed_by=_NEW if place % 2 else _OLD,
            ),
        )
        for place, file in enumerate(files[: (len(files) + 1) // 2])
    ]


def _declared(part: Part) -> list[Claim]:
    digests = part.rows.column("sha256").slice(0, _ABOUT).to_pylist()
    return [
        Claim(
            "authorship",
            f"sha256:{digest.hex()}",
            Authorship(assistance="A3" if place % 2 else "A0"),
        )
        for place, digest in enumerate(digests)
    ]


def _check(counts: Sequence[Sequence[LabelCount]], size: int) -> None:
    for found in counts:
        if sum(count.documents for count in found) != size or len(found) < 2:
            raise RuntimeError(f"{found}: not {size} documents under several rules")
