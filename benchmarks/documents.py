"""An index of many documents: what it holds, how fast it answers, and what is lost by proposing first.

The passages are of the handbook; the vectors of each copy are turned by noise of its own, so that no two are
the same and the neighbours of a question are as many as in a large library. Not a claim about real documents
of that number: their text differs more, which makes proposing easier.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.bench import messages, percentile, resident
from knowledge.documents.model import Document, Piece
from knowledge.question import asked
from knowledge.retrieve import Library
from knowledge.shelf import Query
from knowledge.vectors import Vectors, unit

_NOISE = 0.35  # of a vector's length: copies of a passage lie as far apart as passages of one chapter
_A_DOCUMENT = 500


def build(count: int, library: Library) -> float:
    """Fill an index with `count` passages; seconds it took, without the model."""
    index = library.writable()
    passages = library.passages
    tokens = [np.concatenate(library.encoder.quickly([p.text[:320]])[1]) for p in passages]
    random = np.random.default_rng(1)
    start = time.perf_counter()
    for first in range(0, count, _A_DOCUMENT):
        rows: list[tuple[Piece, Vectors, Vectors]] = []
        for i in range(first, min(first + _A_DOCUMENT, count)):
            passage, own = passages[i % len(passages)], tokens[i % len(passages)]
            shift = random.standard_normal(own.shape[1]).astype(np.float32)
            moved = unit(own + _NOISE * shift / np.linalg.norm(shift))
            vector = unit(moved.mean(axis=0))
            rows.append(
                (
                    Piece(f"{i} {passage.text}", passage.path, None, passage.title),
                    vector,
                    moved,
                )
            )
        pieces = tuple(piece for piece, _, _ in rows)
        index.put(f"/{first}", Document(f"{first}.txt", f"{first:064d}", pieces, 0, {}), rows, {})
    index.close()
    return time.perf_counter() - start


def measure(folder: Path, library: Library, count: int) -> dict[str, Any]:
    """Time, memory and recall at 10 against exact MaxSim over all passages."""
    before = resident("self")
    library.search("直播间没人停留")
    queries = list(dict.fromkeys(asked(m) for m in messages()))[:60]
    took = []
    for text in queries:
        start = time.perf_counter()
        library.search(text, 10)
        took.append((time.perf_counter() - start) * 1000)
    grown = (resident("self") - before) * 1024
    some = [library.query(text) for text in queries[:20]]
    recalls = []
    for question, exact in zip(some, exactly(library, some), strict=True):
        documents = library._ready().documents
        assert documents is not None
        proposed = documents.score(question).maxsim
        wanted = set(np.argsort(-exact)[:10].tolist())
        recalls.append(len(wanted & set(np.argsort(-proposed)[:10].tolist())) / 10)
    size = sum(f.stat().st_size for f in folder.iterdir())
    return {
        "passages": count, "p50_ms": round(statistics.median(took), 1),
        "p99_ms": round(percentile(took, 0.99), 1),
        "grown_mb": round(grown), "disk_mb": round(size / 1e6),
        "recall@10": round(statistics.mean(recalls), 3),
    }  # fmt: skip


def exactly(library: Library, questions: Sequence[Query]) -> npt.NDArray[np.float64]:
    """MaxSim of every passage for every question, shape (q, n), with nothing proposed."""
    documents = library._ready().documents
    assert documents is not None
    index = documents.index
    asked_ = np.concatenate([q.tokens for q in questions])
    starts = np.cumsum([0, *(len(q.tokens) for q in questions)])[:-1]
    lengths = np.array([len(q.tokens) for q in questions])
    out = []
    rows = index._database.execute("select tokens from tokens order by passage")
    while some := rows.fetchmany(_A_DOCUMENT):
        held = [np.frombuffer(t, np.int8).reshape(-1, index.compression.basis.shape[1]) for (t,) in some]
        of_tokens = np.cumsum([0, *(len(h) for h in held)])[:-1]
        similar = index.compression.similar(np.concatenate(held), asked_)
        best = np.maximum.reduceat(similar, of_tokens, axis=0)
        out.append(np.add.reduceat(best, starts, axis=1) / lengths)
    return np.concatenate(out).T.astype(np.float64)


def speed(library: Library) -> float:
    """Characters embedded a second, the whole way from clean text to packed vectors, without writing."""
    texts = [p.text for p in itertools.islice(library.passages, 40)]
    pieces = [text[i : i + 320] for text in texts for i in range(0, len(text), 320)]
    start = time.perf_counter()
    for piece in pieces:
        library.encoder.quickly([piece])
    return sum(map(len, pieces)) / (time.perf_counter() - start)


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "index"
        library = Library.open(documents=folder)
        out: dict[str, Any] = {"characters_a_second": round(speed(library))}
        out["build_s"] = round(build(count, library))
        out |= measure(folder, Library.open(documents=folder, alone=True), count)
        print(json.dumps(out))


if __name__ == "__main__":
    main()
