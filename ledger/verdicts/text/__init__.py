"""What a detector may see of a text: its normal form, its words, and whether it is prose."""
