"""The vector index: FAISS proposes passages by their aliases and text, MaxSim over token vectors decides.

One file in the cache, named by a hash of all texts and the model, so a changed text or model never meets an
old index. The file begins with the SHA-256 of what follows: a damaged one is noticed and rebuilt.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from knowledge.model import Passage
from knowledge.refuse import LOOK_UP_SIGNALS, SIGNALS
from knowledge.tokens import Compression, Packed
from knowledge.vectors import Vectors

_log = logging.getLogger("knowledge")
FORMAT = 11  # raise it when the arrays below change their meaning
_CANDIDATES = 64


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
    begins; mean, basis, scale: how they are packed. heads: (h, d) vectors of titles and aliases; head_of:
    (h,) the passage of each. outside: (o, d) vectors of the out-of-scope examples; look_up: (l, d) of the
    things to look up; look_of: (l,) the kind of each. refuse_*, own_*: (6,) weights of `knowledge.refuse`,
    for the handbook and for documents without aliases; looked_*: (5,), for things to look up. words: for
    BM25.
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
    look_up: Vectors
    look_of: npt.NDArray[np.int64]
    refuse_zh: npt.NDArray[np.float64]
    refuse_en: npt.NDArray[np.float64]
    own_zh: npt.NDArray[np.float64]
    own_en: npt.NDArray[np.float64]
    looked_zh: npt.NDArray[np.float64]
    looked_en: npt.NDArray[np.float64]
    words: npt.NDArray[np.uint8]

    def fits(self, passages: int) -> bool:
        """Whether the shapes agree with each other and with the number of passages."""
        d, k = self.basis.shape
        refused = (self.refuse_zh, self.refuse_en, self.own_zh, self.own_en)
        return (
            self.starts_zh.shape == self.starts_en.shape == (passages + 1,)
            and self.starts_zh[-1] == len(self.tokens_zh)
            and self.starts_en[-1] == len(self.tokens_en)
            and len(self.heads) == len(self.head_of)
            and len(self.look_up) == len(self.look_of)
            and all(a.shape == (SIGNALS + 1,) for a in refused)
            and all(a.shape == (LOOK_UP_SIGNALS + 1,) for a in (self.looked_zh, self.looked_en))
            and all(a.shape[1] == k for a in (self.tokens_zh, self.tokens_en))
            and all(a.shape[1] == d for a in (self.heads, self.outside, self.look_up))
        )


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
        """Mean cosine with the two nearest heads of each passage, shape (n,). `without`: a head left out.

        One head alone is too easily near by chance, the more aliases the passages have.
        """
        near, found = self._faiss.search(query[None, :], len(self.arrays.heads))
        keep = found[0] != without
        return best_of(2, near[0][keep], self.arrays.head_of[found[0][keep]], self._size)

    def looked_up(self, query: Vectors, without: int = -1) -> tuple[int, float]:
        """The kind of thing to look up nearest to a question, and the mean of its best two cosines."""
        near = self.arrays.look_up @ query
        order = np.argsort(-near, kind="stable")
        order = order[order != without]
        if not len(order):
            return -1, -1.0
        best = best_of(2, near[order], self.arrays.look_of[order], int(self.arrays.look_of.max()) + 1)
        return int(best.argmax()), float(best.max())

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


def best_of(
    most: int,
    falling: npt.NDArray[np.floating],
    owner: npt.NDArray[np.int64],
    owners: int,
    nothing: float = -1.0,
) -> npt.NDArray[np.float64]:
    """The mean of the `most` highest values of each owner, shape (owners,); `falling` is sorted so.

    An owner with fewer values has the mean of those, one with none has `nothing`.
    """
    order = np.argsort(owner, kind="stable")  # keeps the values of each owner falling
    values, mine = falling[order].astype(np.float64), owner[order]
    place = np.arange(len(mine)) - np.searchsorted(mine, mine)  # among the values of its owner
    values, mine = values[place < most], mine[place < most]
    counts = np.bincount(mine, minlength=owners)
    sums = np.bincount(mine, weights=values, minlength=owners)
    return np.where(counts > 0, sums / np.maximum(counts, 1), nothing)
