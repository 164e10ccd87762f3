"""TEXT IN: files become Arrow tables, tables become digests, digests become claims."""
