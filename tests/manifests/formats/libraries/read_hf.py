"""Run by the environment that has `datasets`: prints every row of a folder, twice read."""

import json
import sys

from datasets import load_dataset

folder, columns = sys.argv[1], sys.argv[2].split(",")
rows = load_dataset(folder, split="train")
streamed = load_dataset(folder, split="train", streaming=True)
for row, again in zip(rows, streamed, strict=True):
    assert row == again
    print(json.dumps({name: row[name] for name in columns}))
