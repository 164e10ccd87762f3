"""Tags in git repositories: hooks, notes and trailers. Runs git; the forms are in conventions."""
