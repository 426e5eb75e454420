"""Token vectors kept small: their principal directions, one byte each.

A passage has some 350 token vectors of 384 numbers, half a megabyte. Around their mean, the first 128
principal directions carry what tells passages apart: on the question files the ranking by MaxSim is the
same or better, at a twelfth of the size (`benchmarks/`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.sentences import sentences
from knowledge.vectors import Vectors, unit

DIMENSIONS = 128
Packed = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Compression:
    """mean: (d,); basis: (d, k), columns of unit length; scale: (1,), of one step of a byte."""

    mean: Vectors
    basis: Vectors
    scale: Vectors

    @classmethod
    def of(cls, tokens: Vectors) -> Compression:
        """Fitted to token vectors of shape (t, d); deterministic for the same ones."""
        mean = tokens.mean(axis=0)
        centred = (tokens - mean).astype(np.float64)
        _, directions = np.linalg.eigh(centred.T @ centred)
        basis = directions[:, ::-1][:, :DIMENSIONS]
        basis = basis * np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
        spread = np.quantile(np.abs(centred @ basis), 0.9999)
        return cls(mean, basis.astype(np.float32), np.array([max(spread, 1e-6) / 127], np.float32))

    def pack(self, tokens: Vectors) -> Packed:
        """Token vectors (t, d) as bytes (t, k); what lies beyond the fitted range is cut."""
        steps = np.rint((tokens - self.mean) @ self.basis / self.scale)
        return np.clip(steps, -127, 127).astype(np.int8)

    def similar(self, packed: npt.NDArray[np.int8] | Vectors, query: Vectors) -> Vectors:
        """Cosines of tokens (t, k), as `pack` made them, with query tokens (q, d): shape (t, q), about."""
        wide = packed.astype(np.float32, copy=False)
        return np.asarray(wide @ ((query @ self.basis) * self.scale).T + query @ self.mean, np.float32)


def sentence_vectors(text: str, tokens: Vectors) -> Vectors:
    """A vector for each sentence, shape (s, d): the mean of its tokens, read in the sight of the whole text.

    Where a sentence begins among the tokens is told by its share of the characters.
    Source: late chunking (Günther et al. 2024).
    """
    lengths = [len(s) for s in sentences(text)]
    ends = np.rint(np.cumsum(lengths) / sum(lengths) * len(tokens)).astype(int)
    spans = [(a, max(a + 1, b)) for a, b in zip([0, *ends[:-1]], ends, strict=True) if a < len(tokens)]
    return unit(np.stack([tokens[a:b].mean(axis=0) for a, b in spans]))
