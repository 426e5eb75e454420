"""Heads to facts: which row of a sheet names the columns, and what each column holds."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.conversation.numbers import Number, numbers
from bot.conversation.text import data
from bot.tables.data import columns, plain, words
from bot.tables.grid import Row
from rules.facts import Fact

LOOKED_AT = 40  #: rows among which the head stands
_SHORT = 40
_BRACKETS = re.compile(r"[((\[【{]([^))\]】}]*)[))\]】}]")
_MARKS = re.compile(r"[\s_\-::/·*、,,.。|>›&+]+")
_UNIT_TAIL = re.compile(r"^(.{2,}?)[/:\s]*(%|万元|万|元|秒|天|亿元|亿|千元|小时|分钟|条|人|单|次|个|s)$")
_MONTH = re.compile(r"^(?:(?:20)?(\d\d)\s?[年./-]\s?)?(1[0-2]|0?[1-9])月份?的?(.+)$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `kind`: fact, rate (one of several 转化率), name, note, serial, growth, or "" where nothing
    is understood. `facts`: those that its cells may be, the likeliest first; `unit` as the head gives it.

    `cents_from`: bare numbers of a rate are per cent from here on, below they are shares. `twice`: the head
    of the column that the same fact is read from.
    """

    index: int
    head: str
    kind: str = ""
    facts: tuple[str, ...] = ()
    unit: Number | None = None
    cents_from: float = 1.0
    twice: str | None = None
    days: int | None = None
    month: tuple[int, int] | None = None


@dataclass(frozen=True)
class Header:
    """The head of one sheet: its row, its columns (index → Column), the unit that a line above gives."""

    row: int
    columns: tuple[Column, ...]
    unit: Number | None = None
    cells: tuple[str, ...] = ()

    names: tuple[Column, ...] = ()  #: the columns that say who the client is, the best first

    @functools.cached_property
    def serial(self) -> frozenset[int]:
        """The columns of running numbers."""
        return frozenset(c.index for c in self.columns if c.kind == "serial")

    @functools.cached_property
    def told(self) -> list[str]:
        """The texts of the head's row, without its empty cells."""
        return [c for c in self.cells if c]


def bare(text: str) -> str:
    """A head without brackets, blanks and marks, in one spelling."""
    return _MARKS.sub("", plain(text))


_aliases: list[tuple[Mapping[str, Fact], dict[str, list[str]]]] = []


def aliases(facts: Mapping[str, Fact]) -> dict[str, list[str]]:
    """Bare head → facts, the likeliest first: its own heads, then names and titles, then words."""
    for known, built in _aliases:
        if known is facts:
            return built
    out: dict[str, list[str]] = {}
    readable = [f for f in facts.values() if f.name != "role"]
    for chosen in (
        lambda f: f.heads,
        lambda f: [f.name, *f.formerly, f.title, f.title_en],
        lambda f: f.words,
        lambda f: [*f.yes, *f.no],
    ):
        for fact in readable:
            for word in chosen(fact):
                mine = out.setdefault(bare(word), [])
                if fact.name not in mine:
                    mine.append(fact.name)
    _aliases[:] = [*_aliases[-3:], (facts, out)]
    return out


@functools.cache
def _decorations() -> tuple[list[str], list[str], list[str]]:
    lists = ([bare(w) for w in columns()[n]] for n in ("before", "after", "past"))
    before, after, past = (sorted(filter(None, found), key=len, reverse=True) for found in lists)
    return before, after, past


def _variants(head: str) -> list[str]:
    """A bare head, then without what may stand around a name."""
    before, after, _ = _decorations()
    out = [head]
    for _ in range(2):
        for known in list(out):
            out += [known[len(b) :] for b in before if known.startswith(b) and len(known) > len(b) + 1]
            out += [known[: -len(a)] for a in after if known.endswith(a) and len(known) > len(a) + 1]
    return list(dict.fromkeys(out))


