"""THE CELLAR: Alembic owns the authority tables' DDL. Plain SQL; never imports application code."""
