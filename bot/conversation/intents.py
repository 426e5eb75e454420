"""What a message asks for, and what of it lies outside the field.

An intent's score is its nearest example messages (shared character pairs), plus what all examples together
have taught of it (a kernel ridge regression over shared pairs, and over sentence vectors where there is an
encoder, solved when the examples are read: a new example counts at once), plus the weights of its cues and
of the facts said. All of it stands in `data/intents.yaml` and `data/refusals.yaml`.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.conversation.refusals import asks
from bot.conversation.text import data, normalise
from bot.conversation.vectors import Encoder, Vectors, example_vectors
from knowledge.question import asked


@dataclass(frozen=True, slots=True)
class Topics:
    """Intents, most likely first; the refusal, if nothing is left to answer; what was set aside.

    `guessed`: no cue says that it lies outside, the examples alone do; the handbook may know better.
    """

    intents: tuple[str, ...]
    refused: str | None
    set_aside: tuple[str, ...]
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class _Intents:
    names: tuple[str, ...]
    owners: tuple[int, ...]  # of each example, the index of its intent
    examples: tuple[str, ...]
    pairs: dict[str, list[tuple[int, float]]]  # character pair → (example, weight)
    idf: dict[str, float]
    cues: tuple[tuple[re.Pattern[str], float], ...]
    cue_owners: tuple[int, ...]
    facts: tuple[dict[str, float], ...]
    alike: npt.NDArray[np.float64]  # (example, example): by shared pairs
    taught: npt.NDArray[np.float64]  # (example, intent): what it says for and against each


def _pairs(text: str) -> Counter[str]:
    text = re.sub(r"[\s\d,,。;;!?、.%]+", " ", text)
    if text.isascii():
        return Counter(text.split())
    return Counter(text[i : i + 2] for i in range(len(text) - 1) if " " not in text[i : i + 2])


@functools.cache
def _intents() -> _Intents:
    entries = data("intents")["intents"]
    names = tuple(entries)
    examples, owners = [], []
    for i, entry in enumerate(entries.values()):
        for example in entry["examples"]:
            examples.append(normalise(example))
            owners.append(i)
    counts = [_pairs(e) for e in examples]
    seen: Counter[str] = Counter(p for c in counts for p in c)
    idf = {p: math.log(1 + len(examples) / n) for p, n in seen.items()}
    pairs: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for i, count in enumerate(counts):
        norm = math.sqrt(sum((n * idf[p]) ** 2 for p, n in count.items())) or 1.0
        for p, n in count.items():
            pairs[p].append((i, n * idf[p] / norm))
    cues = [
        (re.compile(c), w, i) for i, e in enumerate(entries.values()) for c, w in e.get("cues", {}).items()
    ]
    alike = np.zeros((len(examples), len(examples)))
    for entry in pairs.values():
        rows, values = (np.array(column) for column in zip(*entry, strict=True))
        alike[rows[:, None], rows] += values[:, None] * values
    return _Intents(
        names,
        tuple(owners),
        tuple(examples),
        dict(pairs),
        idf,
        tuple((c, float(w)) for c, w, _ in cues),
        tuple(i for _, _, i in cues),
        tuple(dict(e.get("facts", {})) for e in entries.values()),
        alike,
        _taught(alike, owners, len(names)),
    )


def _taught(alike: npt.NDArray[np.float64], owners: Sequence[int], intents: int) -> npt.NDArray[np.float64]:
    """The regression's coefficients, a row for each example, from how alike the examples are."""
    aims = np.zeros((len(owners), intents))
    aims[np.arange(len(owners)), owners] = 1.0
    ridge = data("intents")["weights"]["ridge"] * np.eye(len(owners))
    return np.asarray(np.linalg.solve(alike + ridge, aims - aims.mean(axis=0)), dtype=np.float64)


def _shared(text: str) -> npt.NDArray[np.float64]:
    """Similarity of `text` to each example by shared character pairs, 0–1."""
    known = _intents()
    out = np.zeros(len(known.examples))
    count = _pairs(text)
    # A pair that no example has still tells the message apart from all of them, a little.
    norm = math.sqrt(sum((n * known.idf.get(p, 2.0)) ** 2 for p, n in count.items())) or 1.0
    for p, n in count.items():
        for i, w in known.pairs.get(p, ()):
            out[i] += n * known.idf[p] * w / norm
    return out


@dataclass(frozen=True, slots=True)
class _Read:
    """What the examples teach as one model reads them."""

    vectors: Vectors
    mean: npt.NDArray[np.float64]
    turned: npt.NDArray[np.float64]  # (example, d): away from what all sentences have in common
    taught: npt.NDArray[np.float64]


_reads: list[_Read] = []


def _read(encoder: Encoder, folder: Path | None = None) -> _Read:
    known = _intents()
    vectors = example_vectors(known.examples, encoder, folder)
    for read in _reads:
        if read.vectors is vectors:
            return read
    mean = vectors.mean(axis=0, dtype=np.float64)
    turned = _turned(vectors, mean)
    taught = _taught(known.alike + turned @ turned.T, known.owners, len(known.names))
    _reads[:] = [*_reads[-2:], _Read(vectors, mean, turned, taught)]
    return _reads[-1]


