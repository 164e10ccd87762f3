"""DATA OUT: a signed selection of documents for one training run, in controlled ratios.

`mix` says what is asked for, `allocation` how much each stratum gives, `sampling` which documents
those are, `order` in which batches they come, `formats` how trainers read them.
"""
