"""Tables made for a test, and the triage of one run in this process."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.tables.run import triage
from rules.load import load
from rules.model import RuleBase

TODAY = dt.date(2026, 11, 23)
Rows = Sequence[Sequence[Any]]
Told = Callable[[Path], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def base() -> RuleBase:
    return load()


@pytest.fixture
def told(base: RuleBase) -> Told:
    """The contract's objects of a file, in the output's order."""

    def run(path: Path) -> list[dict[str, Any]]:
        with triage(path, base, TODAY) as report:
            return [report.as_json(r) for r in report.records()]

    return run


def write_csv(path: Path, rows: Rows, encoding: str = "utf-8", mark: str = ",") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=mark).writerows(rows)
    return path


def write_xlsx(path: Path, sheets: dict[str, Rows], formats: dict[str, str] | None = None) -> Path:
    """`formats`: number formats by cell of the first sheet, as in {"C3": "0%"}."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    for cell, shown in (formats or {}).items():
        book.worksheets[0][cell].number_format = shown
    book.save(path)
    return path
