"""Run by the environment that has `mosaicml-streaming`: prints every sample of a folder.

Once by number and once as a stream that fetches the shards, compares each with its digest in
index.json and unpacks it.
"""

import json
import sys

from _streaming import streaming


def plain(sample: dict) -> dict:
    return {name: value if isinstance(value, str) else int(value) for name, value in sample.items()}


def main() -> None:
    folder, cache = sys.argv[1:]
    local = streaming.StreamingDataset(local=folder, batch_size=1, shuffle=False)
    fetched = streaming.StreamingDataset(
        remote=folder, local=cache, batch_size=1, shuffle=False, validate_hash="sha256"
    )
    for number, sample in enumerate(fetched):
        assert plain(sample) == plain(local[number])
        print(json.dumps(plain(sample)))
    assert number + 1 == len(local)


if __name__ == "__main__":
    main()
