"""Which words name which fact, compiled once from the fact dictionary."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.conversation.numbers import is_unit
from bot.conversation.text import any_of, data, normalise
from rules.facts import Fact

# A word that stands for one of several rates (LC-11); resolved by the value.
RATE = "?rate"


@dataclass(slots=True)
class Lexicon:
    """`names`: word → facts (or `fact.value` for counts); `values`: word → (fact, value) pairs; …"""

    facts: Mapping[str, Fact]
    names: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    verdicts: dict[str, tuple[str, bool]] = field(default_factory=dict)
    name_pattern: re.Pattern[str] = re.compile("(?!)")
    value_pattern: re.Pattern[str] = re.compile("(?!)")
    verdict_pattern: re.Pattern[str] = re.compile("(?!)")
    word_pattern: re.Pattern[str] = re.compile("(?!)")


@functools.cache
def _inside() -> re.Pattern[str]:
    return re.compile(any_of(data("cues")["inside"]))


def plainly(phrase: str) -> str:
    """A phrase without the words that only colour it: 差评特别多 is 差评多."""
    return phrase[0] + _inside().sub("", phrase[1:-1]) + phrase[-1] if len(phrase) > 2 else phrase


def _loosely(phrases: Iterable[str]) -> str:
    """A pattern for phrases with such words anywhere inside."""
    return any_of(phrases, gap=f"(?:{_inside().pattern})?")


_built: list[Lexicon] = []


def lexicon(facts: Mapping[str, Fact]) -> Lexicon:
    """The lexicon of `facts`, built once for each dictionary object."""
    for known in _built:
        if known.facts is facts:
            return known
    built = _build(facts)
    _built[:] = [*_built[-3:], built]
    return built


def _build(facts: Mapping[str, Fact]) -> Lexicon:
    lex = Lexicon(facts)
    for fact in facts.values():
        if fact.name == "role":  # said in many ways; `cues.yaml` reads it
            continue
        for word in fact.words:
            lex.names.setdefault(normalise(word), []).append(fact.name)
        for verdict, phrases in ((True, fact.yes), (False, fact.no)):
            for phrase in phrases:
                lex.verdicts[normalise(phrase)] = (fact.name, verdict)
        for value, choice in fact.values.items():
            for word in {normalise(w) for w in choice.words}:
                if fact.type == "counts":
                    lex.names.setdefault(word, []).append(f"{fact.name}.{value}")
                else:
                    lex.values.setdefault(word, []).append((fact.name, value))
    for word in data("cues")["several_rates"]["words"]:
        lex.names.setdefault(normalise(word), []).insert(0, RATE)
    lex.name_pattern = re.compile(any_of(lex.names))
    # Goods are said in one piece; only phrases may hold such a word, and each place for one costs time.
    goods = {w for w, pairs in lex.values.items() if {f for f, _ in pairs} == {"category"}}
    lex.values = {w if w in goods else plainly(w): pairs for w, pairs in lex.values.items()}
    phrases = [w for w in lex.values if w not in goods]
    lex.value_pattern = re.compile(f"{_loosely(phrases)}|{any_of(goods)}")
    lex.verdicts = {plainly(phrase): verdict for phrase, verdict in lex.verdicts.items()}
    lex.verdict_pattern = re.compile(_loosely(lex.verdicts))
    # No number begins or ends inside a word: 家具 holds no unit 家, 近7天停留 no 7.
    lex.word_pattern = re.compile(
        any_of(w for w in [*lex.names, *lex.values, *lex.verdicts] if not is_unit(w))
    )
    return lex
