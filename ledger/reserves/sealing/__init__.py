"""Writes a sealed folder: the content, then the statement, the entry and the receipts."""