def unit_of(text: str) -> Number | None:
    """A unit as a number of one: 万元 is 10,000 yuan; None for what is no unit."""
    text = plain(text).removeprefix("单位").strip(" :")
    if not text or len(text) > 6 or text[0].isdigit():
        return None
    if text in {"人民币", "rmb", "cny", "人民币元"}:
        text = "元"
    found = numbers(f"1{text}")
    return found[0] if len(found) == 1 and found[0].end - found[0].start == len(text) + 1 else None


def column(index: int, head: str, facts: Mapping[str, Fact]) -> Column:
    """What a head says of its column."""
    shown = " ".join(str(head).split())
    own = plain(shown)
    inside = _BRACKETS.findall(own)
    outside = _BRACKETS.sub("", own)
    units = [u for part in inside if (u := unit_of(part))]
    rest = [part for part in inside if not unit_of(part)]
    unit = units[0] if units else None
    tries = [bare(outside + "".join(rest)), bare("".join(rest) + outside), bare(outside)]
    if not unit and (m := _UNIT_TAIL.match(outside)) and (found := unit_of(m[2])):
        tries.append(bare(m[1]))
        tail: Number | None = found
    else:
        tail = None
    out = Column(index, shown, unit=unit)
    for number, name in enumerate(dict.fromkeys(t for t in tries if t)):
        read = _read(out, name, facts)
        if read is None:
            continue
        return replace(read, unit=tail) if tail and number == len(set(tries)) - 1 else read
    note = len(own) <= _SHORT and any(w in own for w in words("note"))
    return replace(out, kind="note") if note else out


def _read(out: Column, name: str, facts: Mapping[str, Fact]) -> Column | None:
    known = aliases(facts)
    _, _, past = _decorations()
    if _is_growth(name, facts):
        return replace(out, kind="growth")
    if name in _rates():
        return replace(out, kind="rate")
    if name in known and not (name in _names() and name not in _heads(facts)):
        return _fact(out, known[name])
    if name in _names():
        return replace(out, kind="name")
    if name in {bare(w) for w in columns()["serial"]} or name in words("serial"):
        return replace(out, kind="serial")
    if m := _MONTH.match(name):
        latest = columns()["months"]["latest"]
        if latest in (_lookup(m[3], facts) or ()):
            return replace(out, kind="fact", facts=(latest,), month=(int(m[1] or 0), int(m[2])))
    if any(p in name for p in past):
        return None
    found = _lookup(name, facts)
    return _fact(out, found) if found else None


def _is_growth(name: str, facts: Mapping[str, Fact]) -> bool:
    """环比, or a name of the month's sales with it: 成交金额环比."""
    rule = columns()["growth"]
    heads = [bare(h) for h in rule["heads"]]
    return name in heads or any(
        name.endswith(h) and (_lookup(name[: -len(h)], facts) or [""])[0] == rule["of"] for h in heads
    )


def _fact(out: Column, found: Sequence[str]) -> Column:
    rule = columns()["period"]
    days = next((d for w, d in rule["days"].items() if w in plain(out.head)), None)
    return replace(out, kind="fact", facts=tuple(found), days=days if rule["of"] == found[0] else None)


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(bare(n) for n in columns()["name"])


def _heads(facts: Mapping[str, Fact]) -> set[str]:
    return {bare(h) for f in facts.values() for h in [*f.heads, f.name]}


def _lookup(name: str, facts: Mapping[str, Fact]) -> list[str] | None:
    known = aliases(facts)
    return next((known[v] for v in _variants(name) if v in known), None)


@functools.cache
def _rates() -> frozenset[str]:
    """Heads that name one of several rates (转化率), to be told apart by the value."""
    return frozenset(bare(w) for w in data("cues")["several_rates"]["words"])


def _columns(cells: Sequence[Any], above: Sequence[Any], facts: Mapping[str, Fact]) -> list[Column]:
    out = []
    group = ""
    for i in range(max(len(cells), len(above))):
        own = _text(cells, i)
        over = _text(above, i)
        group = over or group
        if own and group and len(plain(group)) <= 12:
            whole = column(i, f"{group}{own}", facts)
            alone = column(i, own, facts)
            another = any(p in bare(group) for p in _decorations()[2])
            found = replace(whole, head=f"{group}/{own}") if whole.kind in {"fact", "growth"} else alone
            if another and whole.kind not in {"fact", "growth"} and alone.kind != "name":
                found = Column(i, f"{group}/{own}")
        else:
            found = column(i, own or over, facts)
        out.append(found)
    return out


