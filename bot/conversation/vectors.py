"""Sentence vectors of the example messages: encoded once for an encoder, kept in a folder if one is given."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Anything that turns texts into unit vectors of shape (n, d)."""

    def encode(self, texts: list[str], kind: Literal["query", "passage"] = ..., /) -> Vectors: ...


_made: list[tuple[Encoder, Vectors]] = []
_lock = threading.Lock()


def example_vectors(examples: Sequence[str], encoder: Encoder, folder: Path | None = None) -> Vectors:
    """The vectors of `examples`, shape (n, d): ten seconds or more the first time, then from memory.

    The file in `folder` (without one, in the encoder's `cache_dir`) is named by the examples and by the
    encoder's `model_id`; one that does not fit, or cannot be read, is made anew, and a folder that cannot be
    written to only costs the time again.
    """
    folder = folder or getattr(encoder, "cache_dir", None)
    with _lock:
        for known, vectors in _made:
            if known is encoder and len(vectors) == len(examples):
                return vectors
        model = str(getattr(encoder, "model_id", ""))
        digest = hashlib.sha256("\n".join([model, *examples]).encode()).hexdigest()[:16]
        file = folder / f"intents-{digest}.npy" if folder and model else None
        found = _load(file, len(examples)) if file else None
        if found is None:
            found = np.asarray(encoder.encode(list(examples), "query"), dtype=np.float32)
            if file:
                _save(file, found)
        _made[:] = [*_made[-2:], (encoder, found)]
        return found


def _load(file: Path, rows: int) -> Vectors | None:
    try:
        vectors = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    good = (
        vectors.ndim == 2
        and len(vectors) == rows
        and vectors.dtype == np.float32
        and np.isfinite(vectors).all()
    )
    return vectors if good else None


def _save(file: Path, vectors: Vectors) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".npy")
        with os.fdopen(handle, "wb") as out:
            np.save(out, vectors)
        Path(temporary).replace(file)
    except OSError:
        return
