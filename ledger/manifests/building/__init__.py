"""Makes a manifest: who is chosen, what the gates say, the folder, the signature, the entry."""
