"""The authority tables: bundle, tail, tile, batch, checkpoint, cosignature."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = {
    "bundle": "idx INTEGER NOT NULL, data {blob} NOT NULL, PRIMARY KEY (idx)",
    "tail": "idx INTEGER NOT NULL, entry {blob} NOT NULL, PRIMARY KEY (idx)",
    "tile": "level INTEGER NOT NULL, idx INTEGER NOT NULL, data {blob} NOT NULL, "
    "PRIMARY KEY (level, idx)",
    "batch": "number INTEGER NOT NULL, size INTEGER NOT NULL, root {blob} NOT NULL, "
    "link {blob} NOT NULL, PRIMARY KEY (number)",
    "checkpoint": "size INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (size)",
    "cosignature": "size INTEGER NOT NULL, name TEXT NOT NULL, line TEXT NOT NULL, "
    "PRIMARY KEY (size, name), FOREIGN KEY (size) REFERENCES checkpoint (size)",
}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name, columns in _TABLES.items():
        blob, options = ("BLOB", " STRICT") if sqlite else ("BYTEA", "")
        op.execute(f"CREATE TABLE {name} ({columns.format(blob=blob)}){options}")


def downgrade() -> None:
    raise NotImplementedError("an append-only log is not downgraded")
