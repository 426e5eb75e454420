"""One cell as a value of a fact: amounts in every spelling, shares, times, dates, yes and no, words."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bot.conversation.fit import Fit, fit, several_rates
from bot.conversation.numbers import Number, numbers
from bot.conversation.text import data
from bot.tables.data import columns, plain, words
from bot.tables.heads import Column
from rules.facts import NUMERIC, Fact, Value

_AMOUNT = re.compile(
    r"^[约≈~¥$+\s]*(-?)\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)\s*([^\d\s.,:/~\-]{0,6})$"
)
_DATE = re.compile(r"^(?:(20\d\d)\s?[-/.年]\s?)?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?[日号]?(?:\s.*)?$")
_PARTS = re.compile(r"[、,,/;;++&\s]+")
_SPREAD = 1e7  #: a fact that can reach this is given in the unit of the whole table


@dataclass(frozen=True, slots=True)
class Got:
    """A value of a fact, and the code of the assumption it rests on."""

    fact: str
    value: Value
    assumed: str | None = None


def is_missing(value: Any) -> bool:
    """Whether a cell says nothing: empty, a dash, N/A, an error of Excel."""
    if value is None:
        return True
    if not isinstance(value, str):
        return False
    text = value.strip()
    return not text or text.lower() in words("missing") or plain(text) in words("missing")


def written(value: Any) -> Any:
    """A cell as JSON holds it."""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    return value


def read(
    value: Any, column: Column, facts: Iterable[Fact], percent: bool, today: dt.date, whole: Number | None
) -> Got | None:
    """The cell as the first of `facts` that it can be, None where it is none of them.

    `percent`: Excel shows it as per cent. `whole`: the unit that the sheet gives for its large sums.
    """
    for fact in facts:
        if fact.type in NUMERIC:
            found = _number(value, column, fact, percent, whole)
            if found is not None:
                return Got(fact.name, found.value, found.assumed)
        else:
            other = _other(value, fact, today)
            if other is not None:
                return Got(fact.name, other)
    return None


def rate(value: Any, column: Column, percent: bool) -> Got | None:
    """A bare 转化率: which one it is, its size tells (LC-11)."""
    token = amount(value, column, percent, None)
    if token is not None and token.kind in {"plain", "weak"} and abs(token.value) >= column.cents_from:
        token = replace(token, kind="rate", value=round(token.value / 100, 10))
    found = several_rates(token, "转化率") if token else None
    return Got(found[0], found[1], found[2]) if found else None


def share(value: Any, column: Column, percent: bool) -> float | None:
    """A change as a ratio: −25%, 0.1, ↓22%, 跌了两成."""
    token = amount(value, column, percent, None)
    if token is None or token.high is not None or token.scaled:
        return None
    if token.kind not in {"plain", "weak", "rate"}:
        return None
    cents = token.kind != "rate" and abs(token.value) >= column.cents_from
    change = token.value / 100 if cents else token.value
    falls = isinstance(value, str) and any(w in value.lower() for w in columns()["down"])
    return -abs(change) if falls else change


def amount(value: Any, column: Column, percent: bool, whole: Number | None) -> Number | None:
    """The number of a cell in the unit of its head, None where it is no single number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        if not abs(value) < 1e300:
            return None
        if percent:
            return Number(0, 1, "rate", float(value))
        return _in_unit(Number(0, 1, "plain", float(value)), column.unit or whole)
    if isinstance(value, str):
        token = _written(value)
        if token is None or not abs(token.value) < 1e300:
            return None
        if token.kind not in {"plain", "weak"} or token.scaled:
            return token
        return _in_unit(token, column.unit or whole)
    return None


def _in_unit(token: Number, unit: Number | None) -> Number:
    if unit is None:
        return token
    high = None if token.high is None else round(token.high * unit.value, 10)
    return replace(
        token,
        kind=unit.kind,
        value=round(token.value * unit.value, 10),
        high=high,
        scaled=unit.scaled,
        unit=unit.unit,
    )


@functools.lru_cache(65536)
def _written(text: str) -> Number | None:
    """One number expression that is the whole of a text, but for words that only colour it."""
    told = plain(text).replace("−", "-").replace("﹣", "-")
    if m := _AMOUNT.match(told):
        size, kind, scaled = _unit(m[3])
        if kind:
            number = float(m[2].replace(",", "")) * size * (-1 if m[1] else 1)
            return Number(0, 1, kind, round(number, 10), scaled=scaled, unit="" if scaled else m[3])
    if re.fullmatch(r"-?\d+(?:\.\d+)?e[+-]?\d{1,3}", told):  # as Excel writes a large number into a .csv
        return Number(0, 1, "plain", float(told))
    if m := re.match(r"^\(([\d,.]+)\)$", told):  # an accountant's negative
        return Number(0, 1, "plain", -float(m[1].replace(",", ""))) if _AMOUNT.match(m[1]) else None
    found = [t for t in numbers(told) if t.kind != "period"]
    if len(found) != 1:
        return None
    rest = told[: found[0].start] + told[found[0].end :]
    return (
        found[0]
        if not re.search(r"\d", rest) and len(rest) <= max(6, found[0].end - found[0].start)
        else None
    )


