"""Perplexity under a local causal language model, and the vote that was built on it."""
