"""One file per thing measured. Each defines `run(bench)`, which yields rows as they are known."""
