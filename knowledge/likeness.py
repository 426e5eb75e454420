"""How alike a question is, by its characters, to what people ask: aliases, and things to look up.

Characters of short texts tell more than words, which the segmenter cuts one way or the other, and they tell
something else than the model, which hears the same in 保证金多少 and 保证金怎么交.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from knowledge.clean import normalise
from knowledge.dense import best_of
from knowledge.keyword import Keywords, Segmenter

Floats = npt.NDArray[np.float64]


class Likeness:
    """`heads`: (passage, text) of every title and alias; `look_up`: (kind, text) of every example."""

    def __init__(
        self, heads: Sequence[tuple[int, str]], look_up: Sequence[tuple[int, str]], segmenter: Segmenter
    ) -> None:
        self._segmenter = segmenter
        self._head_of = np.array([i for i, _ in heads], np.int64)
        self._passages = int(self._head_of.max(initial=-1)) + 1
        self._heads = in_memory(segmenter.grams(normalise(text)) for _, text in heads)
        self._look_up = in_memory(segmenter.grams(normalise(text)) for _, text in look_up)

    def asked(self, text: str, without: int = -1) -> Floats:
        """BM25 of the three nearest heads of every passage, shape (n,); `without`: a head left out."""
        found = self._heads.scores(self._segmenter.grams(text))
        found.pop(without, None)
        owner = self._head_of[np.array(list(found), np.int64)]
        return best_of(3, np.array(list(found.values())), owner, self._passages, nothing=0.0)

    def looked(self, text: str, without: int = -1) -> float:
        """BM25 of the two nearest things to look up; `without`: one left out."""
        found = self._look_up.scores(self._segmenter.grams(text))
        found.pop(without, None)
        nearest = sorted(found.values(), reverse=True)[:2]
        return sum(nearest) / len(nearest) if nearest else 0.0

    def signals(self, text: str, asked: Floats, looked: float) -> list[float]:
        """Both for texts of any length: a longer one shares more characters with anything."""
        length = max(4, len(self._segmenter.grams(text))) ** 0.5
        return [float(asked.max(initial=0.0)) / length, looked / length]


def in_memory(passages: Iterable[Sequence[str]]) -> Keywords:
    """The words of passages, numbered from 0, in a table of its own."""
    keywords = Keywords(sqlite3.connect(":memory:", check_same_thread=False))
    for row, words in enumerate(passages):
        keywords.add(row, words)
    return keywords
