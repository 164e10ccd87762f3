"""What the figures were measured on, and that both sides hash with the same code."""

import hashlib
import os
import platform
import sqlite3
import ssl
from importlib import import_module
from importlib.metadata import version

__all__ = ["describe_machine", "refuse_slow_hashing"]


def describe_machine() -> str:
    """One line: processor, cores, versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores; "
        f"{platform.python_implementation()} {platform.python_version()}; "
        f"SQLite {sqlite3.sqlite_version}; {ssl.OPENSSL_VERSION}; "
        f"pymerkle {version('pymerkle')}, datasets {version('datasets')}"
    )


def refuse_slow_hashing() -> None:
    """Raises RuntimeError unless SHA-256 is OpenSSL's here and in the peer.

    The interpreter's own SHA-256 is three to four times slower on an entry, which would turn
    every ratio into one of hash functions.
    """
    openssl = import_module("_hashlib").openssl_sha256
    used = import_module("pymerkle.hasher").HASH_FUNCTIONS["sha256"]
    if hashlib.sha256 is not openssl or used is not openssl:
        raise RuntimeError(f"{hashlib.sha256} and {used} hash here, expected OpenSSL's SHA-256")
