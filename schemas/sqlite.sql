-- The SQL of a ledger in SQLite, one statement a line. Generated; a test compares it with a new ledger.
-- Authority tables, projection tables and their indexes.
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE attributes (id INTEGER NOT NULL, members INTEGER NOT NULL, channel TEXT, content_type TEXT, language TEXT, license TEXT, topic TEXT, PRIMARY KEY (id)) STRICT;
CREATE TABLE batch (number INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, link BLOB NOT NULL, PRIMARY KEY (number)) STRICT;
CREATE TABLE bundle (idx INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (idx)) STRICT;
CREATE TABLE checkpoint (size INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (size)) STRICT;
CREATE TABLE cosignature (size INTEGER NOT NULL, name TEXT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (size, name), FOREIGN KEY (size) REFERENCES checkpoint (size)) STRICT;
CREATE TABLE dataset (id INTEGER NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, declared INTEGER, PRIMARY KEY (id)) STRICT;
CREATE TABLE entry (idx INTEGER NOT NULL, kind TEXT NOT NULL, subject BLOB NOT NULL, PRIMARY KEY (idx)) STRICT;
CREATE INDEX entry_kind ON entry (kind) WHERE kind <> 'origin';
CREATE TABLE fact (document INTEGER NOT NULL, profile INTEGER NOT NULL, PRIMARY KEY (document)) STRICT;
CREATE TABLE file (digest BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (digest)) STRICT;
CREATE TABLE member (dataset INTEGER NOT NULL, document INTEGER NOT NULL, occurrences INTEGER NOT NULL, bytes INTEGER NOT NULL, collected_at INTEGER, attributes INTEGER NOT NULL, site TEXT, PRIMARY KEY (dataset, document)) WITHOUT ROWID, STRICT;
CREATE TABLE profile (id INTEGER NOT NULL, documents INTEGER NOT NULL, flags INTEGER NOT NULL, ai_ppm INTEGER, marked_milli INTEGER, marked_public_milli INTEGER, generation INTEGER, checked_e0 INTEGER, checked_e1 INTEGER, checked_e2 INTEGER, checked_e3 INTEGER, checked_e4 INTEGER, checked_e5 INTEGER, asserted_e0 INTEGER, asserted_e1 INTEGER, asserted_e2 INTEGER, asserted_e3 INTEGER, asserted_e4 INTEGER, asserted_e5 INTEGER, PRIMARY KEY (id)) STRICT;
CREATE TABLE projection (name TEXT NOT NULL, schema_digest TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (name)) STRICT;
CREATE TABLE run (level INTEGER NOT NULL, number INTEGER NOT NULL, page INTEGER NOT NULL, first BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (level, number, page)) STRICT;
CREATE TABLE tail (idx INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (idx)) STRICT;
CREATE TABLE tile (level INTEGER NOT NULL, idx INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT;
-- Guards: append-only triggers.
CREATE TRIGGER guard_batch_delete BEFORE DELETE ON batch BEGIN SELECT RAISE(ABORT, 'batch is append-only'); END;
CREATE TRIGGER guard_batch_replace BEFORE INSERT ON batch WHEN EXISTS (SELECT 1 FROM batch WHERE number = NEW.number) BEGIN SELECT RAISE(ABORT, 'batch is append-only'); END;
CREATE TRIGGER guard_batch_update BEFORE UPDATE ON batch BEGIN SELECT RAISE(ABORT, 'batch is append-only'); END;
CREATE TRIGGER guard_bundle_delete BEFORE DELETE ON bundle BEGIN SELECT RAISE(ABORT, 'bundle is append-only'); END;
CREATE TRIGGER guard_bundle_replace BEFORE INSERT ON bundle WHEN EXISTS (SELECT 1 FROM bundle WHERE idx = NEW.idx) BEGIN SELECT RAISE(ABORT, 'bundle is append-only'); END;
CREATE TRIGGER guard_bundle_update BEFORE UPDATE ON bundle BEGIN SELECT RAISE(ABORT, 'bundle is append-only'); END;
CREATE TRIGGER guard_checkpoint_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER guard_checkpoint_replace BEFORE INSERT ON checkpoint WHEN EXISTS (SELECT 1 FROM checkpoint WHERE size = NEW.size) BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER guard_checkpoint_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER guard_cosignature_delete BEFORE DELETE ON cosignature BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
CREATE TRIGGER guard_cosignature_replace BEFORE INSERT ON cosignature WHEN EXISTS (SELECT 1 FROM cosignature WHERE size = NEW.size AND name = NEW.name) BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
CREATE TRIGGER guard_cosignature_update BEFORE UPDATE ON cosignature BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
CREATE TRIGGER guard_tail_delete BEFORE DELETE ON tail WHEN NOT EXISTS (SELECT 1 FROM bundle WHERE idx = OLD.idx / 256) BEGIN SELECT RAISE(ABORT, 'tail is append-only'); END;
CREATE TRIGGER guard_tail_replace BEFORE INSERT ON tail WHEN EXISTS (SELECT 1 FROM tail WHERE idx = NEW.idx) BEGIN SELECT RAISE(ABORT, 'tail is append-only'); END;
CREATE TRIGGER guard_tail_update BEFORE UPDATE ON tail BEGIN SELECT RAISE(ABORT, 'tail is append-only'); END;
CREATE TRIGGER guard_tile_delete BEFORE DELETE ON tile BEGIN SELECT RAISE(ABORT, 'tile is append-only'); END;
CREATE TRIGGER guard_tile_replace BEFORE INSERT ON tile WHEN EXISTS (SELECT 1 FROM tile WHERE level = NEW.level AND idx = NEW.idx) BEGIN SELECT RAISE(ABORT, 'tile is append-only'); END;
CREATE TRIGGER guard_tile_update BEFORE UPDATE ON tile BEGIN SELECT RAISE(ABORT, 'tile is append-only'); END;
