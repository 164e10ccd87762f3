"""A dataset asked document by document: map → combine → decide, and the claims."""
