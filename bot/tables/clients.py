"""One row as a client: facts from its columns, then from its notes, and what has to be checked with it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.conversation.text import data
from bot.conversation.understand import Reading, figures
from bot.tables.cells import Got, is_missing, rate, read, says, share, written
from bot.tables.data import columns, plain, words
from bot.tables.grid import Row
from bot.tables.heads import Column, Header
from rules.facts import Fact, Rejected, Value

_COLON = ": "  # of either width: texts are compared in one
_NOTE = 3  #: characters of which a note consists at least


@dataclass(slots=True)
class Client:
    """`facts` with the assumptions some rest on; `check`: (fact, value as written, reason) to be verified;
    `blank`: the facts whose column is empty here; `raw`: cells as they stand, by the fact read from them."""

    row: int
    name: str
    facts: dict[str, Value] = field(default_factory=dict)
    assumed: dict[str, str] = field(default_factory=dict)
    check: list[dict[str, Any]] = field(default_factory=list)
    blank: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)


def cell(row: Row, column: Column) -> Any:
    """The value of a row in a column, None beyond its end."""
    return row.values[column.index] if column.index < len(row.values) else None


def percent(row: Row, column: Column) -> bool:
    """Whether Excel shows the cell as per cent."""
    shown = row.formats[column.index] if row.formats and column.index < len(row.formats) else None
    return bool(shown) and "%" in str(shown)


def name_of(row: Row, header: Header) -> str:
    """Who the client is: by the best of the name columns that is filled."""
    for column in header.names:
        value = cell(row, column)
        if not is_missing(value):
            return " ".join(str(written(value)).split())
    return ""


def left_out(row: Row, header: Header) -> str | None:
    """Why a row below the head is no client: blank, head (once more), total, footnote; None if it is one."""
    filled = [i for i, v in enumerate(row.values) if v is not None and v != "" and not str(v).isspace()]
    if not any(i not in header.serial for i in filled):
        return "blank"
    texts = [row.values[i] for i in filled[:2]]
    if texts[0] in header.cells and [" ".join(str(row.values[i]).split()) for i in filled] == header.told:
        return "head"
    first, named = _short(texts[0]), _short(name_of(row, header))
    if first in words("total") or named in words("total"):
        return "total"
    if (
        len(filled) == 1
        and isinstance(texts[0], str)
        and plain(texts[0]).startswith(tuple(words("footnote")))
    ):
        return "footnote"
    return None


def _short(value: Any) -> str:
    """A text that may be the word for a total; longer ones, which are none, as nothing."""
    return plain(value).rstrip(_COLON) if isinstance(value, str) and len(value) <= 12 else ""


def client(row: Row, header: Header, facts: Mapping[str, Fact], today: dt.date) -> Client:
    """Read one row. Never raises for any cell."""
    out = Client(row.number, name_of(row, header))
    notes: list[str] = []
    growth: tuple[Column, Any] | None = None
    doubts: dict[str, tuple[Column, Any]] = {}
    for column in header.columns:
        value = cell(row, column)
        if column.kind == "note" and isinstance(value, str) and len(value.strip()) >= _NOTE:
            notes.append(value)
        elif column.kind == "growth":
            growth = column, value
        elif column.kind in {"fact", "rate"}:
            chosen = [facts[n] for n in column.facts]
            if is_missing(value) and not any(says(value, f) for f in chosen):
                for fact in chosen[:1]:
                    out.blank.setdefault(fact.name, written(value) if value is not None else "")
                continue
            shown = percent(row, column)
            got = (
                read(value, column, chosen, shown, today, header.unit)
                if chosen
                else rate(value, column, shown)
            )
            if got is None:
                doubts[column.head] = column, value
            else:
                _enter(out, got, _as_seen(value, shown), column)
    _before(out, growth, row)
    _read_notes(out, notes, doubts, facts)
    for name in out.facts:
        out.blank.pop(name, None)
    return out


def _as_seen(value: Any, shown: bool) -> Any:
    """A cell as a person sees it: 1.2 that Excel shows as per cent is 120%."""
    if shown and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value * 100:.6g}%"
    return written(value)


def _enter(out: Client, got: Got, value: Any, column: Column) -> None:
    """A value read from a column; a second one that says otherwise takes both away."""
    twice = [c for c in out.check if c["fact"] == got.fact and c["reason"] == "contradictory"]
    if twice or out.facts.get(got.fact, got.value) != got.value:
        before = out.facts.pop(got.fact, None)
        if before is not None:
            out.check.append({"fact": got.fact, "value": out.raw[got.fact], "reason": "contradictory"})
        out.check.append({"fact": got.fact, "value": value, "reason": "contradictory"})
        return
    out.facts[got.fact] = got.value
    out.raw[got.fact] = value
    if got.assumed:
        out.assumed[got.fact] = got.assumed
    if column.days:
        out.facts.setdefault(columns()["period"]["gives"], column.days)


def _before(out: Client, growth: tuple[Column, Any] | None, row: Row) -> None:
    """The month before, from the growth on it."""
    rule = columns()["growth"]
    now = out.facts.get(rule["of"])
    if growth is None or is_missing(growth[1]):
        return
    column, value = growth
    change = share(value, column, percent(row, column))
    if change is None or change <= -1:
        out.check.append({"fact": rule["gives"], "value": written(value), "reason": "unreadable"})
    elif rule["gives"] not in out.facts and isinstance(now, int | float):
        before = round(now / (1 + change), 2)
        out.facts[rule["gives"]] = int(before) if before == int(before) else before


def _read_notes(
    out: Client, notes: Sequence[str], doubts: Mapping[str, tuple[Column, Any]], facts: Mapping[str, Fact]
) -> None:
    """Facts said in words: in the notes, and in cells that hold more than a value. Columns count first."""
    for head, (column, value) in doubts.items():
        readings: tuple[Reading, ...] = ()
        rejected: tuple[Rejected, ...] = ()
        said = isinstance(value, str) and any("\u4e00" <= c <= "\u9fff" for c in value)
        if said:
            readings, rejected = _figures(f"{head} {value}", facts)
        mine = [r for r in readings if r.fact not in out.facts]
        for reading in mine:
            _take(out, reading)
        told = {r.fact for r in mine} | {r.fact for r in rejected}
        if not told or (column.facts and told.isdisjoint(column.facts)):
            fact = column.facts[0] if column.facts else str(data("cues")["several_rates"]["else"])
            out.check.append({"fact": fact, "value": written(value), "reason": "unreadable"})
        for bad in rejected:
            _reject(out, bad)
    columns_said = dict(out.facts)
    for note in notes:
        readings, rejected = _figures(note, facts)
        for reading in readings:
            if reading.fact not in columns_said:
                _take(out, reading)
            elif columns_said[reading.fact] != reading.value and isinstance(
                reading.value, bool | int | float
            ):
                out.check.append({"fact": reading.fact, "value": reading.value, "reason": "note_differs"})
        for bad in rejected:
            _reject(out, bad)


def _take(out: Client, reading: Reading) -> None:
    if reading.fact == "role":
        return
    out.facts.setdefault(reading.fact, reading.value)
    if reading.assumed and reading.fact not in out.assumed:
        out.assumed[reading.fact] = reading.assumed


def _reject(out: Client, bad: Rejected) -> None:
    out.check.append({"fact": bad.fact, "value": bad.value, "reason": bad.reason, "ask": list(bad.ask)})


_dictionary: list[Mapping[str, Fact]] = []


@functools.lru_cache(4096)
def _cached(text: str) -> tuple[tuple[Reading, ...], tuple[Rejected, ...]]:
    readings, rejected = figures(text, _dictionary[0])
    return tuple(readings), tuple(rejected)


def _figures(text: str, facts: Mapping[str, Fact]) -> tuple[tuple[Reading, ...], tuple[Rejected, ...]]:
    if not _dictionary or _dictionary[0] is not facts:
        _dictionary[:] = [facts]
        _cached.cache_clear()
    return _cached(text)
