"""What is wrong with the fields of one override, and what would be right: codes of findings with values."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from rules.errors import phrase, sentences, shown
from rules.facts import Choice
from rules.parameters import Parameter, Table, written
from rules.slips import FIELDS, meant_date, meant_number

DAY = "2026-11-23"  #: the day in examples
_WORDS = ("why", "by", "on")
Problem = tuple[str, str, dict[str, object]]  #: code, the field whose line is meant, values


def problems(
    old: Parameter, entry: Mapping[str, Any], categories: Mapping[str, Choice], *, words: bool = True
) -> Iterator[Problem]:
    """What is wrong with an override of `old`; without `words` only its numbers are looked at."""
    meant = {field: _meant(field) for field in entry if field not in FIELDS}
    for field, near in meant.items():
        right = (
            phrase("write_instead", name=near) if near else phrase("only_fields", fields="、".join(FIELDS))
        )
        yield "no_such_field", field, {"near": right}
    value, rows = entry.get("value"), entry.get("by_category")
    if value is not None:
        yield from _about_value(old, value)
    elif not rows and not {"value", "by_category"} & set(meant.values()):
        yield "changes_nothing", "value", {"example": usual(old)}
    if rows is not None and not isinstance(rows, Mapping):
        yield "not_a_table", "by_category", {"value": shown(rows)}
    elif rows:
        yield from _about_rows(old, rows, categories)
    if words:
        yield from _about_words({f: entry.get(f) for f in _WORDS if f not in meant.values()})


def usual(old: Parameter | None) -> str:
    """The number that counts without an override, as an example."""
    return "…" if old is None or isinstance(old.value, dict) else written(old.value)


def _meant(field: str) -> str | None:
    """The field that another name stands for."""
    called = next((f for f, words in sentences()["fields"].items() if field in words), None)
    return called or next(iter(difflib.get_close_matches(field, FIELDS, n=1, cutoff=0.5)), None)


def _about_value(old: Parameter, value: Any) -> Iterator[Problem]:
    if not isinstance(old.value, dict):
        if isinstance(value, dict):
            yield "other_shape_number", "value", {"example": usual(old)}
        else:
            yield from _about_number(old, value, "value", "value")
        return
    was, now = _cells(old.value) or set(), _cells(value)
    if now is None:
        yield "other_shape_cell", "value", {"value": shown(value), "table": _typed(old.value)}
        return
    if was != now:
        yield "other_shape_table", "value", {"difference": _difference(was, now), "table": _typed(old.value)}
        return
    for row, cells in value.items():
        for cell, number in cells.items():
            yield from _about_number(old, number, "value", f"{row}.{cell}")


def _about_rows(
    old: Parameter, rows: Mapping[str, Any], categories: Mapping[str, Choice]
) -> Iterator[Problem]:
    for row, value in rows.items():
        if row in categories:
            yield from _about_number(old, value, "by_category", row)
            continue
        called = next((c for c, v in categories.items() if row == v.title or row in v.words), None)
        titles = "、".join(f"{c}({v.title})" for c, v in categories.items())
        right = phrase("write_instead", name=called) if called else phrase("category_row", values=titles)
        yield "no_category", "by_category", {"row": row, "near": right}


def _about_number(old: Parameter, value: Any, line: str, field: str) -> Iterator[Problem]:
    low, high = old.range
    if isinstance(value, bool) or not isinstance(value, int | float):
        meant = meant_number(value) if isinstance(value, str) else None
        if meant is not None and old.unit == "%" and "%" in str(value):
            meant *= 100  # its numbers are percent already
        if meant is not None and low <= meant <= high:
            right = phrase("write_instead", name=f"{field}: {written(meant)}")
        else:
            right = phrase("a_number", field=field, example=usual(old))
        yield "not_a_number", line, {"field": field, "value": shown(value), "right": right}
    elif not low <= value <= high:
        ends = {"low": written(low), "high": written(high)}
        right = phrase("in_range", **ends)
        if old.unit is None and low <= value / 100 <= high:
            percent = phrase("percent_meant", percent=f"{written(value)}%", value=written(value / 100))
            right = f"{right},{percent}"
        yield "outside_range", line, {"field": field, "value": written(value), "right": right, **ends}


def _about_words(words: Mapping[str, Any]) -> Iterator[Problem]:
    for field, value in words.items():
        if value is None or value == "":
            example = DAY if field == "on" else phrase(f"say.{field}")
            yield "missing", field, {"meaning": phrase(f"meaning.{field}"), "example": example}
        elif field != "on" and not isinstance(value, str):
            yield "not_a_text", field, {"value": shown(value)}
        elif field == "on" and type(value) is not dt.date:
            yield "not_a_date", field, {"value": shown(value), "example": meant_date(shown(value)) or DAY}


def _cells(value: Any) -> set[str] | None:
    """The cells of a table, row.column; None where it is none."""
    if not isinstance(value, dict) or not all(isinstance(cells, dict) for cells in value.values()):
        return None
    return {f"{row}.{cell}" for row, cells in value.items() for cell in cells}


def _difference(was: set[str], now: set[str]) -> str:
    """The cells that a table lacks and those that nobody knows."""
    parts = (("missing_rows", was - now), ("extra_rows", now - was))
    return "".join(phrase(code, names="、".join(_rows(names, was | now))) for code, names in parts if names)


def _rows(names: set[str], every: set[str]) -> Iterator[str]:
    """The cells by name; a row as one where all its cells are among them."""
    for row in sorted({n.partition(".")[0] for n in names}):
        own = {n for n in every if n.startswith(f"{row}.")}
        yield row if own <= names else "、".join(sorted(own & names))


def _typed(value: Table) -> str:
    return shown({row: {c: written(n) for c, n in cells.items()} for row, cells in value.items()})
