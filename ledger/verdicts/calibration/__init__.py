"""Calibration profiles: known human text, scored, kept and found again."""
