"""Which share of a dataset or folder resembles AI text, with an interval."""
