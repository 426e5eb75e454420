"""Word documents, by python-docx: headings by their styles, tables row by row, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import docx
from docx.table import Table
from docx.text.paragraph import Paragraph

from knowledge.documents.limits import broken, check_archive
from knowledge.documents.model import Block
from knowledge.documents.table import rows_to_blocks
from knowledge.errors import DocumentError

_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)


def _level(paragraph: Paragraph) -> int:
    """0 for text, 1–9 for a heading; the outline level counts where a style has a name of its own."""
    style = paragraph.style
    while style is not None:
        name = style.name or ""
        if found := _STYLE.fullmatch(name.strip()):
            return int(found[1])
        if name in ("Title", "标题"):
            return 1
        style = style.base_style
    levels = paragraph._p.xpath("./w:pPr/w:outlineLvl/@w:val")
    return int(levels[0]) + 1 if levels and levels[0].isdigit() and int(levels[0]) < 9 else 0


def _rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    """Cells that were merged are read once."""
    for n, row in enumerate(table.rows, 1):
        seen: set[int] = set()
        cells = []
        for item in row.cells:
            if id(item._tc) not in seen:
                seen.add(id(item._tc))
                cells.append(item.text)
        yield n, cells


def blocks(path: Path) -> Iterator[Block]:
    """The blocks of a .docx. Raises EncryptedDocument, BrokenDocument, ExpandsTooFar."""
    check_archive(path)
    try:
        for item in docx.Document(str(path)).iter_inner_content():
            if isinstance(item, Table):
                yield from rows_to_blocks(_rows(item))
                continue
            level = _level(item)
            listed = "- " if item._p.xpath("./w:pPr/w:numPr") and not level else ""
            for line in [item.text.replace("\n", " ")] if level else item.text.split("\n"):
                if line.strip():
                    yield Block(listed + line.strip(), kind="heading" if level else "paragraph", level=level)
                    listed = ""
    except (DocumentError, OSError, MemoryError, GeneratorExit):
        raise
    except Exception as error:  # python-docx lets KeyError, ValueError and XML errors through
        raise broken(path.name, ".docx", error) from None
