"""`python -m tests.bench`: runs the groups, prints their rows, writes build/bench.json."""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import mkdtemp

from tests.bench import groups
from tests.bench.bench import FULL, QUICK, Bench
from tests.bench.machine import describe_machine, refuse_slow_hashing
from tests.bench.rows import Row, format_rows
from tests.bench.timing import fsync_probe

BUILD = Path(__file__).parents[2] / "build"


def group_names() -> list[str]:
    """Every group, sorted: the files in groups/."""
    return sorted(module.name for module in iter_modules(groups.__path__))


def output_file(only: Sequence[str], *, quick: bool) -> Path:
    """Where rows go. Only a whole run at full size writes bench.json, so that it is of one run."""
    parts = ["bench", *(["quick"] if quick else []), *sorted(only), "json"]
    return BUILD / ".".join(parts)


def is_short(rows: Sequence[Row]) -> bool:
    return any(row.verdict == "SHORT" for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", default=[], choices=group_names())
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run?")
    parser.add_argument("--gate", action="store_true", help="exit 1 if a promise is not kept")
    chosen = parser.parse_args(arguments)
    if chosen.gate and chosen.quick:
        parser.error("--gate with --quick: promises are about full sizes")
    refuse_slow_hashing()
    BUILD.mkdir(exist_ok=True)
    scratch = Path(mkdtemp(prefix="bench-", dir=BUILD))  # of this run: another may go on beside it
    os.environ["HEADWATER_CONFIG"] = str(scratch / "config")
    try:
        rows = measure(
            chosen.only or group_names(),
            Bench(QUICK if chosen.quick else FULL, scratch),
            output_file(chosen.only, quick=chosen.quick),
        )
    finally:
        shutil.rmtree(scratch)
    if chosen.quick:
        print("quick sizes: promises are about full ones")
    return 1 if chosen.gate and is_short(rows) else 0


def measure(names: Sequence[str], bench: Bench, output: Path) -> list[Row]:
    """Run the groups and print each one's rows; the file is whole after every group."""
    rows: list[Row] = []
    began = time.monotonic()
    print(describe_machine(), flush=True)
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        probe, start = fsync_probe(bench.scratch), time.monotonic()
        found = list(import_module(f"{groups.__name__}.{name}").run(bench))
        rows += found
        output.write_text(json.dumps([row.plain() for row in rows], indent=1) + "\n")
        took = time.monotonic() - start
        print(f"\n{name}: {took:.0f} s; fsync {probe:.2f} ms before it", flush=True)
        print(format_rows(found), flush=True)
    short = sum(row.verdict == "SHORT" for row in rows)
    promised = sum(bool(row.verdict) for row in rows)
    print(f"\n{promised - short} of {promised} promises kept; {time.monotonic() - began:.0f} s")
    print(f"rows: {output}")
    return rows


if __name__ == "__main__":
    sys.exit(main())
