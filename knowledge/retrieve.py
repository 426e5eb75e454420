"""Search the handbook and the operator's documents by question, or fetch a passage by id.

The ranking is the best of the measured ones: late interaction over token vectors (MaxSim), BM25, and the
nearest titles and aliases (of a document: its nearest sentence) as vectors of their own, as weighted
z-scores. Whether anything answers is decided apart from the ranking, in `knowledge.refuse`.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.clean import language, searchable
from knowledge.dense import index_key
from knowledge.embed import Encoder, default_cache_dir
from knowledge.errors import KnowledgeError, UnknownPassage
from knowledge.index import FILE, Index, version_of
from knowledge.keyword import Segmenter
from knowledge.load import HANDBOOK, load_outside, load_passages, load_sources, load_terms
from knowledge.model import Hit, Passage, SearchResult
from knowledge.question import asked
from knowledge.shelf import Documents, Handbook, Query, Scored, Shelf


@dataclass(frozen=True, slots=True)
class _Engines:
    segmenter: Segmenter
    handbook: Handbook
    documents: Documents | None
    shelves: tuple[Shelf, ...]  #: those that are searched


def _z(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    spread = float(values.std()) if len(values) else 0.0
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


class Library:
    """The handbook: passages at once, search after the model has loaded. Safe to use from several threads."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder, cache_dir: Path,
                 documents: Path | None = None, alone: bool = False) -> None:  # fmt: skip
        """`documents`: the folder of an index of documents; `alone`: search only there."""
        self.passages: tuple[Passage, ...] = tuple(passages)
        self.encoder = encoder
        self.cache_dir = cache_dir
        self._folder, self.alone = documents, alone
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
        own = version_of(self._folder) if self._folder else ""
        return self._key[:12] + (f"+{own}" if own else "")

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
        grounded = any(s.margin >= 0 for s in scored)
        # of the shelves that answer, and one that shares more with the question than any of them
        best = [float(s.maxsim.max(initial=-1.0)) for s in scored]
        answering = max((b for b, s in zip(best, scored, strict=True) if s.margin >= 0), default=-1.0)
        lists = [
            _ranked(shelves[i], scored[i])
            for i in sorted(range(len(shelves)), key=lambda i: -best[i])
            if scored[i].margin >= 0 or not grounded or best[i] > answering
        ]
        hits = (self._hit(place, rank, question) for place, rank in _in_turn(lists))
        if grounded:
            return SearchResult(query, True, tuple(itertools.islice(filter(None, hits), max(1, top))), ())
        titles = tuple(h.passage.title for h in itertools.islice(filter(None, hits), 3))
        return SearchResult(query, False, (), titles, next((s.look_up for s in scored if s.look_up), None))

    @staticmethod
    def _hit(place: tuple[Shelf, int], rank: float, question: Query) -> Hit | None:
        """A passage as it is found, or None where it has gone since it was scored."""
        shelf, number = place
        try:
            score = round(float(1 / (1 + np.exp(-rank))), 4)
            return Hit(shelf.passage(number), score, shelf.reply(number, question))
        except LookupError:
            return None

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

    def _ready(self) -> _Engines:
        with self._lock:
            if self._engines is None:
                self._engines = self._build()
            elif self._engines.documents is None and self._has_documents():
                self._engines = self._shelves(self._engines.segmenter, self._engines.handbook)
            return self._engines

    def _has_documents(self) -> bool:
        return self._folder is not None and (self.alone or (self._folder / FILE).is_file())

    def _build(self) -> _Engines:
        file = self.cache_dir / f"index-{self._key}.bin"
        if file.is_file():  # model and words beside each other; what fails there fails again, and is told
            threading.Thread(target=self._load_model, daemon=True).start()
        segmenter = Segmenter(self._terms, self.cache_dir)
        handbook = Handbook(self.passages, self._terms, self._outside, segmenter, self.encoder, file)
        self.encoder.warm()
        return self._shelves(segmenter, handbook)

    def _shelves(self, segmenter: Segmenter, handbook: Handbook) -> _Engines:
        """All that is searched; documents may have come for the first time since the last question."""
        if self._folder is None or not self._has_documents():
            return _Engines(segmenter, handbook, None, (handbook,))
        index = Index.open(self._folder, self.encoder.model_id, segmenter)
        documents = Documents(index, self._terms, segmenter, handbook.dense)
        searched = (documents,) if self.alone else (handbook, documents)
        return _Engines(segmenter, handbook, documents, searched)

    def _load_model(self) -> None:
        with contextlib.suppress(KnowledgeError):
            self.encoder.warm()


Ranked = list[tuple[tuple[Shelf, int], float]]  #: a shelf's passages with their rank values, falling


def _ranked(shelf: Shelf, scored: Scored) -> Ranked:
    """The passages of a shelf by weighted z-scores of what they have in common with the question."""
    signals = (scored.maxsim, scored.bm25, scored.heads, scored.asked)
    total = np.sum([w * _z(s) for w, s in zip(shelf.weights, signals, strict=True)], axis=0)
    total = total / np.linalg.norm(shelf.weights)
    order = np.lexsort((np.arange(len(total)), -np.round(total, 4)))
    return [((shelf, int(scored.ids[i])), float(total[i])) for i in order.tolist()]


def _in_turn(lists: Sequence[Ranked]) -> Iterator[tuple[tuple[Shelf, int], float]]:
    """One of each shelf in turn: the handbook's aliases and a document's sentences are no common measure.

    The shelf leads whose best passage shares most with the question; the rank values never rise.
    """
    last = float("inf")
    for row in itertools.zip_longest(*lists):
        for place, rank in filter(None, row):
            last = min(last, rank)
            yield place, last
