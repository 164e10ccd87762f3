"""What the server takes and how long it waits. A stranger who knows no token gets to headers."""

from typing import Final

__all__ = [
    "ANSWER_SECONDS",
    "BODIES_BYTES",
    "BODY_BYTES",
    "BODY_SECONDS",
    "CONNECTIONS",
    "HEADER_BYTES",
    "HEADER_SECONDS",
    "IDLE_SECONDS",
    "JOBS",
    "MAX_ANSWER",
    "MAX_COMMITS",
    "MAX_ENTRIES",
    "MAX_KEY",
    "SKELETON_BYTES",
]

HEADER_BYTES: Final = 96 << 10  # of a request's line and headers: the names of 1,000 commits
HEADER_SECONDS: Final = 10.0  # until they have come
IDLE_SECONDS: Final = 30  # between two requests
BODY_BYTES: Final = 96 << 20  # of one body; git-ai asks for 64 MB
BODIES_BYTES: Final = 384 << 20  # of all bodies at a time
BODY_SECONDS: Final = 120.0  # until a body has come
ANSWER_SECONDS: Final = 120.0  # until an answer is taken
CONNECTIONS: Final = 64
JOBS: Final = 32  # that wait for the log
MAX_ENTRIES: Final = 10_000  # notes of one upload
MAX_COMMITS: Final = 1_000  # asked for at a time; git-ai asks for 100 or more
MAX_ANSWER: Final = 192 << 20  # bytes of notes in one answer
MAX_KEY: Final = 255  # characters of an idempotency key
SKELETON_BYTES: Final = 1 << 20  # of JSON without what stands between quotes
