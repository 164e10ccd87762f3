"""THE LOG: an append-only C2SP transparency log that lives in SQL.

Pure (bytes in, bytes out; no SQL, no files, no clock):
  canonical   claims and entries as bytes           merkle     the RFC 6962 tree and its proofs
  tiles       bundles, tiles, coordinates           frontier   the tree's right edge
  notes       signed notes and verifier keys        checkpoint (log name, size, root) as text
  proofs      tlog-proof files                      chain      the hash chain of batches

Work (SQL, files, the clock):
  log         opens, reads, proves; the only writer of entries
  record      single claims: already recorded, or appended
  store       the authority tables                  vault      secrets, values, attachments
  runs        digest look-up in sorted runs         projection the log's own projection
  decode      stored entries as columns             keys, pins the config folder
  schema      creates and upgrades                  shape      compares with the published schema
  verify      everything at once, out of: walk (authority), rowcheck (projection), vaultcheck
"""