def _turned(vectors: Vectors, mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    out = vectors - mean
    return np.asarray(out / (np.linalg.norm(out, axis=-1, keepdims=True) + 1e-9), dtype=np.float64)


def warm(encoder: Encoder, folder: Path | None = None) -> None:
    """Encode the examples now, or take their vectors from `folder`; without it the first message waits."""
    _read(encoder, folder)


def scores(
    text: str, said: Collection[str], encoder: Encoder | None = None, question: str = ""
) -> dict[str, float]:
    """Each intent's score for a normalised text, of which the model, where there is one, reads `question`."""
    known, weights = _intents(), data("intents")["weights"]
    alike = _shared(text)
    best = np.zeros((len(known.names), 2))
    for i, value in zip(known.owners, alike, strict=True):
        row = best[i]
        if value > row[0]:
            row[1], row[0] = row[0], value
        elif value > row[1]:
            row[1] = value
    total = (best[:, 0] * 0.7 + best[:, 1] * 0.3) * weights["nearest"]
    if encoder is None:
        total += alike @ known.taught * weights["taught"]
    else:  # the model reads what the search reads: once for both
        read = _read(encoder)
        vector = _turned(encoder.encode([asked(question)], "query")[0], read.mean)
        total += (alike + read.turned @ vector) @ read.taught * weights["taught_by_model"]
    for (cue, weight), i in zip(known.cues, known.cue_owners, strict=True):
        if cue.search(text):
            total[i] += weight
    for i, boosts in enumerate(known.facts):
        total[i] += max((w for fact, w in boosts.items() if fact in said), default=0.0)
    return {name: float(value) for name, value in zip(known.names, total, strict=True)}


def _sure(total: dict[str, float]) -> bool:
    """Whether words alone decide, and the model need not be asked."""
    weights = data("intents")["weights"]
    second, first = sorted(total.values())[-2:]
    return bool(first >= weights["sure"] and first - second >= weights["ahead"])


_NO_CASE = {"smalltalk", "off_topic", "correction", "why", "why_not", "how_to", "what_if"}


def cued(text: str) -> bool:
    """Whether a stretch of text holds a cue of the field."""
    known = _intents()
    return any(
        w >= 0.4 and known.names[i] not in _NO_CASE and c.search(text)
        for (c, w), i in zip(known.cues, known.cue_owners, strict=True)
    )


def _answerable(rest: str, beyond: Sequence[str], said: Collection[tuple[str, str]]) -> bool:
    """Whether `rest`, beside what lies outside, is a question or a case of the field."""
    if cued(rest):
        return True
    if "compliance" in beyond and not asks(rest):
        return False
    if any(quote in rest for _, quote in said):
        return True
    # No word of the field's, no figure: the examples tell, for who is angry about a case has one.
    total = scores(rest, ()) if rest and ("abuse" in beyond or asks(rest)) else {}
    best = max(total, key=total.__getitem__, default="smalltalk")
    return best not in _NO_CASE and bool(total[best] >= data("intents")["weights"]["case"])


def classify(
    text: str,
    *,
    beyond: Sequence[str],
    rest: str,
    question: str,
    said: Collection[tuple[str, str]],
    role: str | None,
    correction: bool,
    supposed: bool,
    answering: bool,
    encoder: Encoder | None,
) -> Topics:
    """Intents and refusals of a normalised message in which the facts `said` (with quotes) were read.

    `beyond` and `rest` are what `refusals.outside` found, `question` is what the model reads.
    """
    answerable = _answerable(rest, beyond, said)
    if beyond and not answerable:
        order: Sequence[str] = data("refusals")["order"]
        refused = min(beyond, key=order.index)
        return Topics(
            ("off_topic",)
            if refused == "off_topic"
            else ("smalltalk",)
            if refused == "abuse"
            else ("lookup",),
            refused,
            (),
        )
    aside = tuple(k for k in beyond if k != "abuse")
    facts = {fact for fact, _ in said}
    weights: dict[str, Any] = data("intents")["weights"]
    total = scores(rest or text, facts)
    if encoder is not None and not _sure(total):
        total = scores(rest or text, facts, encoder, question)
    # Words of correcting may only complain (说不上来哪不对); a correction may be no known turn of phrase.
    total["correction"] += weights["correction"] * ((1.0 if facts else 0.5) if correction else -1.0)
    if supposed:
        total["what_if"] += weights["supposed"]
    for name, boost in data("intents")["roles"].get(role, {}).items():
        total[name] += boost
    ranked = sorted(total, key=lambda name: (-total[name], list(total).index(name)))
    first = ranked[0]
    if total[first] < weights["least"]:
        fallback = "smalltalk" if not re.search(r"\w{2}", text) else "lookup"
        return Topics((fallback,), None, aside)
    if first == "off_topic":
        if not facts and not cued(text):
            return Topics(("off_topic",), "off_topic", (), guessed=True)
        first = (ranked := ranked[1:])[0]  # it only sounds like it: 天气冷了羽绒服怎么清
    keep = [n for n in ranked if total[n] >= max(weights["least"], total[first] * weights["keep"])]
    if first in {"smalltalk", "off_topic"}:
        keep = [first]
    keep = [n for n in keep if n == first or n not in {"smalltalk", "off_topic"}]
    for rule in data("intents")["together"]:
        if (
            rule["intent"] in keep[: weights["most"]]
            and facts & set(rule["facts"])
            and rule["add"] not in keep
        ):
            keep.insert(keep.index(rule["intent"]) + 1, rule["add"])
    if answering and keep == ["lookup"]:
        keep = ["smalltalk"]  # the reply to a question names no topic: the conversation's goes on
    return Topics(tuple(keep[: weights["most"]]), None, aside)
