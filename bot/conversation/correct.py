"""What depends on the conversation: corrections of known facts, and bare replies to a question."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from bot.conversation.extract import Name
from bot.conversation.fit import Fit, fit
from bot.conversation.lexicon import Lexicon
from bot.conversation.numbers import Number
from bot.conversation.patterns import Found
from bot.conversation.scan import Scan
from bot.conversation.text import any_of, data
from rules.facts import NUMERIC, Value


@functools.cache
def _cues() -> dict[str, re.Pattern[str]]:
    cues, reply = data("cues"), data("cues")["reply"]
    return {
        "correct": re.compile(any_of(cues["correct"])),
        "strong": re.compile(any_of(cues["correct_strong"])),
        "retract": re.compile(any_of(cues["retract"])),
        "unknown": re.compile(any_of(reply["unknown"])),
        "yes": re.compile(any_of(reply["yes"])),
        "no": re.compile(any_of(reply["no"])),
    }


def is_correction(s: Scan, known: Mapping[str, Value]) -> bool:
    """Something said before is put right: a plain cue (不是) counts only beside a number it rejects."""
    if _cues()["strong"].search(s.skeleton):
        return True
    return bool(s.not_values) or bool(known and _cues()["correct"].search(s.skeleton[:12]) and s.tokens)


def corrected(s: Scan, lex: Lexicon, known: Mapping[str, Value]) -> Iterator[Found | None]:
    """A number without a word that puts a known fact right; None where several facts may be meant."""
    old = [s.tokens[p] for p in sorted(s.not_values)]
    free = [p for p in s.tokens if p not in s.used and p not in s.not_values]
    for place in free:
        token = s.tokens[place]
        fits = [
            (f, got)
            for f in known
            if f in lex.facts
            and lex.facts[f].type in NUMERIC
            and (got := fit(lex.facts[f], token)) is not None
            and lex.facts[f].out_of_range(got.value) is None
        ]
        named = [(f, got) for f, got in fits if any(_held(lex, f, o, known) for o in old)]
        fits = named or ([] if old else fits)
        usual = [(f, got) for f, got in fits if f in data("cues")["correction_default"] and token.scaled]
        fits = usual if len(fits) > 1 and not named and usual else fits
        if len(fits) == 1 or named:
            s.used.add(place)
            f, got = fits[0]
            yield Found(f, got.value, place, place, place + 1, got.assumed, min(got.confidence, 0.9))
        elif fits:
            yield None


def _held(lex: Lexicon, fact: str, old: Number, known: Mapping[str, Value]) -> bool:
    got = fit(lex.facts[fact], old)
    value = known[fact]
    numbers = got is not None and isinstance(got.value, int | float) and isinstance(value, int | float)
    return numbers and abs(got.value - value) < 1e-9  # type: ignore[union-attr,operator]


def retracted(s: Scan, found: list[Name], lex: Lexicon) -> tuple[str, ...]:
    """Facts withdrawn without a new value: 预算先不算."""
    out: list[str] = []
    for m in _cues()["retract"].finditer(s.skeleton):
        start, end = s.clause(m.start())
        if any(start <= p < end for p in s.tokens):
            continue
        for name in found:
            if start <= name.start < end:
                out += [f for f in name.facts if f in lex.facts][:1]
    return tuple(dict.fromkeys(out))


def knows_not(s: Scan) -> bool:
    """Whether the whole of a short message says that the answer is not known."""
    return len(s.skeleton) <= 20 and not s.tokens and bool(_cues()["unknown"].search(s.skeleton))


def replies(s: Scan, lex: Lexicon, asked: tuple[str, ...], taken: set[str]) -> Iterator[Found]:
    """A bare answer to what was asked: 35, 一个月, 没有. "不知道" answers nothing."""
    cues, text = _cues(), s.skeleton.strip(" 。!,~.")
    if not asked or len(text) > 40 or (cues["unknown"].search(text) and not s.tokens):
        return
    open_facts = [f for f in asked if f in lex.facts and f not in taken]
    for place in sorted(s.tokens):
        if place in s.used:
            continue
        fits = [(f, got) for f in open_facts if (got := _answer(lex, f, s.tokens[place])) is not None]
        possible = [(f, got) for f, got in fits if lex.facts[f].out_of_range(got.value) is None]
        for fact, got in (possible or fits)[:1]:
            open_facts.remove(fact)
            taken.add(fact)
            s.used.add(place)
            yield Found(fact, got.value, place, place, place + 1, got.assumed, min(got.confidence, 0.9))
    if taken or cues["unknown"].search(text):
        return
    for fact in open_facts:
        if s.tokens and lex.facts[fact].type != "bool":
            continue
        value = _word_answer(lex, fact, text)
        if value is not None:
            yield Found(fact, value, 0, 0, len(s.skeleton), confidence=0.85)
            return


def _answer(lex: Lexicon, fact: str, token: Number) -> Fit | None:
    if token.kind == "period":
        return Fit(int(token.value)) if lex.facts[fact].unit == "天" else None
    return fit(lex.facts[fact], token)


def _word_answer(lex: Lexicon, fact: str, text: str) -> Value | None:
    cues, reply = _cues(), data("cues")["reply"]
    entry = lex.facts[fact]
    if entry.unit == "天" and (days := reply["periods"].get(text)) is not None:
        return int(days)
    no, yes = cues["no"].match(text), cues["yes"].match(text)
    if entry.type == "bool" and len(text) <= 12:
        if no or re.match(r"\w{1,3}(?:没|不)", text):
            return False
        if yes or text.endswith(("了", "过", "的")):
            return True
    if no and len(text) <= 6 and fact in reply["none_is_zero"]:
        return 0
    return None
