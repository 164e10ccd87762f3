"""DETECTORS: how like AI text a document is, calibrated on text that people are known to have made.

`text` says what is measured of a document and what cannot be; `core` is our own detector, `signals`
and `reference` are named measures beside it, `imported` what vendors said. `statistics` is pure:
scores in, p-values, intervals and alarms out. `calibration`, `scanning`, `contamination` and
`batches` do the work on a ledger's texts; `evaluation` says how good any of it is.
"""
