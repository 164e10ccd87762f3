"""headwater verdict: one file a command."""
