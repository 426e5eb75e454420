"""What every way through the model shares: kinds of text, their prompts, unit length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["query", "passage"]
THREADS = 2  #: of any model, fixed: the same sums in the same order, on every machine
Vectors = npt.NDArray[np.float32]


def prompt_of(prompts: Mapping[str, str], kind: Kind) -> str:
    """What the model wants in front of a text of this kind; empty for a model without prompts."""
    if kind == "query":
        return prompts.get("query") or ""
    return prompts.get("document", prompts.get("passage")) or ""


def unit(vectors: npt.NDArray[Any]) -> Vectors:
    """The same directions, shape (..., d), with length 1; a zero vector stays as it is."""
    values = np.asarray(vectors, np.float32)
    norm = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.maximum(norm, 1e-9), np.float32)
