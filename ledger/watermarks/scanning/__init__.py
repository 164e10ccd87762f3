"""Marks looked for in texts: one file, a dataset, a sealed reserve, a file of vectors."""
