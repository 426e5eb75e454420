"""From values found in a message to readings: whose figure, of when, supposed or meant, possible or not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from bot.conversation.lexicon import Lexicon
from bot.conversation.patterns import Found
from bot.conversation.scan import Scan
from bot.conversation.text import data
from rules.facts import NUMERIC, Rejected, Value


@dataclass(frozen=True, slots=True)
class Reading:
    """One fact said: its value, the words it was read from, and the assumption it rests on, if any."""

    fact: str
    value: Value
    confidence: float
    quote: str
    assumed: str | None = None


@dataclass(slots=True)
class Settled:
    """What became of the values: read, supposed (a what-if), or rejected."""

    readings: list[Reading] = field(default_factory=list)
    supposed: list[Reading] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def settle(s: Scan, lex: Lexicon, found: list[Found], correction: bool) -> Settled:
    """Readings, supposed values and rejected ones: whose figure, of when, possible or not."""
    out = Settled()
    kept: dict[str, list[Found]] = {}
    past: dict[str, Found] = {}
    for f in sorted(found, key=lambda f: f.place):
        state = s.states[f.place] if f.place < len(s.states) else frozenset[str]()
        fact = f.fact
        if fact.startswith(("peer_", "own_median_")):
            pass
        elif group := next((g for g in ("median", "peer") if g in state), None):
            fact = f"own_median_{fact}" if group == "median" else f"peer_{fact}"
            if fact not in lex.facts:
                continue
        elif "other" in state or (
            "norm" in state and "self" not in state and lex.facts[fact].type in NUMERIC
        ):
            continue
        if "suppose" in state:
            out.supposed.append(_reading(s, f, fact))
        elif "past" in state and f.place in s.tokens and "prev" not in fact and "trend" not in fact:
            past.setdefault(fact, f)
        else:
            kept.setdefault(fact, []).append(f)
    for fact, f in past.items():
        kept.setdefault(fact, [f])
    for fact, several in kept.items():
        _settle(s, lex, fact, several, correction, out)
    return out


def _reading(s: Scan, f: Found, fact: str) -> Reading:
    return Reading(fact, f.value, round(f.confidence, 2), s.quote(f.start, f.end), f.assumed)


def _settle(s: Scan, lex: Lexicon, fact: str, several: list[Found], correction: bool, out: Settled) -> None:
    entry = lex.facts[fact]
    if entry.type == "counts":
        merged: dict[str, int] = {}
        for f in several:
            if isinstance(f.value, dict):
                merged |= f.value
        if len(merged) < 2:  # "签一个头部" counts nothing
            return
        several = [Found(fact, merged, several[0].place, several[0].start, several[-1].end, confidence=0.9)]
    stated = [f for f in several if f.assumed is None] or several
    different = {repr(f.value) for f in stated}
    if len(different) > 1 and not correction and entry.type == "enum" and _compares(s):
        return  # "随心推和全域有啥区别" names two and states none
    if len(different) > 1 and not correction and entry.adds:
        parts = [f.value for f in stated if isinstance(f.value, int | float)]
        stated = [dataclasses.replace(stated[0], value=round(sum(parts), 2))]
        different = {""}
    if len(different) > 1 and not correction:
        out.rejected += [Rejected(fact, f.value, "contradictory", _ask(lex, fact)) for f in stated]
        return
    f = stated[-1] if correction else stated[0]
    value = f.value
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (reason := entry.out_of_range(value))
    ):
        out.rejected.append(Rejected(fact, value, reason, _ask(lex, fact)))
        return
    out.readings.append(_reading(s, f, fact))
    rule = data("cues")["live_days"]
    if (
        fact == rule["from"]
        and isinstance(value, int)
        and value <= rule["at_most"]
        and rule["to"] in lex.facts
    ):
        quote = s.quote(f.start, f.end)
        out.readings.append(Reading(rule["to"], value, rule["confidence"], quote, "live_days_from_age"))


def _compares(s: Scan) -> bool:
    return any(word in s.skeleton for word in data("cues")["compare"])


def _ask(lex: Lexicon, fact: str) -> tuple[str, ...]:
    """The counts to send instead of an impossible value; the fact itself where it has no parts."""
    return tuple(lex.facts[fact].instead) or (fact,)
