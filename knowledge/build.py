"""Building the handbook's index: everything encoded, the token vectors packed, the refusals calibrated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.clean import language
from knowledge.dense import Arrays, Dense
from knowledge.embed import Encoder
from knowledge.likeness import Likeness
from knowledge.model import Outside, Passage
from knowledge.refuse import LOOK_UP_SIGNALS, SIGNALS, fit, own_signals, signals
from knowledge.sentences import chunks
from knowledge.tokens import Compression, sentence_vectors
from knowledge.vectors import Vectors

CHUNK = 320  # characters read at once: well inside the model's 512 tokens
_CALIBRATED = 1000  # aliases of a language that calibrate the refusal, about, of all passages evenly


def head_texts(passages: Sequence[Passage]) -> list[tuple[int, str]]:
    """(passage number, text) of every title and alias, in order."""
    return [(i, text) for i, p in enumerate(passages) for text in (p.title, p.title_en, *p.aliases)]


def look_up_texts(outside: Outside) -> list[tuple[int, str]]:
    """(kind number, text) of every example of a thing to look up, in order."""
    return [(i, text) for i, kind in enumerate(outside.look_up) for text in (*kind.zh, *kind.en)]


def compute(
    passages: Sequence[Passage],
    encoder: Encoder,
    outside: Outside,
    known: Callable[[str], float],
    likeness: Likeness,
    words: npt.NDArray[np.uint8],
) -> Arrays:
    """Encode everything and calibrate the refusals; a minute or two for a handbook of 130 passages.

    `known` gives the share of a question's words that the handbook knows, `likeness` the characters that it
    shares with aliases and things to look up; `words` is only kept.
    """
    heads = head_texts(passages)
    far = [*outside.out_of_scope.zh, *outside.out_of_scope.en]
    look_up = look_up_texts(outside)
    head_vectors, head_tokens = encoder.quickly([text for _, text in heads], "query")
    far_vectors, far_tokens = encoder.quickly(far, "query")
    look_vectors, _ = encoder.quickly([text for _, text in look_up], "query")
    zh, zh_starts = _tokens([p.text for p in passages], encoder)
    en, en_starts = _tokens([p.text_en for p in passages], encoder)
    packing = Compression.of(np.concatenate([zh, en]))
    unfit, unfit_look_up = np.zeros(SIGNALS + 1), np.zeros(LOOK_UP_SIGNALS + 1)
    arrays = Arrays(
        packing.pack(zh), zh_starts, packing.pack(en), en_starts, packing.mean, packing.basis, packing.scale,
        heads=head_vectors, head_of=np.array([i for i, _ in heads], np.int64), outside=far_vectors,
        look_up=look_vectors, look_of=np.array([i for i, _ in look_up], np.int64),
        refuse_zh=unfit, refuse_en=unfit, own_zh=unfit, own_en=unfit,
        looked_zh=unfit_look_up, looked_en=unfit_look_up, words=words,
    )  # fmt: skip
    dense, everything = Dense(arrays), range(len(passages))
    # the same texts as if they were somebody's documents: sentences in place of titles and aliases
    spans = zip(passages, zh_starts, zh_starts[1:], strict=False)
    said = [sentence_vectors(p.text, zh[a:b]) for p, a, b in spans]
    titles = {text for p in passages for text in (p.title, p.title_en)}
    weights: dict[str, Any] = {}
    for lang in ("zh", "en"):
        good = [h for h, (_, text) in enumerate(heads) if language(text) == lang and text not in titles]
        good = good[:: 1 + len(good) // _CALIBRATED]
        bad = [o for o, text in enumerate(far) if language(text) == lang]
        ask = [(True, h, heads[h][1], head_vectors[h], head_tokens[h]) for h in good]
        ask += [(False, o, far[o], far_vectors[o], far_tokens[o]) for o in bad]
        found: dict[tuple[str, bool], list[list[float]]] = {}
        for answered, i, text, v, t in ask:
            same, out = (i, dense.outside(v)) if answered else (-1, dense.outside(v, i))
            told = known(text)
            maxsim = {k: dense.maxsim(t, k, everything) for k in dict.fromkeys((lang, "zh"))}
            values = signals(maxsim[lang], dense.heads(v, same), out, told)
            own = own_signals(maxsim["zh"], nearest(said, v), out, told, lang)
            found.setdefault(("refuse", answered), []).append(values)
            found.setdefault(("own", answered), []).append(own)
        for shelf in ("refuse", "own"):
            weights[f"{shelf}_{lang}"] = fit(found.get((shelf, True), []), found.get((shelf, False), []))
        static, daily = [], []
        for h in good:
            text, v = heads[h][1], head_vectors[h]
            alike = likeness.signals(text, likeness.asked(text, h), likeness.looked(text))
            static.append([dense.heads(v, h).max(), dense.looked_up(v)[1], *alike])
        for i, ((_, text), v) in enumerate(zip(look_up, look_vectors, strict=True)):
            if language(text) == lang:
                alike = likeness.signals(text, likeness.asked(text), likeness.looked(text, i))
                daily.append([dense.heads(v).max(), dense.looked_up(v, i)[1], *alike])
        weights[f"looked_{lang}"] = fit(static, daily)
    return replace(arrays, **weights)


def nearest(heads: Sequence[Vectors], query: Vectors) -> npt.NDArray[np.float64]:
    """The best cosine of a query (d,) with the vectors (s, d) of each of p passages, shape (p,)."""
    return np.array([(h @ query).max() for h in heads], np.float64)


def _tokens(texts: Sequence[str], encoder: Encoder) -> tuple[Vectors, npt.NDArray[np.int64]]:
    """Token vectors (t, d) of all texts in a row, and (n + 1,) where each text begins."""
    pieces = [(i, piece) for i, text in enumerate(texts) for piece in chunks(text, CHUNK)]
    vectors = encoder.both([piece for _, piece in pieces])[1]
    lengths = np.zeros(len(texts) + 1, np.int64)
    for (i, _), v in zip(pieces, vectors, strict=True):
        lengths[i + 1] += len(v)
    return np.concatenate(vectors), np.cumsum(lengths)
