"""Search the handbook and the operator's documents by question, or fetch a passage by id.

The ranking is the best of the measured ones: late interaction over token vectors (MaxSim), BM25, and the
nearest titles and aliases (of a document: its nearest sentence) as vectors of their own, as weighted
z-scores. Whether anything answers is decided apart from the ranking, in `knowledge.refuse`.
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
from knowledge.dense import index_key
from knowledge.embed import Encoder, default_cache_dir
from knowledge.errors import KnowledgeError, UnknownPassage
from knowledge.index import FILE, Index
from knowledge.keyword import Segmenter
from knowledge.load import HANDBOOK, load_outside, load_passages, load_sources, load_terms
from knowledge.model import Hit, Passage, SearchResult
from knowledge.question import asked
from knowledge.refuse import belongs_elsewhere
from knowledge.shelf import Documents, Handbook, Query, Scored, Shelf


@dataclass(frozen=True, slots=True)
class _Engines:
    segmenter: Segmenter
    handbook: Handbook
    documents: Documents | None
    shelves: tuple[Shelf, ...]  #: those that are searched


def _z(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


class Library:
    """The handbook: passages at once, search after the model has loaded. Safe to use from several threads."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder, cache_dir: Path,
                 documents: Path | None = None, alone: bool = False) -> None:  # fmt: skip
        """`documents`: the folder of an index of documents; `alone`: search only there."""
        self.passages: tuple[Passage, ...] = tuple(passages)
        self.encoder = encoder
        self.cache_dir = cache_dir
        self._folder, self._alone = documents, alone
        self._by_id = {p.id: p for p in self.passages}
        self._sources = load_sources()
        self._terms = load_terms()
        self._outside = load_outside()
        told = (self._terms.model_dump_json(), self._outside.model_dump_json())
        self._key = index_key(self.passages, encoder.model_id, *told)
        self._lock = threading.Lock()
        self._engines: _Engines | None = None

    @classmethod
    def open(
        cls,
        model: str | None = None,
        cache_dir: Path | None = None,
        handbook_dir: Path | None = None,
        documents: Path | None = None,
        alone: bool = False,
    ) -> Library:
        """Read and validate the passages; quick, no model is loaded.

        `model`: a folder or name for sentence-transformers instead of the bundled one; `cache_dir`: where the
        unpacked model and the index lie; `handbook_dir`: another handbook; `documents`: the index of the
        operator's own, searched beside the handbook or `alone`. Raises PassageError, DataError.
        """
        cache = cache_dir or default_cache_dir()
        passages = load_passages(handbook_dir or HANDBOOK)
        return cls(passages, Encoder(model, cache), cache, documents, alone)

    @property
    def version(self) -> str:
        """Hex digits that change with any text of the handbook, any term, the model, any document."""
        return self._key[:12] + (f"+{own}" if (own := self._own_version()) else "")

    def warm(self) -> None:
        """Load the model and the index, building what is missing; may run in a background thread."""
        self._ready()

    def passage(self, id: str) -> Passage:
        """The passage of this id. Raises UnknownPassage, which is also a KeyError."""
        found = self._by_id.get(id)
        if found is None and id.startswith("D") and (documents := self._ready().documents):
            found = documents.index.find(id)
        if found is None:
            raise UnknownPassage(id, tuple(difflib.get_close_matches(id, self._by_id, n=2)))
        return found

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
        shelves, question = self._ready().shelves, self.query(clean)
        scored = [shelf.score(question) for shelf in shelves]
        places = [
            (shelf, row) for shelf, s in zip(shelves, scored, strict=True) for row in range(len(s.maxsim))
        ]
        ranked = fused(shelves, scored)
        order = np.lexsort((np.arange(len(ranked)), -np.round(ranked, 4)))

        def passage(i: int) -> Passage:
            shelf, row = places[i]
            return shelf.passage(row)

        grounded = any(s.margin >= 0 for s in scored)
        if not grounded or belongs_elsewhere(clean, self._terms):
            look_up = next((s.look_up for s in scored if s.look_up), None)
            return SearchResult(query, False, (), tuple(passage(i).title for i in order[:3]), look_up)
        best = order[: max(1, min(top, len(order)))]
        hits = (
            Hit(
                passage(i),
                round(float(1 / (1 + np.exp(-ranked[i]))), 4),
                places[i][0].reply(places[i][1], question),
            )
            for i in best
        )
        return SearchResult(query, True, tuple(hits), ())

    def query(self, text: str) -> Query:
        """A normalised question as the model reads it."""
        vector = self.encoder.encode([text], "query")[0]
        return Query(text, language(text), vector, self.encoder.tokens(text, "query"))

    def writable(self) -> Index:
        """The index of the operator's documents, made where there is none. Raises IndexUnusable."""
        engines = self._ready()
        assert self._folder is not None
        return Index.create(
            self._folder, self.encoder.model_id, engines.segmenter, engines.handbook.dense.packing
        )

    def _own_version(self) -> str:
        if self._folder is None or not (self._folder / FILE).is_file():
            return ""
        documents = self._ready().documents
        return documents.index.version if documents else ""

    def _ready(self) -> _Engines:
        with self._lock:
            if self._engines is None:
                self._engines = self._build()
            return self._engines

    def _build(self) -> _Engines:
        file = self.cache_dir / f"index-{self._key}.bin"
        if (
            file.is_file()
        ):  # model and words beside each other; what fails there fails again below, and is told
            threading.Thread(target=self._load_model, daemon=True).start()
        segmenter = Segmenter(self._terms, self.cache_dir)
        handbook = Handbook(self.passages, self._outside, segmenter, self.encoder, file)
        documents = None
        if self._folder and (self._alone or (self._folder / FILE).is_file()):
            index = Index.open(self._folder, self.encoder.model_id, segmenter)
            documents = Documents(index, segmenter, handbook.dense)
        self.encoder.warm()
        searched = (handbook, documents) if not self._alone else (documents,)
        return _Engines(segmenter, handbook, documents, tuple(s for s in searched if s))

    def _load_model(self) -> None:
        with contextlib.suppress(KnowledgeError):
            self.encoder.warm()


def fused(shelves: Sequence[Shelf], scored: Sequence[Scored]) -> npt.NDArray[np.float64]:
    """One rank value a passage, of all shelves in a row: weighted z-scores, of unit weight on every shelf."""
    signals = ("maxsim", "bm25", "heads", "asked")
    columns = [_z(np.concatenate([getattr(s, name) for s in scored])) for name in signals]
    weights = np.repeat([s.weights for s in shelves], [len(s.maxsim) for s in scored], axis=0)
    total = (weights * np.column_stack(columns)).sum(axis=1)
    return np.asarray(total / np.linalg.norm(weights, axis=1), np.float64)
