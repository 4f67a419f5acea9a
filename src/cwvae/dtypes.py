"""The floating point types that options choose from, by name."""

from typing import Literal

__all__ = ["ComputeDtype", "StorageDtype"]

ComputeDtype = Literal["float32", "bfloat16"]
"""The types in which encoder and decoder may compute while training."""

StorageDtype = Literal["float32", "bfloat16", "float16"]
"""The types in which weights may be stored."""
