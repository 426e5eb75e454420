"""The workbook: the clients in order with what was found, and a summary with a chart. Never a formula."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from bot.tables.cells import written
from bot.tables.data import worded
from bot.tables.judge import WORDS
from bot.tables.run import Record, Report
from bot.tables.summary import summary

#: priority → fill and text, dark on light or white on dark (contrast 6 and more)
COLOURS = {
    "P0": ("B42318", "FFFFFF"),
    "P1": ("F8C89A", "000000"),
    "P2": ("FFF0B3", "000000"),
    "P3": ("E3EFDA", "000000"),
}
_WIDTHS = {"priority": 14, "value_at_risk": 14, "diagnosis": 46, "first_action": 46, "check": 46,
           "capability": 11, "provider_track": 17, "stage": 10, "stage_flags": 14, "rule": 30}  # fmt: skip
_WRAPPED = frozenset({"diagnosis", "first_action", "check", "rule"})
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,10})(?:\.\d{1,10})?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NARROW = 30  # characters of a cell that is not wrapped
_TOP = Alignment(vertical="top")
_LONGEST = 32_000  # characters of a cell that Excel takes


def write(report: Report, target: Any, progress: Callable[[int], None] = lambda _: None) -> None:
    """The whole workbook to `target`, a path or an open file."""
    book = Workbook(write_only=True)
    _Clients(book, report).write(progress)
    summary(book, report)
    book.save(target)


class _Clients:
    """The sheet of clients: the input's columns first, then ours."""

    def __init__(self, book: Workbook, report: Report) -> None:
        self.report = report
        self.sheet = book.create_sheet(worded("clients"))
        keys = dict.fromkeys(k for part in report.parts for _, k in sorted(part.keys.items()))
        self.places = {key: i for i, key in enumerate(keys)}
        several = ("head_sheet", "head_name") if len(report.parts) > 1 else ()
        self.heads = [*keys, *map(worded, several), worded("head_row"),
                      *(worded(f"head_{name}") for name in WORDS)]  # fmt: skip
        self._wrapped = self._style(alignment=Alignment(wrap_text=True, vertical="top"))
        self._money = self._style(alignment=_TOP, number_format="#,##0")
        # what has no style of its own stands at the top too: styling every cell takes a third longer
        book._cell_styles[0].alignmentId = self._style(alignment=_TOP).alignmentId
        self._colours = {
            p: self._style(
                font=Font(bold=True, color=text), fill=PatternFill("solid", fgColor=fill), alignment=_TOP
            )
            for p, (fill, text) in COLOURS.items()
        }
        self._figures = [
            {c.index for c in p.header.columns if c.kind in {"fact", "rate", "growth", "serial"}}
            for p in report.parts
        ]
        self._formats: dict[str, Any] = {}
        self._guarded: dict[int, Any] = {}

    def _style(self, **how: Any) -> Any:
        cell = WriteOnlyCell(self.sheet)
        for name, value in how.items():
            setattr(cell, name, value)
        return cell._style

    def _cell(self, value: Any, style: Any) -> Any:
        """A cell in a style; a text that could be a formula is a text for good."""
        if isinstance(value, str):
            value = clean(value)
            if value.startswith(_FORMULA):
                return self._guard(value, style)
        cell = WriteOnlyCell(self.sheet, value=value)
        if style is not None:
            cell._style = style
        return cell

    def _guard(self, value: str, style: Any) -> Any:
        cell = WriteOnlyCell(self.sheet)
        known = self._guarded.get(id(style))
        if known is None:
            if style is not None:
                cell._style = style
            cell.quotePrefix = True
            known = self._guarded[id(style)] = cell._style
        cell._value, cell.data_type, cell._style = value, "s", known
        return cell

    def write(self, progress: Callable[[int], None]) -> None:
        records = self.report.records()
        ahead = [r for r, _ in zip(records, range(200), strict=False)]
        self._layout(ahead)
        head = self._style(
            font=Font(bold=True, color="FFFFFF"),
            fill=PatternFill("solid", fgColor="1F3A5F"),
            alignment=Alignment(wrap_text=True, vertical="center"),
            border=Border(bottom=Side("thin", color="FFFFFF")),
        )
        self.sheet.append([self._cell(h, head) for h in self.heads])
        for n, record in enumerate(self.report.records(), 1):
            self.sheet.append(self._row(record))
            if n % 500 == 0:
                progress(n)
        last = f"{get_column_letter(len(self.heads))}{self.report.clients + 1}"
        self.sheet.auto_filter.ref = f"A1:{last}"

    def _layout(self, ahead: Sequence[Record]) -> None:
        """Frozen head and first columns, widths by what the first rows hold."""
        names = [c.index for p in self.report.parts[:1] for c in p.header.names]
        fixed = min((self.places[self.report.parts[0].keys[i]] + 1 for i in names), default=0)
        self.sheet.freeze_panes = f"{get_column_letter(min(fixed, 4) + 1)}2"
        widths = [_wide(key) for key in self.places]
        for record in ahead:
            keys = self.report.parts[record.sheet].keys
            for i, value in enumerate(record.values):
                if i in keys and value is not None:
                    at = self.places[keys[i]]
                    widths[at] = max(widths[at], _wide(value))
        ours = [9] * (len(self.heads) - len(widths) - len(WORDS)) + [_WIDTHS[w] for w in WORDS]
        for i, width in enumerate([*(min(max(w + 2, 8), 40) for w in widths), *ours], 1):
            self.sheet.column_dimensions[get_column_letter(i)].width = width

    def _row(self, record: Record) -> list[Any]:
        part = self.report.parts[record.sheet]
        out: list[Any] = [None] * len(self.places)
        for i, value in enumerate(record.values):
            if i in part.keys and value is not None and value != "":
                shown = record.formats[i] if record.formats and i < len(record.formats) else None
                out[self.places[part.keys[i]]] = self._input(value, shown, i in self._figures[record.sheet])
        if len(self.report.parts) > 1:
            out += [self._cell(part.name, None), self._cell(record.name, None)]
        out.append(record.row)
        for name, value in zip(WORDS, record.words, strict=True):
            if name == "priority":
                out.append(self._cell(value, self._colours[record.out["priority"]]))
            elif name == "value_at_risk":
                out.append(None if value is None else self._cell(value, self._money))
            else:
                out.append(self._cell(value, self._wrapped) if value and name in _WRAPPED else value or None)
        return out

    def _input(self, value: Any, shown: str | None, figure: bool) -> Any:
        """A cell of the input as it was; a number that a .csv holds as text is one in a column of figures."""
        if isinstance(value, str):
            if figure and _NUMBER.fullmatch(value):
                return float(value) if "." in value else int(value)
            if len(value) > _NARROW or value.startswith(_FORMULA):
                return self._cell(value, self._wrapped)
            return clean(value)
        if shown is None:
            return value
        if shown not in self._formats:
            self._formats[shown] = self._style(alignment=_TOP, number_format=shown)
        return self._cell(value, self._formats[shown])


def clean(text: str) -> str:
    """Without what no workbook may hold."""
    return str(ILLEGAL_CHARACTERS_RE.sub("", text))[:_LONGEST]


def _wide(value: Any) -> int:
    """How wide a value stands, a Chinese character counted double."""
    text = max(str(written(value)).split("\n"), key=len)
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text[:60])
