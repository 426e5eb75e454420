"""The turns of phrase of `data/patterns.yaml` and `patterns_en.yaml`, applied to a laid-out message."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.conversation.fit import Fit, fit
from bot.conversation.lexicon import Lexicon
from bot.conversation.scan import Scan, expand
from bot.conversation.text import data
from rules.facts import Value


@dataclass(frozen=True, slots=True)
class Found:
    """A value read for a fact, at a place of the skeleton."""

    fact: str
    value: Value
    place: int
    start: int
    end: int
    assumed: str | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry of the data: `beside` must stand in the same sentence, `not_after` not just before it."""

    say: re.Pattern[str]
    not_after: re.Pattern[str] | None
    beside: re.Pattern[str] | None
    facts: tuple[str | None, ...]
    units: tuple[tuple[str, ...] | None, ...]
    entry: dict[str, Any]


@functools.cache
def _patterns() -> tuple[Pattern, ...]:
    out = []
    for entry in (*data("patterns"), *data("patterns_en")):
        before = entry.get("not_after") or entry.get("unless")
        facts = tuple(entry.get("facts", ()))
        units = tuple(tuple(u) if u else None for u in entry.get("units", ())) or (None,) * len(facts)
        guard = re.compile(f"(?:{expand(before)})$") if before else None
        beside = re.compile(expand(entry["with"])) if "with" in entry else None
        out.append(Pattern(re.compile(expand(entry["say"])), guard, beside, facts, units, entry))
    return tuple(out)


def apply(s: Scan, lex: Lexicon, late: bool = False) -> Iterator[Found]:
    """Every reading that a turn of phrase gives; marks the numbers it uses.

    The `late` ones name no fact word: they are tried on what the words have left over.
    """
    for pattern in _patterns():
        if bool(pattern.entry.get("late")) != late:
            continue
        for m in pattern.say.finditer(s.skeleton):
            if pattern.not_after and pattern.not_after.search(s.skeleton[max(0, m.start() - 12) : m.start()]):
                continue
            around = slice(None) if pattern.entry.get("anywhere") else slice(*s.sentence(m.start()))
            if pattern.beside and not pattern.beside.search(s.skeleton[around]):
                continue
            yield from _match(pattern, m, s, lex)


def _match(pattern: Pattern, m: re.Match[str], s: Scan, lex: Lexicon) -> Iterator[Found]:
    entry = pattern.entry
    assumed, sure = entry.get("assumed"), entry.get("confidence", 1.0)
    for fact, value in entry.get("give", {}).items():
        if fact in lex.facts:
            yield Found(fact, value, m.start(), m.start(), m.end(), assumed, min(sure, 0.95))
    if "ratio" in entry:
        yield from _ratio(pattern, m, s, lex)
        return
    fits: list[tuple[str, Fit, int]] = []
    for i, (fact, units) in enumerate(zip(pattern.facts, pattern.units, strict=True), 1):
        place = m.start(i)
        if fact is None or place < 0:
            continue
        token = s.tokens[place]
        if place in s.used or place in s.not_values or fact not in lex.facts:
            return
        if (units and token.unit not in units) or token.value != entry.get("only", token.value):
            return
        if token.kind in {"days", "period"} and token.value < entry.get("at_least", 0):
            return
        got = fit(lex.facts[fact], token)
        if got is None or (entry.get("scaled") and not token.scaled and token.kind not in {"days", "period"}):
            return
        if "below" in entry and not (isinstance(got.value, int | float) and got.value < entry["below"]):
            return
        if entry.get("possible") and lex.facts[fact].out_of_range(got.value):
            return
        fits.append((fact, got, place))
    if fits or not any(pattern.facts):
        s.used.update(m.start(i) for i in range(1, len(pattern.facts) + 1) if m.start(i) >= 0)
    for fact, got, place in fits:
        value = got.value if isinstance(got.value, str) else _turned(got.value, entry)
        s.used.add(place)
        s.nearest[place] = fact
        yield Found(fact, value, place, m.start(), m.end(), got.assumed or assumed, min(got.confidence, sure))


def _turned(value: float, entry: dict[str, Any]) -> float | int:
    value = entry.get("is", value) * entry.get("times", 1)
    return -value if entry.get("negate") else round(1 - value, 8) if entry.get("complement") else value


def _ratio(pattern: Pattern, m: re.Match[str], s: Scan, lex: Lexicon) -> Iterator[Found]:
    """A rate said as two counts: 一百次曝光能进来18个."""
    entry, places = pattern.entry, [m.start(1), m.start(2)]
    units = zip(places, pattern.units, strict=False)
    if any(wanted and s.tokens[p].unit not in wanted for p, wanted in units):
        return
    whole, part = (s.tokens[p].value for p in places)
    if s.used & set(places) or entry["ratio"] not in lex.facts or not 0 <= part <= whole or not whole:
        return
    s.used.update(places)
    for place in places:
        s.nearest[place] = entry["ratio"]
    yield Found(entry["ratio"], round(part / whole, 8), places[1], m.start(), m.end(), confidence=0.9)
