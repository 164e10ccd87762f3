"""Scores in; p-values, intervals and alarms out. Pure: no text, no file, no clock.

Every score is a detector's, and higher is more like AI samples. What a number assumes stands where
it is made: mostly that the documents asked about and the calibration's are of one kind.
"""
