"""What a manifest is asked to be: strata, target, bounds and seed, as one TOML file says it."""
