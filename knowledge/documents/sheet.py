"""Tables: .csv by the standard library, .xlsx by openpyxl, both row by row."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import openpyxl

from knowledge.documents.encoding import decode
from knowledge.documents.limits import MAX_CELL, broken, cell_too_long, check_archive
from knowledge.documents.model import Block
from knowledge.documents.table import rows_to_blocks
from knowledge.errors import DocumentError

_MAX_COLUMNS = 500  # a stray format in the last column makes a sheet 16,384 columns wide


def csv_blocks(path: Path) -> Iterator[Block]:
    """The rows of a .csv, separated by commas, semicolons or tabs.

    Raises BinaryDocument, DocumentTooLarge.
    """
    text = decode(path.read_bytes(), path.name)
    mark = max(",\t;", key="\n".join(text[:8000].split("\n")[:10]).count)
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text.replace("\0", " "), newline=""), delimiter=mark)

    def rows() -> Iterator[tuple[int, list[str]]]:
        try:
            yield from enumerate(reader, 1)
        except csv.Error:
            raise cell_too_long(path.name, reader.line_num) from None

    yield Block(path.stem, kind="heading", level=1)
    yield from rows_to_blocks(rows())


def _written(value: object) -> str:
    """A value as it stands in the cell, without the noise of floating point."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case float():
            return f"{value:.10g}"
        case datetime():
            return value.strftime("%Y-%m-%d" if value.time() == time() else "%Y-%m-%d %H:%M")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def xlsx_blocks(path: Path) -> Iterator[Block]:
    """The rows of every visible sheet of a .xlsx, the sheet's name as heading; formulas by their last value.

    Raises EncryptedDocument, BrokenDocument, ExpandsTooFar.
    """
    check_archive(path, streamed="xl/worksheets/")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                for sheet in book.worksheets:
                    if sheet.sheet_state != "visible":
                        continue
                    yield Block(sheet.title, kind="heading", level=1)
                    rows = sheet.iter_rows(values_only=True)  # max_col would fill every row up to it
                    yield from rows_to_blocks(
                        (n, [_written(v) for v in row[:_MAX_COLUMNS]]) for n, row in enumerate(rows, 1)
                    )
            finally:
                book.close()
    except (DocumentError, OSError, MemoryError, GeneratorExit):
        raise
    except Exception as error:  # openpyxl lets KeyError, ValueError, TypeError and XML errors through
        raise broken(path.name, ".xlsx", error) from None
