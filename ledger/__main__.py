"""`python -m ledger` is `headwater`. The front is found by name: no library file imports it."""

from importlib import import_module

if __name__ == "__main__":
    import_module("ledger.cli.main").main()
