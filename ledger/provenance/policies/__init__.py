"""The label policies that ship: one TOML file each, read by ledger/provenance/policy.py."""