def _text(cells: Sequence[Any], index: int) -> str:
    value = cells[index] if index < len(cells) else None
    return " ".join(str(value).split()) if value is not None else ""


def find(rows: Sequence[Row], facts: Mapping[str, Fact]) -> Header | None:
    """The head among a sheet's first rows: the row of which most columns are understood, two at least."""
    best: tuple[int, Header] | None = None
    for at, row in enumerate(rows):
        texts = [v for v in row.values if v not in (None, "")]
        if not texts or any(len(str(v)) > 60 for v in texts):
            continue
        above = rows[at - 1].values if at and _groups(rows[at - 1]) else ()
        for over in (above, ()) if above else ((),):
            found = _single(_months(_columns(row.values, over, facts)))
            score = sum(bool(c.kind) + (c.kind in {"fact", "rate"}) for c in found if not c.twice)
            told = [c for c in found if c.kind in {"fact", "rate", "growth"}]
            if told and (len([c for c in found if c.kind]) >= 2 or len(texts) == 1):
                if best is None or score > best[0]:
                    cells = tuple(_text(row.values, i) for i in range(len(row.values)))
                    best = (
                        score,
                        Header(row.number, tuple(found), _unit_line(rows[:at]), cells, _named(found)),
                    )
    return best[1] if best else None


def _named(found: Sequence[Column]) -> tuple[Column, ...]:
    order = [bare(n) for n in columns()["name"]]
    names = [(bare(c.head.rpartition("/")[2]), c) for c in found if c.kind == "name"]
    ranked = sorted(names, key=lambda n: (order.index(n[0]) if n[0] in order else len(order), n[1].index))
    return tuple(c for _, c in ranked)


def _groups(above: Row) -> bool:
    """Whether a row may group the columns of the one below: several short texts."""
    texts = [v for v in above.values if v not in (None, "")]
    return len(texts) >= 2 and all(isinstance(v, str) and len(v) <= _SHORT for v in texts)


def _unit_line(rows: Sequence[Row]) -> Number | None:
    pattern = re.compile(columns()["unit_line"])
    for row in rows:
        for value in row.values:
            if isinstance(value, str) and (m := pattern.search(value)):
                return unit_of(m[1])
    return None


def _months(found: list[Column]) -> list[Column]:
    """Of month columns the latest is now, the one before it the month before, older ones are nothing."""
    dated = [c for c in found if c.month]
    if not dated:
        return found
    rule = columns()["months"]
    turn = {c.month[1] for c in dated if c.month} >= {12, 1}

    def when(c: Column) -> tuple[int, int]:
        year, month = c.month or (0, 0)
        return year, month + 12 if turn and not year and month < 7 else month

    ordered = sorted(dated, key=when, reverse=True)
    out = dict(zip((c.index for c in ordered), ((rule["latest"],), (rule["before"],)), strict=False))
    gone = {c.index for c in ordered[2:]}
    return [
        Column(c.index, c.head) if c.index in gone else replace(c, facts=out.get(c.index, c.facts))
        for c in found
    ]


def _single(found: list[Column]) -> list[Column]:
    """Each fact from one column: a column whose facts are taken is kept, and not read, unless it has the very
    same head, where the two are held against each other row by row."""
    taken: dict[str, Column] = {}
    out = []
    for c in sorted(found, key=lambda c: (c.kind == "fact" and len(c.facts) > 1, c.index)):
        if c.kind == "fact":
            first = taken.get(c.facts[0])
            if first and bare(first.head) != bare(c.head):
                free = tuple(f for f in c.facts if f not in taken)
                c = replace(c, facts=free) if free else replace(c, kind="", twice=first.head)
            for name in c.facts:
                taken.setdefault(name, c)
        elif c.kind in {"growth", "rate"}:
            first = taken.setdefault(f"?{c.kind}", c)
            if first is not c:
                c = replace(c, kind="", facts=(), twice=first.head)
        out.append(c)
    return sorted(out, key=lambda c: c.index)
