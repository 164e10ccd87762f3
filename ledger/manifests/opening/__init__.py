"""From a folder to a manifest that can be read: who signed it, and whether its parts are its own.

Nothing is decoded before its digest is that of the signed statement. The texts alone are left for
the reading: each is hashed as it is given out.
"""
