"""Authorship tags: claims about a text or spans of it, from where it is written to a log."""
