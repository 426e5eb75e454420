"""What is searched: the handbook and the operator's documents, each a shelf that scores a question alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from knowledge.build import compute, head_texts, look_up_texts
from knowledge.dense import Dense, restore, store
from knowledge.embed import Encoder
from knowledge.index import Index
from knowledge.keyword import Segmenter, Words
from knowledge.likeness import Likeness, in_memory
from knowledge.model import LookUp, Outside, Passage, Terms
from knowledge.refuse import LOOK_UP_SLACK, OWN_SLACK, SLACK, belongs_elsewhere, margin, own_signals, signals
from knowledge.sentences import brief
from knowledge.vectors import Vectors

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Query:
    """`vector`: (d,), of the normalised text; `tokens`: (t, d); `language`: zh or en."""

    text: str
    language: str
    vector: Vectors
    tokens: Vectors


@dataclass(frozen=True, slots=True)
class Scored:
    """One value a passage, shape (n,), and `margin`: below 0, nothing on the shelf answers.

    `ids`: the number by which the shelf knows each passage.
    `asked`: BM25 of the characters of the nearest aliases, 0 on a shelf without any.
    `look_up`: the kind of thing asked, where it changes too often for the shelf to hold it.
    """

    ids: npt.NDArray[np.int64]
    maxsim: Floats
    bm25: Floats
    heads: Floats
    asked: Floats
    margin: float
    look_up: LookUp | None = None


class Shelf(Protocol):
    """Passages, each with a number of its own. `weights`: of MaxSim, BM25, heads and `asked`."""

    weights: tuple[float, float, float, float]

    def score(self, query: Query) -> Scored:
        """What every passage has in common with a question."""

    def passage(self, id: int) -> Passage:
        """The passage of this number. Raises LookupError where it has gone since it was scored."""

    def reply(self, id: int, query: Query) -> str:
        """What of this passage can be forwarded to who asked. Raises LookupError likewise."""

    def knows(self, word: str) -> bool:
        """Whether a passage has this word, as the segmenter cuts it."""


class Handbook:
    """The project's own passages, found by title and alias, by their text, and by their words."""

    weights = (1.0, 0.55, 2.0, 0.95)  # a softmax regression on 450 labelled questions

    def __init__(self, passages: Sequence[Passage], terms: Terms, outside: Outside, segmenter: Segmenter,
                 encoder: Encoder, file: Path) -> None:  # fmt: skip
        """`file`: the index, read where it is whole, else made; that takes a minute or two."""
        self._passages = tuple(passages)
        self._ids = np.arange(len(passages))
        self._look_up = outside.look_up
        self._terms = terms
        self._segmenter = segmenter
        arrays = restore(file, len(passages))
        words = Words.unpacked(arrays.words) if arrays else Words.of(passages, segmenter)
        self._told = words.told
        self._keywords = in_memory(words.corpus)
        self._likeness = Likeness(head_texts(passages), look_up_texts(outside), segmenter)
        if arrays is None:
            told = self.known_share
            arrays = compute(passages, encoder, outside, told, self._likeness, words.packed())
            store(file, arrays)
        self.dense = Dense(arrays)

    def score(self, query: Query) -> Scored:
        """What every passage has in common with a question."""
        dense, english = self.dense, query.language == "en"
        maxsim = dense.maxsim(query.tokens, query.language, dense.candidates(query.vector))
        heads = dense.heads(query.vector)
        known = self.known_share(query.text)
        values = signals(maxsim, heads, dense.outside(query.vector), known)
        weights = dense.arrays.refuse_en if english else dense.arrays.refuse_zh
        decided = margin(weights, values, SLACK[query.language])
        asked = self._likeness.asked(query.text)
        kind, near = dense.looked_up(query.vector)
        alike = self._likeness.signals(query.text, asked, self._likeness.looked(query.text))
        weights = dense.arrays.looked_en if english else dense.arrays.looked_zh
        look_up = None
        if (
            kind >= 0
            and margin(weights, [float(heads.max()), near, *alike], LOOK_UP_SLACK[query.language]) < 0
        ):
            look_up, decided = self._look_up[kind], min(decided, -1.0)
        if belongs_elsewhere(query.text, self._terms):
            decided = min(decided, -1.0)
        return Scored(self._ids, maxsim, self.bm25(query.text), heads, asked, decided, look_up)

    def bm25(self, text: str) -> Floats:
        """BM25 of every passage, 0 where no word is shared, shape (n,)."""
        out = np.zeros(len(self._passages))
        for row, score in self._keywords.scores(self._segmenter.words(self._segmenter.expand(text))).items():
            out[row] = score
        return out

    def passage(self, id: int) -> Passage:
        """The passage of this number."""
        return self._passages[id]

    def reply(self, id: int, query: Query) -> str:  # noqa: ARG002 the same to everybody
        """The summary of this passage."""
        return self._passages[id].summary

    def knows(self, word: str) -> bool:
        """Whether a text has this word; aliases do not count, as the refusal is calibrated on them."""
        return word in self._told

    def known_share(self, text: str) -> float:
        """Share of a text's content words that the handbook knows."""
        return self._segmenter.known_share(text, self.knows)


class Documents:
    """The operator's own documents, found by their sentences, their tokens, and their words."""

    weights = (1.0, 0.5, 0.5, 0.0)  # by 60 questions on five articles

    def __init__(self, index: Index, terms: Terms, segmenter: Segmenter, calibrated: Dense) -> None:
        """`calibrated`: the handbook's vectors, by which a refusal is told."""
        self.index = index
        self._terms = terms
        self._segmenter = segmenter
        self._calibrated = calibrated

    def score(self, query: Query) -> Scored:
        """What every passage has in common with a question; one not proposed scores as the worst proposed."""
        found = self.index.proposed(query.vector, self._segmenter.expand(query.text))
        n = len(found.ids)
        if not len(found.rows):
            return Scored(found.ids, np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), -1.0)
        similar = self.index.compression.similar(found.tokens, query.tokens)
        maxsim = np.maximum.reduceat(similar, found.of_tokens, axis=0).mean(axis=1).astype(np.float64)
        heads = np.maximum.reduceat(found.heads @ query.vector, found.of_heads).astype(np.float64)
        words = np.zeros(n)
        words[list(found.bm25)] = list(found.bm25.values())
        arrays = self._calibrated.arrays
        weights = arrays.own_en if query.language == "en" else arrays.own_zh
        known = self._segmenter.known_share(query.text, self.knows)
        outside = self._calibrated.outside(query.vector)
        values = own_signals(maxsim, heads, outside, known, query.language)

        def spread(scores: Floats) -> Floats:
            out = np.full(n, scores.min())
            out[found.rows] = scores
            return out

        decided = margin(weights, values, OWN_SLACK[query.language])
        if belongs_elsewhere(query.text, self._terms, self.knows):
            decided = min(decided, -1.0)
        return Scored(found.ids, spread(maxsim), words, spread(heads), np.zeros(n), decided)

    def passage(self, id: int) -> Passage:
        """The passage of this number."""
        return self.index.passage(id)

    def reply(self, id: int, query: Query) -> str:
        """The sentences of this passage from the one nearest to the question on."""
        heads = self.index.heads(id)
        return brief(self.index.passage(id).text, int((heads @ query.vector).argmax()))

    def knows(self, word: str) -> bool:
        """Whether a document has this word."""
        return self.index.keywords.known(word)
