"""HTML, by libxml2's forgiving parser as a stream of events: no tree, so depth and size cost nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from knowledge.documents.encoding import decode
from knowledge.documents.model import Block
from knowledge.documents.table import rows_to_blocks

_SILENT = {"script", "style", "noscript", "template", "svg", "iframe", "object", "head", "title", "select"}
_AROUND = {"nav", "footer", "aside", "button", "dialog", "menu"}
_BLOCK = {
    "p", "div", "section", "article", "main", "header", "li", "ul", "ol", "dl", "dt", "dd", "blockquote",
    "pre", "table", "tr", "figure", "figcaption", "form", "fieldset", "hr", "address", "details", "center",
}  # fmt: skip
_VOID = {"br", "img", "hr", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source"}
_HEADING = re.compile(r"h([1-6])")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.IGNORECASE)
_ROLE = {"navigation", "contentinfo", "complementary", "banner", "search"}
_SPACE = re.compile(r"\s+")


class _Words:
    """Collects blocks from the parser's events; `out` is emptied by whoever feeds the parser."""

    def __init__(self) -> None:
        self.out: list[Block] = []
        self._text: list[str] = []
        self._quiet = 0  # open elements since one that shows nothing
        self._around = 0  # open elements since one that only frames the page
        self._level = 0
        self._marker = ""
        self._table: list[list[str]] | None = None  # the innermost table that holds data
        self._layout = False

    def start(self, tag: str, attributes: Any) -> None:
        """An element opens. A void element never closes, so it must not be counted."""
        if self._quiet:
            self._quiet += tag not in _VOID
            return
        if tag in _SILENT:
            self._quiet = 1
            return
        if self._around:
            self._around += tag not in _VOID
        elif tag in _AROUND or self._unseen(attributes):
            if tag not in _VOID:
                self._flush()
                self._around = 1
        if tag == "br":
            self._text.append("\n")
        elif found := _HEADING.fullmatch(tag):
            self._flush()
            self._level = int(found[1])
        elif self._table is not None and tag in ("tr", "td", "th"):
            if tag == "tr":
                self._table.append([])
            self._text.clear()
        elif tag == "table":
            self._end_table()
            self._table = []
        elif tag in _BLOCK:
            if self._table is not None:
                self._text.append(" ")
            else:
                self._flush()
                self._marker = "- " if tag == "li" else self._marker

    @staticmethod
    def _unseen(attributes: Any) -> bool:
        return (
            "hidden" in attributes
            or attributes.get("role", "") in _ROLE
            or _HIDDEN.search(attributes.get("style", "")) is not None
        )

    def end(self, tag: str) -> None:
        """An element closes, or the parser closes it where its end is missing."""
        if self._quiet:
            self._quiet -= tag not in _VOID
            return
        if tag in ("td", "th") and self._table is not None:
            if not self._table:
                self._table.append([])
            self._table[-1].append(_SPACE.sub(" ", "".join(self._text)).strip())
            self._text.clear()
        elif tag == "table":
            self._end_table()
        elif _HEADING.fullmatch(tag) or (tag in _BLOCK and self._table is None):
            self._flush()
        if self._around and tag not in _VOID:
            self._around -= 1
            if not self._around:
                self._flush(furniture=True)

    def data(self, text: str) -> None:
        """Words between elements."""
        if not self._quiet:
            self._text.append(text)

    def close(self) -> None:
        """The end of the page."""
        self._end_table()
        self._flush()

    def _end_table(self) -> None:
        if self._table is not None:
            rows, self._table = [row for row in self._table if any(row)], None
            if self._around:
                self.out.extend(Block(" ".join(row), kind="furniture") for row in rows)
            elif sum(map(len, rows)) > len(rows):
                self.out.extend(rows_to_blocks(enumerate(rows, 1)))
            else:  # one column: a layout, not a table
                self.out.extend(Block(cell) for row in rows for cell in row)
        self._flush()

    def _flush(self, furniture: bool = False) -> None:
        text, self._text = "".join(self._text), []
        level, self._level = self._level, 0
        for line in text.split("\n") if not level else [text]:
            words = _SPACE.sub(" ", line).strip()
            if not words:
                continue
            if self._around or furniture:
                self.out.append(Block(words, kind="furniture"))
            elif level:
                self.out.append(Block(words, kind="heading", level=level))
            else:
                self.out.append(Block(self._marker + words))
            self._marker = ""


def text_of_html(text: str) -> Iterator[Block]:
    """The blocks of a page or of a piece of one; navigation, footers and hidden parts come as furniture."""
    words = _Words()
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]|[\ud800-\udfff]", " ", text)
    # A declaration of another encoding inside the page must not be believed: the text is decoded already.
    data = re.sub(r"<\?xml[^>]*\?>|<!DOCTYPE[^>\[]*>", "", text, flags=re.IGNORECASE).encode()
    parser = etree.HTMLParser(target=words, huge_tree=True, no_network=True, recover=True, encoding="utf-8")
    for begin in range(0, len(data), 1 << 16):
        parser.feed(data[begin : begin + (1 << 16)])
        yield from words.out
        words.out.clear()
    try:
        parser.close()
    except etree.XMLSyntaxError:  # nothing but blanks in it
        words.close()
    yield from words.out


def blocks(path: Path) -> Iterator[Block]:
    """The blocks of a .html or .htm. Raises BinaryDocument."""
    yield from text_of_html(decode(path.read_bytes(), path.name))
