"""A file as sheets of numbered rows: .csv in any encoding, .xlsx streamed. Content decides which it is."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from bot.tables.data import TableError
from knowledge.documents.encoding import decode
from knowledge.documents.limits import MAX_BYTES, MAX_CELL, check_archive
from knowledge.errors import DocumentError

_MAX_COLUMNS = 500  # a stray format in the last column makes a sheet 16,384 columns wide
_OLE = b"\xd0\xcf\x11\xe0"
_CODES = {"document_encrypted": "encrypted", "document_bomb": "bomb", "document_broken": "broken"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a person sees it, the values, and their number formats (None: none)."""

    number: int
    values: list[Any]
    formats: list[str | None] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """`name` is None for a .csv. `rows` can be walked once."""

    name: str | None
    rows: Iterator[Row]


def sheets(path: Path) -> Iterator[Sheet]:
    """The visible sheets of a file, each to be read before the next is asked for.

    Raises TableError for what is no table: a folder, a picture, a password, an old .xls, damage.
    """
    start = _opened(path)
    if start.startswith(_OLE):
        raise TableError("old" if path.suffix.lower() in {".xls", ".et"} else "encrypted", file=path.name)
    try:
        if start.startswith(b"PK"):
            yield from _workbook(path)
        else:
            yield Sheet(None, _text_rows(path))
    except DocumentError as error:
        raise _worded(path, error) from None
    except OSError as error:
        raise TableError("unreadable", file=path.name, detail=error.strerror or error) from None


def _opened(path: Path) -> bytes:
    if path.is_dir():
        raise TableError("folder", file=path)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            start = file.read(16)
    except FileNotFoundError:
        raise TableError("no_file", file=path) from None
    except (OSError, ValueError) as error:
        raise TableError("unreadable", file=path.name, detail=getattr(error, "strerror", error)) from None
    if not start:
        raise TableError("empty", file=path.name)
    if size > MAX_BYTES:
        raise TableError("large", file=path.name, what=f"{size // 1024**2} MB")
    return start


def _worded(path: Path, error: DocumentError) -> TableError:
    if error.code == "document_binary":
        found = str(error.values.get("found") or "")
        return TableError("format" if found else "encoding", file=path.name, found=found)
    if error.code in _CODES:
        return TableError(_CODES[error.code], file=path.name)
    return TableError("large", file=path.name, what=str(error.values.get("what", "")))


def _text_rows(path: Path) -> Iterator[Row]:
    try:
        text = decode(path.read_bytes(), path.name)
    except DocumentError as error:
        raise _worded(path, error) from None
    first = [line for line in text[:8000].split("\n") if line.strip()][:10]
    if first and first[0].lower().startswith("sep=") and len(first[0]) == 5:
        mark = first[0][4]
    else:
        mark = max(",\t;|", key="\n".join(first).count)
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text.replace("\0", " "), newline=""), delimiter=mark)
    try:
        for number, values in enumerate(reader, 1):
            if number > 1 or not values[:1] or not values[0].lower().startswith("sep"):
                yield Row(number, _trimmed(values[:_MAX_COLUMNS]))
    except csv.Error:
        raise TableError("large", file=path.name, what=f"第 {reader.line_num} 行有一格太长") from None


def _trimmed(values: list[Any]) -> list[Any]:
    """Without the empty cells at the end."""
    end = len(values)
    while end and values[end - 1] in (None, ""):
        end -= 1
    return values[:end]


def _workbook(path: Path) -> Iterator[Sheet]:
    check_archive(path, streamed="xl/worksheets/")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except (OSError, MemoryError):
            raise
        except Exception:  # openpyxl lets KeyError, ValueError, TypeError and XML errors through
            raise TableError("broken", file=path.name) from None
        try:
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    yield Sheet(sheet.title, _sheet_rows(path, sheet))
        finally:
            book.close()


def _sheet_rows(path: Path, sheet: Any) -> Iterator[Row]:
    rows = sheet.iter_rows()
    for number in range(1, 1 << 21):
        try:
            cells = next(rows, None)
        except (OSError, MemoryError):
            raise
        except Exception:
            raise TableError("broken", file=path.name) from None
        if cells is None:
            return
        values = _trimmed([c.value for c in cells[:_MAX_COLUMNS]])
        if not values:
            yield Row(number, values)
            continue
        formats = [None if isinstance(v, str) or v is None else _format(c)
                   for v, c in zip(values, cells, strict=False)]  # fmt: skip
        yield Row(number, values, formats if any(formats) else None)


def _format(cell: Any) -> str | None:
    found = cell.number_format
    return None if found == "General" else str(found)
