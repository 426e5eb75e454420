"""The vector index: FAISS proposes passages by their aliases and text, MaxSim over token vectors decides.

One file in the cache, named by a hash of all texts and the model, so a changed text or model never meets an
old index. The file begins with the SHA-256 of what follows: a damaged one is noticed and rebuilt.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from knowledge.clean import language
from knowledge.embed import Encoder
from knowledge.model import Passage
from knowledge.refuse import SIGNALS, fit, signals
from knowledge.sentences import chunks
from knowledge.tokens import Compression, Packed, sentence_vectors
from knowledge.vectors import Vectors

_log = logging.getLogger("knowledge")
FORMAT = 8  # raise it when the arrays below change their meaning
CHUNK = 320  # characters: well inside the model's 512 tokens
_CANDIDATES = 64
_CALIBRATED = 1000  # aliases of a language that calibrate the refusal, about, of all passages evenly


def index_key(passages: Sequence[Passage], model_id: str, *more: str) -> str:
    """Sixteen hex digits that change with any text, with the model, and with this module's format."""
    digest = hashlib.sha256(f"{FORMAT}\0{model_id}\0".encode())
    for p in passages:
        fields = (p.id, p.title, p.title_en, *p.path, p.text, p.summary, p.text_en, *p.aliases, *p.sources)
        digest.update("\0".join(fields).encode() + b"\1")
    for text in more:
        digest.update(text.encode() + b"\1")
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Arrays:
    """What is stored. n passages, d dimensions.

    tokens_zh, tokens_en: (t, k) token vectors of all texts in a row, packed; starts_*: (n + 1,) where each
    begins; mean, basis, scale: how they are packed; heads: (h, d) vectors of titles and aliases; head_of: (h,) the passage of each; outside: (o, d) vectors of
    the out-of-scope examples; refuse_*: (6,) weights of `knowledge.refuse`, for the handbook and for documents
    without aliases (own_*); words: what BM25 reads, packed.
    """

    tokens_zh: Packed
    starts_zh: npt.NDArray[np.int64]
    tokens_en: Packed
    starts_en: npt.NDArray[np.int64]
    mean: Vectors
    basis: Vectors
    scale: Vectors
    heads: Vectors
    head_of: npt.NDArray[np.int64]
    outside: Vectors
    refuse_zh: npt.NDArray[np.float64]
    refuse_en: npt.NDArray[np.float64]
    own_zh: npt.NDArray[np.float64]
    own_en: npt.NDArray[np.float64]
    words: npt.NDArray[np.uint8]

    def fits(self, passages: int) -> bool:
        """Whether the shapes agree with each other and with the number of passages."""
        d, k = self.basis.shape
        return (
            self.starts_zh.shape == self.starts_en.shape == (passages + 1,)
            and self.starts_zh[-1] == len(self.tokens_zh)
            and self.starts_en[-1] == len(self.tokens_en)
            and len(self.heads) == len(self.head_of)
            and all(
                a.shape == (SIGNALS + 1,) for a in (self.refuse_zh, self.refuse_en, self.own_zh, self.own_en)
            )
            and all(a.shape[1] == k for a in (self.tokens_zh, self.tokens_en))
            and all(a.shape[1] == d for a in (self.heads, self.outside))
        )


def head_texts(passages: Sequence[Passage]) -> list[tuple[int, str]]:
    """(passage number, text) of every title and alias, in order."""
    return [(i, text) for i, p in enumerate(passages) for text in (p.title, p.title_en, *p.aliases)]


