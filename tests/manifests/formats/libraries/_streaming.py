"""Imports mosaicml-streaming without torchvision, which its image data sets alone use.

The package imports them all. A torchvision that fits the CPU build of torch is on no index that
everybody has, so what those data sets derive from is an empty class here.
"""

import sys
from types import ModuleType
from typing import Any

import transformers.feature_extraction_utils  # noqa: F401 – before it can find what is no package


def _module(name: str, **members: Any) -> None:
    module = ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


_module("torchvision")
_module("torchvision.datasets", VisionDataset=object)
_module("torchvision.transforms")
_module("torchvision.transforms.functional", to_tensor=None)

import streaming  # noqa: E402

__all__ = ["streaming"]
