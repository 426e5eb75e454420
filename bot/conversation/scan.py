"""One message laid out for reading: its numbers as single characters, its clauses, whose figures they are."""

from __future__ import annotations

import datetime as dt
import functools
import re
from bisect import bisect_right
from dataclasses import dataclass, field

from bot.conversation.lexicon import Lexicon
from bot.conversation.numbers import Number, numbers
from bot.conversation.text import any_of, data

_BLANK = re.compile(r"(?:(?<=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff](?:gmv|gpm|roi|sku))) $")
_FIRST = 0xE000
_KINDS = ["plain", "plain_scaled", "weak", "money", "money_scaled", "rate", "seconds", "points", "hours",
          "days", "days1", "days7", "days30", "period", "period1", "period7", "period30", "count", "ratio",
          "times", "nothing", "date"]  # fmt: skip
_CHAR = {kind: chr(_FIRST + i) for i, kind in enumerate(_KINDS)}
NUMBER_CHARS = f"{chr(_FIRST)}-{chr(_FIRST + len(_KINDS) - 1)}"
_WHOSE = ("other", "past", "peer", "median", "now", "self")
_DIGIT = re.compile(f"[{NUMBER_CHARS}]")
CLASSES = {
    "money": ["plain", "plain_scaled", "money", "money_scaled"],
    "small": ["plain", "money"],
    "rate": ["plain", "rate"],
    "pct": ["rate"],
    "count": ["plain", "plain_scaled", "weak", "count"],
    "units": ["count"],
    "time": ["seconds", "points"],
    "hours": ["hours"],
    "days": ["days", "days1", "days7", "days30"],
    "span": ["days", "days1", "days7", "days30", "period", "period1", "period7", "period30"],
    "times": ["times"],
    "date": ["date"],
    "day": ["days1", "period1"],
    "week": ["days7", "period7"],
    "month": ["days30", "period30"],
    "num": ["plain", "weak", "ratio"],
    "any": _KINDS,
}


def char_class(name: str) -> str:
    """The characters that stand for numbers of a class, for use in a pattern."""
    return "[" + "".join(_CHAR[kind] for kind in CLASSES[name]) + "]"


_GROUP = re.compile(r"<([a-z]+)>")


def expand(source: str) -> str:
    """A pattern of the data (`<money>`, `~`) as a regular expression over skeletons."""
    cues = data("cues")
    source = source.replace("~~", f"[^{NUMBER_CHARS}{re.escape(cues['sentence_ends'])}]{{0,10}}?")
    source = source.replace("~", f"[^{NUMBER_CHARS}{re.escape(cues['clause_ends'])}]{{0,6}}?")
    source = source.replace("<.>", f"[{NUMBER_CHARS}]")
    return _GROUP.sub(lambda m: f"({char_class(m[1])})", source)


def _char(token: Number) -> str:
    kind = token.kind
    if kind in {"days", "period"} and token.high is None and token.value in {1, 7, 30}:
        return _CHAR[f"{kind}{token.value:.0f}"]
    if token.scaled and kind in {"plain", "money"}:
        return _CHAR[kind + "_scaled"]
    return _CHAR[kind]


@dataclass(slots=True)
class Scan:
    """`skeleton` is the text with each number as one character; `tokens` by its place there."""

    text: str
    skeleton: str
    tokens: dict[int, Number]
    origin: list[int]  # place in `text` of each place in `skeleton`, and its end
    states: list[frozenset[str]] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    not_values: set[int] = field(default_factory=set)  # "不是5万"
    nearest: dict[int, str] = field(default_factory=dict)  # place of a used number → fact

    def quote(self, start: int, end: int) -> str:
        """The words of the message between two places of the skeleton."""
        return self.text[self.origin[start] : self.origin[end]].strip()

    clauses: list[int] = field(default_factory=list)  # where they start
    sentences: list[int] = field(default_factory=list)

    def clause(self, place: int) -> tuple[int, int]:
        """Start and end of the clause around a place."""
        return self._around(place, self.clauses)

    def sentence(self, place: int) -> tuple[int, int]:
        """Start and end of the sentence around a place."""
        return self._around(place, self.sentences)

    def _around(self, place: int, starts: list[int]) -> tuple[int, int]:
        i = bisect_right(starts, place) - 1
        return starts[i], starts[i + 1] - 1 if i + 1 < len(starts) else len(self.skeleton)


@functools.cache
def _cues() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    cues = data("cues")
    said = {name: any_of(cues[name]) for name in _WHOSE}
    said["past"] = "|".join([said["past"], *cues["past_if"]])
    whose = "|".join(f"(?P<{name}>{said[name]})" for name in _WHOSE)
    no = re.compile(
        rf"(?:(?P<no>{any_of([*cues['not_this'], *cues['said_as']])})|{any_of(cues['no_value_after'])})"
        rf"\s?[{NUMBER_CHARS}]"
    )
    return (
        re.compile(whose),
        re.compile(rf"(?P<before>{any_of(cues['suppose'])})|(?P<after>{any_of(cues['suppose_after'])})"),
        re.compile(any_of(cues["norm"])),
        no,
    )


