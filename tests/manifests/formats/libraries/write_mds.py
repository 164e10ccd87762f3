"""Run by the environment that has `mosaicml-streaming`: its own writer, fed with JSON lines."""

import json
import sys

from _streaming import streaming


def main() -> None:
    folder, size = sys.argv[1], int(sys.argv[2])
    columns = json.loads(sys.argv[3])
    with streaming.MDSWriter(
        out=folder, columns=columns, hashes=["sha256"], size_limit=size
    ) as writer:
        for line in sys.stdin.buffer:
            writer.write(json.loads(line))


if __name__ == "__main__":
    main()
