"""headwater audit: one file a command."""
