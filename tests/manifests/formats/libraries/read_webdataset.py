"""Run by the environment that has `webdataset`: prints every sample of a folder."""

import json
import sys
from pathlib import Path

import webdataset

shards = [str(path) for path in sorted(Path(sys.argv[1]).glob("*.tar"))]
for sample in webdataset.WebDataset(shards, shardshuffle=False).decode():
    print(json.dumps({"text": sample["txt"], **sample["json"]}))
