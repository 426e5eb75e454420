"""One message to what it says and asks: deterministic, offline, no language model.

normalise → numbers with their places → turns of phrase, then the nearest fact words → whose figure, when,
supposed or meant → range → readings. Every word of the trade stands in data: the words of a fact with the
fact, units and cues and example messages in `bot/conversation/data`.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.conversation import correct, extract, patterns
from bot.conversation.intents import Topics, classify, cued
from bot.conversation.lexicon import Lexicon, lexicon
from bot.conversation.patterns import Found
from bot.conversation.refusals import outside
from bot.conversation.scan import Scan, expand, scan
from bot.conversation.settle import Reading, settle
from bot.conversation.text import any_of, data, language, normalise, unread
from bot.conversation.vectors import Encoder
from rules.facts import Fact, Rejected, Value

__all__ = ["Encoder", "Reading", "Understanding", "figures", "understand"]


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a message says and asks. `supposed` holds the values of a what-if, which are no facts."""

    language: str
    role: str | None
    readings: tuple[Reading, ...]
    rejected: tuple[Rejected, ...]
    intents: tuple[str, ...]
    refused: str | None
    set_aside: tuple[str, ...]
    correction: bool
    retracted: tuple[str, ...]
    unclear: tuple[str, ...]
    question: str
    command: str | None
    supposed: tuple[Reading, ...] = ()
    knows_not: bool = False  # "不知道" to a question of the last turn
    guessed: bool = False  # the refusal rests on examples alone
    unread: int = 0  # characters of a very long message that were left out


def understand(
    text: str,
    *,
    facts: Mapping[str, Fact],
    known: Mapping[str, Value] | None = None,
    asked: tuple[str, ...] = (),
    encoder: Encoder | None = None,
    today: dt.date = dt.date.min,
) -> Understanding:
    """Read one message.

    `known` are the facts the session holds (a correction finds its fact there), `asked` those the last turn
    asked for (a bare "35" answers the first that it fits). Without an encoder, intents come from cues and
    shared wording alone. `today` is what 下周三 is counted from. Never raises for any text.
    """
    known = known or {}
    plain = normalise(text)
    command = _command(plain)
    if command:  # answered at once, without waiting for words or model
        return Understanding(
            language(text[:4000]), None, (), (), ("smalltalk",), None, (), False, (), (), plain, command
        )
    lex = lexicon(facts)
    whole = scan(plain, lex, today)
    unclear = _unclear(whole)
    s = scan(_first_shop(plain), lex, today) if "several_shops" in unclear else whole
    correction = correct.is_correction(s, known)
    if "several_clients" in unclear:
        s = scan("", lex)
    found, named, unknown_target = _find(s, lex, known, asked, correction, "several_shops" in unclear)
    sorted_ = settle(s, lex, found, correction)
    if sorted_.supposed and not known and _stated_case(plain):
        sorted_.readings += sorted_.supposed
        sorted_.supposed = []
    if unknown_target:
        unclear = (*unclear, "which_fact")
    retracted = correct.retracted(s, named, lex)
    said = {r.fact for r in sorted_.readings}
    role = _role(plain)
    beyond, rest = outside(plain, cued)
    question = _question(rest if beyond and rest else plain)
    topics: Topics = classify(
        plain,
        beyond=beyond,
        rest=rest,
        question=question,
        said=[*((r.fact, r.quote) for r in sorted_.readings), *((r.fact, "") for r in sorted_.rejected)],
        role=role,
        correction=correction or bool(retracted),
        supposed=bool(sorted_.supposed),
        answering=bool(asked and said),
        encoder=encoder,
    )
    return Understanding(
        language=language(text[:4000]),
        role=role,
        readings=tuple(sorted_.readings),
        rejected=tuple(sorted_.rejected),
        intents=topics.intents,
        refused=topics.refused,
        set_aside=topics.set_aside,
        correction=correction,
        retracted=tuple(f for f in retracted if f not in said),
        unclear=unclear,
        question=_question(plain) if topics.refused else question,
        command=None,
        supposed=tuple(sorted_.supposed),
        guessed=topics.guessed,
        unread=unread(text),
        knows_not=bool(asked) and not said and correct.knows_not(s),
    )


def figures(text: str, facts: Mapping[str, Fact]) -> tuple[list[Reading], list[Rejected]]:
    """The facts that a note says, and its impossible values; not what it asks or supposes. Never raises."""
    lex = lexicon(facts)
    s = scan(normalise(text), lex)
    found, _, _ = _find(s, lex, {}, (), False, False)
    sorted_ = settle(s, lex, found, False)
    return sorted_.readings, sorted_.rejected


