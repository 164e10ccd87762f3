"""MARKS: a registry of token-level watermarks, and an exact detector for all of them.

`schemes` holds one file per family: from token ids to a value per counted unit. `statistics` turns
values into p-values, `detector` puts both together, `registry` says whose mark a key is, `scanning`
takes datasets and files through it. `unicode_marks` looks at the raw text, before anything else.
"""
