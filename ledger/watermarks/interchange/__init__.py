"""Registered marks in the forms of others: generation configs, the C2PA list, signed bundles."""
