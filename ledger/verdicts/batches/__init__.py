"""Batches in the order of training, beside known human text: tests, bands, charts."""
