"""PUBLISHED: what others build on, in no programming language. Data, read as files."""