@functools.lru_cache(256)
def _unit(word: str) -> tuple[float, str, bool]:
    """Size, kind and whether it scales, of what stands behind a number; no kind: not understood."""
    if not word:
        return 1.0, "plain", False
    units = data("units")
    for magnitude, size in units["magnitudes"].items():
        if word == magnitude:
            return float(size), "plain", True
        if word.startswith(magnitude):
            inner, kind, scaled = _unit(word[len(magnitude) :])
            if kind in {"money", "count"} and not scaled:
                return size * inner, kind, True
    for kind, named in units["units"].items():
        if word in named and kind != "nothing":
            return float(named[word]), kind, False
    return 1.0, "", False


def _number(value: Any, column: Column, fact: Fact, percent: bool, whole: Number | None) -> Fit | None:
    if isinstance(value, dt.time | dt.timedelta):
        return _clock(value, fact)
    large = fact.type == "money" and fact.range is not None and fact.range[1] >= _SPREAD
    token = amount(value, column, percent, whole if large else None)
    if token is None:
        return None
    if fact.type == "ratio" and token.kind in {"plain", "weak"}:
        if token.scaled:
            return None
        size = 0.01 if abs(token.value) >= column.cents_from else 1.0
        high = None if token.high is None else round(token.high * size, 10)
        token = replace(token, kind="rate", value=round(token.value * size, 10), high=high)
    elif token.kind == "weak":
        token = replace(token, kind="plain")
    if token.scaled and token.kind == "plain" and fact.type == "money":
        token = replace(token, kind="money")
    if token.kind == "count" and fact.unit and not token.unit:
        token = replace(token, kind="plain")
    found = fit(fact, token, column.head)
    return None if found and fact.type == "int" and found.value != int(found.value) else found


def _clock(value: dt.time | dt.timedelta, fact: Fact) -> Fit | None:
    """What Excel made a time of: 1:12 typed for a minute and twelve seconds, 1:3 for an ROI."""
    if isinstance(value, dt.timedelta):
        seconds = int(value.total_seconds())
        first, second, third = seconds // 3600, seconds // 60 % 60, seconds % 60
    else:
        first, second, third = value.hour, value.minute, value.second
    if fact.unit == "秒":
        long = first * 3600 + second * 60 + third
        return Fit(long if third or not first else first * 60 + second)
    if fact.unit is None and fact.type == "number" and first and not third:
        return Fit(round(second / first, 6))
    return None


def _other(value: Any, fact: Fact, today: dt.date) -> Value | None:
    if fact.type == "date":
        return date(value, today)
    if isinstance(value, bool):
        return value if fact.type == "bool" else None
    if isinstance(value, int | float):
        value = f"{value:g}"
    if not isinstance(value, str):
        return None
    if fact.type == "bool":
        return _truth(value, fact)
    if fact.type == "enum":
        return _choice(value, fact)
    if fact.type == "set":
        parts = [p for p in _PARTS.split(plain(value)) if p]
        found = [_exactly(p, fact) for p in parts]
        return [v for v in fact.values if v in found] if found and all(found) else None
    return None


def _truth(value: str, fact: Fact) -> bool | None:
    raw, told = value.strip().lower(), plain(value)
    for answer, name, own in ((True, "yes", fact.yes), (False, "no", fact.no)):
        if raw in words(name) or told in words(name) or told in {plain(w) for w in own}:
            return answer
    return None


def says(value: Any, fact: Fact) -> bool:
    """Whether a mark of absence (无, ×) is an answer in the column of this fact."""
    return fact.type == "bool" and isinstance(value, str) and _truth(value, fact) is not None


@functools.lru_cache(64)
def _said(values: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    return {plain(w): value for value, spoken in values for w in spoken}


def _spoken(fact: Fact) -> dict[str, str]:
    """The words of an enum or set, each to its value."""
    return _said(tuple((v, (v, c.title, *c.words)) for v, c in fact.values.items()))


def _exactly(told: str, fact: Fact) -> str | None:
    return _spoken(fact).get(told)


def _choice(value: str, fact: Fact) -> str | None:
    """The value whose word the cell is, or else the longest of its words that the cell holds."""
    told, known = plain(value), _spoken(fact)
    if told in known:
        return known[told]
    part_of = {v for w, v in known.items() if told in w}
    if len(told) > 1 and len(part_of) == 1:  # 贸易 for 贸易商
        return part_of.pop()
    within = [w for w in known if w in told and (len(w) > 1)]
    longest = [w for w in within if len(w) == max(map(len, within))]
    return known[min(longest, key=told.index)] if longest else None


def date(value: Any, today: dt.date) -> str | None:
    """A day as 2026-11-11; without a year the one that comes next, or was within the last two months."""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if not isinstance(value, str):
        return None
    told = plain(value)
    m = _DATE.match(columns()["festivals"].get(told, told))
    if not m:
        return None
    try:
        day = dt.date(int(m[1] or today.year), int(m[2]), int(m[3]))
        if not m[1] and (today - day).days > 60:
            day = day.replace(year=day.year + 1)
    except ValueError:
        return None
    return day.isoformat()
