"""Numbers to the fact words beside them, and the facts that words alone say (类目, 有没有, 阶段)."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from bot.conversation.fit import fit, several_rates
from bot.conversation.lexicon import RATE, Lexicon, plainly
from bot.conversation.patterns import Found
from bot.conversation.scan import NUMBER_CHARS, Scan
from bot.conversation.text import any_of, data
from rules.facts import Value

_NUMBER = re.compile(f"[{NUMBER_CHARS}]")
_LATIN = re.compile(r"[a-z]+")
_FAR = 4.5  # a gap that costs more separates a word from a number
_COMMA = 2.5
_BEFORE = 1.2  # "129客单": a number before its word is rarer than after
_GAP_BEFORE = re.compile(r"[的个点 左右多+]{0,3}")


@dataclass(frozen=True, slots=True)
class Name:
    """A fact word at its place, with the facts it may name."""

    start: int
    end: int
    word: str
    facts: tuple[str, ...]


@functools.cache
def _fillers() -> re.Pattern[str]:
    return re.compile(any_of(data("cues")["fillers"]))


@functools.cache
def _apart() -> re.Pattern[str]:
    return re.compile(any_of(data("cues")["apart"]))


def names(s: Scan, lex: Lexicon) -> list[Name]:
    """The fact words of a message, longest first at each place."""
    found = ((m, lex.names.get(" ".join(m[0].split()), [])) for m in lex.name_pattern.finditer(s.skeleton))
    return [Name(m.start(), m.end(), m[0], tuple(facts)) for m, facts in found]


def _gap_cost(gap: str) -> float:
    """How far apart a word and a number stand: fillers cost little, a sentence end everything."""
    cues = data("cues")
    if len(gap) > 24 or any(c in cues["sentence_ends"] for c in gap) or _NUMBER.search(gap):
        return 99
    commas = sum(c in cues["clause_ends"] for c in gap)
    apart = len(_apart().findall(gap))
    rest, fillers = _fillers().subn("", gap)
    rest = _LATIN.sub("a", rest)
    return apart * 2 + commas * _COMMA + fillers * 0.2 + (len(rest) - commas)


def nearest(s: Scan, found: list[Name], lex: Lexicon) -> Iterator[Found]:
    """Each unused number to the nearest word whose unit and type it fits; one number, one fact."""
    pairs: list[tuple[float, int, int, Name]] = []
    free = sorted(p for p in s.tokens if p not in s.used and p not in s.not_values)
    starts = [n.start for n in found]
    for i, name in enumerate(found):
        for place in free[bisect_left(free, name.start - 4) : bisect_left(free, name.end + 25)]:
            if place >= name.end and place - name.end <= 24:
                cost = _gap_cost(s.skeleton[name.end : place])
                cost += 0.6 * _numbers_first(s, name, found)
                cost += 99 * (i + 1 < len(found) and starts[i + 1] < place)
            elif place < name.start and name.start - place <= 4:
                gap = s.skeleton[place + 1 : name.start]
                cost = _BEFORE + 0.3 * len(gap) if _GAP_BEFORE.fullmatch(gap) else 99
                cost -= _leads(s, place, found)
            else:
                continue
            if cost <= _FAR:
                pairs.append((cost, place, name.start, name))
    taken: set[tuple[int, str]] = set()
    pairs.sort(key=lambda p: p[:3])
    # A possible value comes before an impossible one: of 主播要10万 no hosts are made.
    for possible in (True, False):
        for cost, place, _, name in pairs:
            if place in s.used:
                continue
            for read in _read(s, place, name, lex, cost):
                if (name.start, read.fact) in taken and not _aside(s, place):
                    continue
                if (
                    possible
                    and isinstance(read.value, int | float)
                    and lex.facts[read.fact].out_of_range(read.value)
                ):
                    continue
                taken.add((name.start, read.fact))
                s.used.add(place)
                s.nearest[place] = read.fact
                yield read
                break


def _leads(s: Scan, place: int, found: list[Name]) -> float:
    """In "20万坑位+20%佣金" the numbers come first; then each belongs to the word after it."""
    first = bisect_left(found, s.clause(place)[0], key=lambda n: n.start)
    return 1.1 if first == len(found) or found[first].start > place else 0.0


def _numbers_first(s: Scan, name: Name, found: list[Name]) -> bool:
    start, _ = s.clause(name.start)
    first = found[bisect_left(found, start, key=lambda n: n.start)].start
    return any(p in s.tokens and p not in s.used for p in range(max(start, first - 2), first))


def _aside(s: Scan, place: int) -> bool:
    return bool(s.states[place] & {"other", "past"})


def _read(s: Scan, place: int, name: Name, lex: Lexicon, cost: float) -> Iterator[Found]:
    token = s.tokens[place]
    if token.kind == "weak" and cost > 1.5:
        return
    span = (min(place, name.start), max(place + 1, name.end))
    sure = 0.95 if cost < 2 else 0.8
    for fact in name.facts:
        if fact == RATE:
            if (rate := several_rates(token, name.word)) is not None:
                yield Found(rate[0], rate[1], place, *span, assumed=rate[2], confidence=rate[3])
            continue
        fact_name, _, part = fact.partition(".")
        if (other := _elsewhen(fact_name)) and other.search(_near(s, *span)):
            continue
        if part:
            if token.kind in {"count", "plain"} and token.value == int(token.value):
                none = token.value == 1 and _word_cues()["none_after"].match(s.skeleton, place + 1)
                count = 0 if none else int(token.value)
                yield Found(fact_name, {part: count}, place, *span, confidence=sure)
            continue
        if (got := fit(lex.facts[fact_name], token, name.word)) is not None:
            yield Found(
                fact_name, got.value, place, *span, assumed=got.assumed, confidence=min(sure, got.confidence)
            )


def _near(s: Scan, start: int, end: int) -> str:
    """The words of the message around a reading, within its clause."""
    first, last = s.clause(start)[0], s.clause(end - 1)[1]
    return s.quote(max(first, start - 6), min(last, end + 3))


@functools.cache
def _elsewhen(fact: str) -> re.Pattern[str] | None:
    source = data("cues")["not_beside"].get(fact)
    return re.compile(source) if source else None


def inherit(s: Scan, found: list[Name], lex: Lexicon) -> Iterator[Found]:
    """ "同行停留58秒,我们33秒": a number without a word takes the word before it in the sentence."""
    for place in sorted(s.tokens):
        state = s.states[place]
        if place in s.used or place in s.not_values or not state & {"self", "now", "peer", "median"}:
            continue
        start = max(s.sentence(place)[0], place - 60)
        last = bisect_left(found, place, key=lambda n: n.start) - 1
        aside = {"other", "peer", "past", "median"}
        turned = any(s.states[p] & aside for p in range(start, place) if p in s.nearest)
        if last < 0 or found[last].start < start or not (turned or state & {"peer", "median"}):
            continue
        name = found[last]
        facts = (f.removeprefix("peer_").removeprefix("own_median_") for f in name.facts)
        own = Name(name.start, name.end, name.word, tuple(facts))
        for read in _read(s, place, own, lex, 0):
            s.used.add(place)
            yield read
            break


def alone(s: Scan, lex: Lexicon) -> Iterator[Found]:
    """Numbers whose unit names the fact: 8万粉."""
    for place, token in s.tokens.items():
        fact = data("cues")["unit_alone"].get(token.unit)
        if fact in lex.facts and place not in s.used and (got := fit(lex.facts[fact], token)):
            s.used.add(place)
            yield Found(fact, got.value, place, place, place + 1, got.assumed, min(got.confidence, 0.8))


@functools.cache
def _word_cues() -> dict[str, re.Pattern[str]]:
    cues = data("cues")
    out = {f"enum_cue.{k}": re.compile(v) for k, v in cues["enum_cue"].items()}
    out |= {f"enum_not_after.{k}": re.compile(v) for k, v in cues["enum_not_after"].items()}
    out |= {f"enum_not_before.{k}": re.compile(v) for k, v in cues["enum_not_before"].items()}
    out |= {f"set_cue.{k}": re.compile(v) for k, v in cues["set_cue"].items()}
    out["not_this"] = re.compile(rf"(?:{any_of(cues['not_this'])})\s?$")
    out["bool_not_in"] = re.compile(cues["bool_not_in"])
    out["bool_not_after"] = re.compile(cues["bool_not_after"])
    out["enum_cue_after"] = re.compile(cues["enum_cue_after"])
    out |= {f"set_bare.{k}": re.compile(cues["set_bare"][k]) for k in ("before", "after", "has")}
    out["none_after"] = re.compile(cues["none_after"])
    out["set_missing"] = re.compile(cues["set_missing"])
    out["set_missing_after"] = re.compile(cues["set_missing_after"])
    return out


def choices(s: Scan, lex: Lexicon, asked: tuple[str, ...]) -> Iterator[Found]:
    """Values that words say: the category, the stage, the goal, the functions of a team."""
    cues = _word_cues()
    functions: dict[str, list[tuple[str, int]]] = {}
    for m in lex.value_pattern.finditer(s.skeleton):
        for fact, value in lex.values.get(m[0]) or lex.values.get(plainly(m[0]), []):
            before = s.skeleton[max(0, m.start() - 8) : m.start()]
            clause = s.clause(m.start())
            sentence = s.sentence(m.start())
            if lex.facts[fact].type == "set":
                cue = cues.get(f"set_cue.{fact}")
                told = fact in asked or (cue and cue.search(s.skeleton[sentence[0] : sentence[1]]))
                if told and _has_function(s.skeleton, m, before):
                    functions.setdefault(fact, []).append((value, m.start()))
                continue
            if cues["not_this"].search(before):
                continue
            plain = m[0] in data("cues")["enum_plain"]
            if (cue := cues.get(f"enum_cue.{fact}")) and fact not in asked and not plain:
                near = s.skeleton[max(clause[0], m.start() - data("cues")["enum_cue_before"]) : m.start()]
                if not cue.search(near) and not cues["enum_cue_after"].match(s.skeleton, m.end()):
                    continue
            late, early = cues.get(f"enum_not_after.{fact}"), cues.get(f"enum_not_before.{fact}")
            if (late and late.search(before)) or (early and early.match(s.skeleton, m.end())):
                continue
            yield Found(fact, value, m.start(), m.start(), m.end(), confidence=0.9)
    for fact, said in functions.items():
        order = [v for v in lex.facts[fact].values if v in {value for value, _ in said}]
        yield Found(fact, order, said[0][1], said[0][1], said[0][1] + 1, confidence=0.8)


def _has_function(text: str, m: re.Match[str], before: str) -> bool:
    """Whether a word of a team's functions says that somebody has it: 投放有人, but not 达人占六成."""
    cues, bare = _word_cues(), data("cues")["set_bare"]["words"]
    if cues["set_missing"].search(before) or cues["set_missing_after"].match(text, m.end()):
        return False
    listed = cues["set_bare.before"].search(before) and cues["set_bare.after"].match(text, m.end())
    return m[0] not in bare or bool(listed or cues["set_bare.has"].match(text, m.end()))


def verdicts(s: Scan, lex: Lexicon) -> Iterator[Found]:
    """Yes and no said in the words of the dictionary: 有执照, 还没开店."""
    cues = _word_cues()
    for m in lex.verdict_pattern.finditer(s.skeleton):
        fact, value = lex.verdicts.get(m[0]) or lex.verdicts.get(plainly(m[0]), ("", False))
        start, end = s.clause(m.start())
        if "\u4e00" <= m[0][0] <= "\u9fff":  # in Chinese a blank parts as a comma does
            start = max(start, s.skeleton.rfind(" ", start, m.start()) + 1)
            end = end if (blank := s.skeleton.find(" ", m.end(), end)) < 0 else blank
        before = s.skeleton[start : m.start()]
        if (
            not fact
            or cues["bool_not_in"].search(s.skeleton[start:end])
            or cues["bool_not_after"].search(before)
        ):
            continue
        verdict: Value = value
        yield Found(fact, verdict, m.start(), m.start(), m.end(), confidence=0.9)
