"""Search the handbook by question, or fetch a passage by id.

The ranking is the best of the measured ones: late interaction over token vectors (MaxSim) plus 0.3 of BM25,
both as z-scores over the passages, plus the nearest title or alias as a vector of its own. Whether anything
answers is decided apart from the ranking, in `knowledge.refuse`.
"""

from __future__ import annotations

import contextlib
import difflib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.clean import language, searchable
from knowledge.dense import Dense, compute, index_key, restore, store
from knowledge.embed import Encoder, default_cache_dir
from knowledge.errors import KnowledgeError, UnknownPassage
from knowledge.keyword import Keywords, Segmenter, Words
from knowledge.load import HANDBOOK, load_passages, load_sources, load_terms
from knowledge.model import Hit, Passage, SearchResult
from knowledge.question import asked
from knowledge.refuse import belongs_elsewhere, margin, signals

#: Weights of the z-scores beside MaxSim's 1: BM25 as measured before, the heads by the tuning half.
BM25_WEIGHT = 0.3
HEAD_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class Scores:
    """All that is known about one question, one value a passage; for tuning and for explaining a ranking."""

    maxsim: npt.NDArray[np.float64]
    bm25: npt.NDArray[np.float64]
    heads: npt.NDArray[np.float64]
    fused: npt.NDArray[np.float64]
    margin: float


@dataclass(frozen=True, slots=True)
class _Engines:
    keywords: Keywords
    segmenter: Segmenter
    dense: Dense


def _z(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


class Library:
    """The handbook: passages at once, search after the model has loaded. Safe to use from several threads."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder, cache_dir: Path) -> None:
        self.passages: tuple[Passage, ...] = tuple(passages)
        self.encoder = encoder
        self.cache_dir = cache_dir
        self._by_id = {p.id: p for p in self.passages}
        self._sources = load_sources()
        self._terms = load_terms()
        self._key = index_key(self.passages, encoder.model_id, self._terms.model_dump_json())
        self._lock = threading.Lock()
        self._engines: _Engines | None = None

    @classmethod
    def open(
        cls, model: str | None = None, cache_dir: Path | None = None, handbook_dir: Path | None = None
    ) -> Library:
        """Read and validate the passages; quick, no model is loaded.

        `model`: a folder or name for sentence-transformers instead of the bundled one; `cache_dir`: where the
        unpacked model and the index lie; `handbook_dir`: another handbook. Raises PassageError, DataError.
        """
        cache = cache_dir or default_cache_dir()
        return cls(load_passages(handbook_dir or HANDBOOK), Encoder(model, cache), cache)

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any text of the handbook, any term, and the model."""
        return self._key[:12]

    def warm(self) -> None:
        """Load the model and the index, building what is missing; may run in a background thread."""
        self._ready()

    def passage(self, id: str) -> Passage:
        """The passage of this id. Raises UnknownPassage, which is also a KeyError."""
        try:
            return self._by_id[id]
        except KeyError:
            raise UnknownPassage(id, tuple(difflib.get_close_matches(id, self._by_id, n=2))) from None

    def source_title(self, passage: Passage) -> str:
        """The sources as a person reads them, with years: 《…》(2021);…"""
        names = []
        for key in passage.sources:
            source = self._sources.get(key)
            if source is None:
                names.append(key)
            else:
                names.append(source.title + (f"({source.year})" if source.year else ""))
        return ";".join(dict.fromkeys(names))

    def search(self, query: str, top: int = 5) -> SearchResult:
        """The best passages for a question in Chinese or English, or a refusal with up to three titles.

        Never raises for what a person typed. `top` is clamped to 1 … all passages.
        """
        clean = asked(query)
        if not searchable(clean):
            return SearchResult(query, False, (), ())
        scores = self.scores(clean)
        order = sorted(range(len(self.passages)), key=lambda i: (-round(float(scores.fused[i]), 4), i))
        if scores.margin < 0 or belongs_elsewhere(clean, self._terms):
            return SearchResult(query, False, (), tuple(self.passages[i].title for i in order[:3]))
        best = order[: max(1, min(top, len(order)))]
        hits = (Hit(self.passages[i], round(float(1 / (1 + np.exp(-scores.fused[i]))), 4)) for i in best)
        return SearchResult(query, True, tuple(hits), ())

    def scores(self, query: str) -> Scores:
        """Every signal for a normalised question; `margin` below 0 means that nothing answers."""
        engines = self._ready()
        lang = language(query)
        vector = self.encoder.encode([query], "query")[0]
        tokens = self.encoder.tokens(query, "query")
        maxsim = engines.dense.maxsim(tokens, lang, engines.dense.candidates(vector))
        heads = engines.dense.heads(vector)
        bm25 = engines.keywords.scores(engines.segmenter.expand(query))
        fused = _z(maxsim) + BM25_WEIGHT * _z(bm25) + HEAD_WEIGHT * _z(heads)
        known = engines.keywords.known_share(query)
        weights = engines.dense.arrays.refuse_en if lang == "en" else engines.dense.arrays.refuse_zh
        decided = margin(weights, signals(maxsim, heads, engines.dense.outside(vector), known), lang)
        return Scores(maxsim, bm25, heads, fused, decided)

    def _ready(self) -> _Engines:
        with self._lock:
            if self._engines is None:
                self._engines = self._build()
            return self._engines

    def _build(self) -> _Engines:
        file = self.cache_dir / f"index-{self._key}.bin"
        arrays = restore(file, len(self.passages))
        if arrays:  # model and words beside each other; what fails there fails again below, and is told
            threading.Thread(target=self._load_model, daemon=True).start()
        segmenter = Segmenter(self._terms, self.cache_dir)
        words = Words.unpacked(arrays.words) if arrays else Words.of(self.passages, segmenter)
        keywords = Keywords(words, segmenter)
        if arrays is None:
            outside = [*self._terms.out_of_scope.zh, *self._terms.out_of_scope.en]
            known = keywords.known_share
            arrays = compute(self.passages, self.encoder, outside, known, words.packed())
            store(file, arrays)
        self.encoder.warm()
        return _Engines(keywords, segmenter, Dense(arrays))

    def _load_model(self) -> None:
        with contextlib.suppress(KnowledgeError):
            self.encoder.warm()
