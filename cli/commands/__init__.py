"""One file per command. The file's name is the command's; it defines `command`.

A noun (`document list`, `document show`) is a click group named `command`. At the top a file
imports only the standard library, click and `..output`; library imports happen inside functions,
so that `--help` stays quick. A file whose name starts with `_` is no command.
"""