def compute(
    passages: Sequence[Passage],
    encoder: Encoder,
    outside: Sequence[str],
    known: Callable[[str], float],
    words: npt.NDArray[np.uint8],
) -> Arrays:
    """Encode everything and calibrate the refusal; some seconds for a handbook of 30 passages.

    `known` gives the share of a question's words that the handbook knows; `words` is only kept.
    """

    def tokens(texts: Sequence[str]) -> tuple[Vectors, npt.NDArray[np.int64]]:
        pieces = [(i, piece) for i, text in enumerate(texts) for piece in chunks(text, CHUNK)]
        vectors = encoder.both([piece for _, piece in pieces])[1]
        lengths = np.zeros(len(texts) + 1, np.int64)
        for (i, _), v in zip(pieces, vectors, strict=True):
            lengths[i + 1] += len(v)
        return np.concatenate(vectors), np.cumsum(lengths)

    heads = head_texts(passages)
    titles = {text for p in passages for text in (p.title, p.title_en)}
    head_vectors, head_tokens = encoder.quickly([text for _, text in heads], "query")
    outside_vectors, outside_tokens = encoder.quickly(list(outside), "query")
    (zh, zh_starts), (en, en_starts) = tokens([p.text for p in passages]), tokens([p.text_en for p in passages])
    packing = Compression.of(np.concatenate([zh, en]))
    untrained = np.zeros(SIGNALS + 1)
    arrays = Arrays(
        packing.pack(zh), zh_starts, packing.pack(en), en_starts, packing.mean, packing.basis, packing.scale,
        heads=head_vectors, head_of=np.array([i for i, _ in heads], np.int64), outside=outside_vectors,
        refuse_zh=untrained, refuse_en=untrained, own_zh=untrained, own_en=untrained, words=words,
    )  # fmt: skip
    dense, everything = Dense(arrays), range(len(passages))
    # the same texts as if they were somebody's documents: sentences in place of titles and aliases
    said = [
        sentence_vectors(p.text, zh[a:b])
        for p, a, b in zip(passages, zh_starts, zh_starts[1:], strict=False)
    ]
    weights: dict[str, npt.NDArray[np.float64]] = {}
    for lang in ("zh", "en"):
        good = [h for h, (_, text) in enumerate(heads) if language(text) == lang and text not in titles]
        bad = [o for o, text in enumerate(outside) if language(text) == lang]
        asked = [
            (True, h, heads[h][1], head_vectors[h], head_tokens[h])
            for h in good[:: 1 + len(good) // _CALIBRATED]
        ]
        asked += [(False, o, outside[o], outside_vectors[o], outside_tokens[o]) for o in bad]
        found: dict[tuple[str, bool], list[list[float]]] = {}
        for answered, i, text, v, t in asked:
            same, out = (i, dense.outside(v)) if answered else (-1, dense.outside(v, i))
            maxsim = {k: dense.maxsim(t, k, everything) for k in dict.fromkeys((lang, "zh"))}
            for shelf, near, sims in (
                ("refuse", dense.heads(v, same), maxsim[lang]),
                ("own", nearest(said, v), maxsim["zh"]),
            ):
                found.setdefault((shelf, answered), []).append(signals(sims, near, out, known(text)))
        for shelf in ("refuse", "own"):
            weights[f"{shelf}_{lang}"] = fit(found.get((shelf, True), []), found.get((shelf, False), []))
    return replace(arrays, **weights)


def nearest(heads: Sequence[Vectors], query: Vectors) -> npt.NDArray[np.float64]:
    """The best cosine of a query (d,) with the vectors (s, d) of each of p passages, shape (p,)."""
    return np.array([(h @ query).max() for h in heads], np.float64)


def store(file: Path, arrays: Arrays) -> bool:
    """Write the index by temporary file and rename; False, with one warning, where that is impossible."""
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with os.fdopen(handle, "w+b") as out:  # no copy in memory: the build needs most of it anyway
            out.write(bytes(32))
            np.savez(out, **{name: getattr(arrays, name) for name in Arrays.__slots__})
            out.seek(32)
            digest = hashlib.file_digest(out, "sha256").digest()
            out.seek(0)
            out.write(digest)
        Path(temporary).replace(file)
        return True
    except OSError as error:
        _log.warning(
            "索引写不进 %s(%s):本次只放在内存里,功能不受影响,下次启动要重建", file.parent, error.strerror
        )
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        return False


def restore(file: Path, passages: int) -> Arrays | None:
    """The stored index, or None where there is none or it is damaged (then with a warning)."""
    try:
        content = file.open("rb")
    except OSError:
        return None
    with content:  # read where it lies: a copy in memory would be the most that a chat ever takes
        written = content.read(32)
        if hashlib.file_digest(content, "sha256").digest() == written:
            content.seek(32)
            with np.load(content, allow_pickle=False) as data:
                if set(data.files) == set(Arrays.__slots__):
                    arrays = Arrays(**{name: data[name] for name in Arrays.__slots__})
                    if arrays.fits(passages):
                        return arrays
    _log.warning("索引文件 %s 已损坏,正在重建", file.name)
    return None


class Dense:
    """Semantic scores of one question against all passages."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self._size = len(arrays.starts_zh) - 1
        self.packing = Compression(arrays.mean, arrays.basis, arrays.scale)
        # wide enough to multiply: turning them at every question takes longer than the product
        self._tokens = {"zh": arrays.tokens_zh.astype(np.float32), "en": arrays.tokens_en.astype(np.float32)}
        # Threads of their own would spin against the model's: twenty times as long, for products this small.
        faiss.omp_set_num_threads(1)
        threadpool_limits(1, "blas")
        self._faiss = faiss.IndexFlatIP(arrays.heads.shape[1])
        self._faiss.add(arrays.heads)

    def candidates(self, query: Vectors) -> list[int]:
        """Passages that FAISS proposes for a query vector of shape (d,); all of them in a small handbook."""
        if self._size <= _CANDIDATES:
            return list(range(self._size))
        _, found = self._faiss.search(query[None, :], min(len(self.arrays.heads), 6 * _CANDIDATES))
        return list(dict.fromkeys(int(self.arrays.head_of[i]) for i in found[0] if i >= 0))[:_CANDIDATES]

    def heads(self, query: Vectors, without: int = -1) -> npt.NDArray[np.float64]:
        """Cosine with the nearest title or alias of each passage, shape (n,). `without`: a head left out."""
        near, found = self._faiss.search(query[None, :], len(self.arrays.heads))
        best = np.full(self._size, -1.0)
        keep = found[0] != without
        np.maximum.at(best, self.arrays.head_of[found[0][keep]], near[0][keep].astype(np.float64))
        return best

    def maxsim(self, query: Vectors, language: str, candidates: Sequence[int]) -> npt.NDArray[np.float64]:
        """Mean over query tokens (t, d) of the best cosine in each passage, shape (n,).

        A passage that was not proposed scores as the worst of the proposed: a zero would lie so far below
        that all proposed ones looked alike, in the ranking and in the refusal.
        """
        a = self.arrays
        tokens, starts = self._tokens[language], a.starts_en if language == "en" else a.starts_zh
        scores = np.zeros(self._size)
        if not len(query):
            return scores
        if len(candidates) == self._size:
            table = self.packing.similar(tokens, query)
            scores[:] = np.maximum.reduceat(table, starts[:-1], axis=0).mean(axis=1)
        else:
            for i in candidates:
                scores[i] = self.packing.similar(tokens[starts[i] : starts[i + 1]], query).max(axis=0).mean()
            others = np.setdiff1d(np.arange(self._size), candidates)
            scores[others] = scores[list(candidates)].min(initial=1.0)
        return scores

    def outside(self, query: Vectors, without: int = -1) -> float:
        """Cosine with the nearest out-of-scope example."""
        near = self.arrays.outside @ query
        if without >= 0:
            near[without] = -1.0
        return float(near.max()) if len(near) else -1.0