def _find(
    s: Scan,
    lex: Lexicon,
    known: Mapping[str, Value],
    asked: tuple[str, ...],
    correction: bool,
    several: bool,
) -> tuple[list[Found], list[extract.Name], bool]:
    named = extract.names(s, lex)
    found = list(patterns.apply(s, lex))
    found += extract.nearest(s, named, lex)
    found += extract.inherit(s, named, lex)
    found += extract.alone(s, lex)
    if not several:  # what no word claims may be of another shop
        found += patterns.apply(s, lex, late=True)
    found += extract.choices(s, lex, asked)
    found += extract.verdicts(s, lex)
    unsure = False
    if correction and known:
        for read in correct.corrected(s, lex, known):
            if read is None:
                unsure = True
            else:
                found.append(read)
    if not (correction and found):  # the value that a correction puts aside answers no question
        found += correct.replies(s, lex, asked, {f.fact for f in found})
    found += _budget_period(s, lex, found)
    found += _was(s, lex, found)
    return found, named, unsure and not found


def _budget_period(s: Scan, lex: Lexicon, found: list[Found]) -> list[Found]:
    """The stretch of time named beside a budget: 这个月预算5万, 预算120万一个季度."""
    rule = data("cues")["budget_period"]
    if rule["to"] not in lex.facts or any(f.fact == rule["to"] for f in found):
        return []
    for budget in (f for f in found if f.fact == rule["from"]):
        start, end = s.sentence(budget.place)
        near = [
            p
            for p, t in s.tokens.items()
            if start <= p < end
            and p not in s.used
            and t.kind in {"days", "period"}
            and abs(p - budget.place) <= rule["within"]
        ]
        for place in sorted(near, key=lambda p: abs(p - budget.place)):
            s.used.add(place)
            return [Found(rule["to"], int(s.tokens[place].value), place, place, place + 1, confidence=0.9)]
    return []


def _was(s: Scan, lex: Lexicon, found: list[Found]) -> list[Found]:
    """A month said by the other: GMV从120万到75万, 比上个月少了三成, 上个月12万这个月翻倍."""
    said = {f.fact for f in found}
    rule = data("cues")["than_last"]
    now = next((f for f in found if f.fact == rule["of"] and isinstance(f.value, int | float)), None)
    last = next((f for f in found if f.fact == rule["to"] and isinstance(f.value, int | float)), None)
    if last and not now and (m := re.search(expand(rule["double"]), s.skeleton)):
        doubled = Found(rule["of"], last.value * 2, m.start(), m.start(), m.end(), confidence=0.8)  # type: ignore[operator]
        return [doubled]
    if now and rule["to"] in lex.facts and rule["to"] not in said:
        for sign, source in ((-1, rule["less"]), (1, rule["more"])):
            m = re.search(expand(source), s.skeleton)
            change = s.tokens[m.start(1)].value * sign if m else 0
            if m and change > -1 and change:
                s.used.add(m.start(1))
                before = round(float(now.value) / (1 + change), 2)  # type: ignore[arg-type]
                return [Found(rule["to"], before, m.start(1), m.start(), m.end(), confidence=0.8)]
    return [
        Found(earlier, int(was) if was == int(was) else was, f.place, f.start, f.end, confidence=0.9)
        for f in found
        if (earlier := data("cues")["was"].get(f.fact)) in lex.facts
        and earlier not in said
        and (token := s.tokens.get(f.place)) is not None
        and (was := token.was) is not None
    ]


@functools.cache
def _compiled(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    cues = data("cues")[kind]
    return tuple((name, re.compile("|".join(p))) for name, p in cues.items())


@functools.cache
def _second_shop() -> re.Pattern[str]:
    return re.compile("|".join(data("cues")["second_shop"]))


def _unclear(s: Scan) -> tuple[str, ...]:
    return tuple(name for name, pattern in _compiled("unclear") if pattern.search(s.text))


def _first_shop(text: str) -> str:
    """Of several shops in one message the first alone is read, if it can be told apart."""
    parts = _second_shop().split(text, maxsplit=1)
    return parts[0] if len(parts) > 1 and parts[0].strip() else text


def _role(text: str) -> str | None:
    return next((role for role, pattern in _compiled("role") if pattern.search(text)), None)


@functools.cache
def _asides() -> re.Pattern[str]:
    return re.compile("|".join(data("cues")["asides"]))


@functools.cache
def _greetings() -> re.Pattern[str]:
    words = any_of(data("cues")["greetings"])
    return re.compile(rf"^(?:(?:{words})[\s,,。!~啊呀哈吗]*)+|(?:[\s,,。!~]*(?:{words}))+[\s,,。!~]*$")


def _stated_case(text: str) -> bool:
    """Whether an "if" only states the case (如果毛利45%,保本多少), with nothing known to differ from."""
    cues = data("cues")
    return bool(re.search(any_of(cues["suppose"]), text)) and not re.search(
        any_of(cues["suppose_after"]), text
    )


def _question(text: str) -> str:
    """What is asked: without greeting and thanks, who asks for whom, and in which form it is wanted."""
    lines = _greetings().sub("", _asides().sub(" ", text)).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines if line.strip()) or text


def _command(text: str) -> str | None:
    said = text.strip(" 。!.,")
    for name, words in data("cues")["commands"].items():
        if said in words or (said.startswith("/") and said.split()[0] in words):
            return str(name)
    return said.split()[0][1:] or None if said.startswith("/") else None
