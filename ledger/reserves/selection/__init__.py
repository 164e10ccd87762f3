"""Who is in a reserve, by which evidence, and why the others are not."""
