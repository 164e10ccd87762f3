"""People's decisions: what is asked, of whom, and how far they agree."""