def scan(text: str, lex: Lexicon, today: dt.date = dt.date.min) -> Scan:
    """Lay out a normalised text; `today` is what a day without a year is counted from."""
    no_numbers = [m.span() for m in lex.word_pattern.finditer(text)]
    for name in data("cues")["unclear_numbers"]:
        no_numbers += [m.span() for p in data("cues")["unclear"][name] for m in re.finditer(p, text)]
    found = numbers(text, no_numbers, today)
    pieces: list[str] = []
    origin: list[int] = []
    tokens: dict[int, Number] = {}
    at = 0
    for token in found:
        end = token.start
        if _BLANK.search(text, at, end) or (end - at == 1 and text[at] == " " and _is_period(found, tokens)):
            end -= 1  # "一天 22 单", "GMV 38万": a blank before a number parts nothing
        pieces.append(text[at:end])
        origin.extend(range(at, end))
        tokens[len(origin)] = token
        pieces.append(_char(token))
        origin.append(token.start)
        at = token.end
    pieces.append(text[at:])
    origin.extend(range(at, len(text) + 1))
    # The end of a number is where the next character begins, blanks aside (`quote` strips).
    out = Scan(text, "".join(pieces), tokens, origin)
    cues = data("cues")
    stops = {
        m.start() for m in re.finditer(r"(?<=[a-z" + NUMBER_CHARS + r"])\.(?=\s)", out.skeleton)
    }  # English
    ends = [(i, c) for i, c in enumerate(out.skeleton) if c in cues["clause_ends"] or i in stops]
    out.clauses = [0, *(i + 1 for i, _ in ends)]
    out.sentences = [0, *(i + 1 for i, c in ends if c in cues["sentence_ends"] or i in stops)]
    out.states = _states(out)
    for m in _cues()[3].finditer(out.skeleton):
        (out.not_values if m["no"] else out.used).add(m.end() - 1)
    return out


@functools.cache
def _heads() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    cues = data("cues")
    whose = "|".join(f"(?P<{name}>{any_of(cues[name])})" for name in ("peer", "median"))
    ends = any_of(cues["head_ends"])
    head = re.compile(rf"(?:{whose})(?!对比|比较|对照)[^\n,。;:{NUMBER_CHARS}]{{0,8}}(?::\s*|\n)")
    return head, re.compile(rf"(?:{ends})"), re.compile(any_of(cues["story"]))


def _mark_heads(s: Scan, states: list[frozenset[str]]) -> None:
    """Spread whose figures a head names over all that follows, and a story of another shop to its end."""
    head, ends, story = _heads()
    heads = list(head.finditer(s.skeleton))
    for n, m in enumerate(heads):
        stop = heads[n + 1].start() if n + 1 < len(heads) else len(s.skeleton)
        if end := ends.search(s.skeleton, m.end(), stop):
            stop = end.start()
        for i in range(m.end(), stop):
            states[i] = states[i] - {"self", "now"} | {str(m.lastgroup)}
    for m in story.finditer(s.skeleton):
        stop = s.sentence(m.start())[1]
        if end := ends.search(s.skeleton, m.end(), stop):
            stop = end.start()
        for i in range(m.end(), stop):
            states[i] = states[i] - {"self", "now"} | {"other"}


def _is_period(found: list[Number], laid: dict[int, Number]) -> bool:
    """Whether the number just laid out is a stretch of time without a number (每天)."""
    return bool(laid) and found[len(laid) - 1].kind == "period"


@functools.cache
def _wishes() -> re.Pattern[str]:
    return re.compile("|".join(expand(p) for p in data("cues")["suppose_if"]))


def _is_now(s: Scan, place: int) -> bool:
    token = s.tokens[place]
    return token.kind == "period" and s.text.startswith(tuple(data("cues")["now_starts"]), token.start)


def _states(s: Scan) -> list[frozenset[str]]:
    """For each place: peer, other, past, now, self, suppose, norm, as its clause's cues have it."""
    whose, suppose, norm, _ = _cues()
    sentence_ends = data("cues")["sentence_ends"]
    states: list[frozenset[str]] = []
    spans = [s.clause(start) for start in s.clauses]
    kinds: list[set[str]] = []
    for n, (a, b) in enumerate(spans):
        whole: set[str] = set()
        piece = s.skeleton[a:b]
        for m in suppose.finditer(piece):
            whole.add("suppose")
            numberless = not _DIGIT.search(piece)
            if m["after"] and numberless and n and s.skeleton[spans[n - 1][1]] not in sentence_ends:
                kinds[n - 1].add("suppose")
        if norm.search(piece):
            whole.add("norm")
        kinds.append(whole)
    for (a, b), whole in zip(spans, kinds, strict=True):
        current: set[str] = set()
        marks = {m.start(): str(m.lastgroup) for m in whose.finditer(s.skeleton, a, b)}
        marks |= {p: "now" for p in range(a, b) if p in s.tokens and _is_now(s, p)}
        for i in range(a, b):
            mark = marks.get(i)
            if s.skeleton[i] == " " and i - 1 in s.tokens and s.skeleton[i + 1 : i + 2] >= "\u4e00":
                current = current - {"peer", "median"}  # in a message without commas
            if mark in {"self", "now"}:
                gone = {"other", "peer", "median"} if mark == "self" else {"past", "median"}
                current = current - gone | {mark}
            elif mark == "median":
                current = current - {"now", "peer", "other"} | {mark}
            elif mark:
                current = current - {"now", "median"} - ({"self"} if mark != "past" else set()) | {mark}
            states.append(frozenset(current | whole))
        states.append(frozenset())
    _mark_heads(s, states)
    for m in _wishes().finditer(s.skeleton):
        for i in range(*m.span()):
            states[i] = states[i] | {"suppose"}
    return states
