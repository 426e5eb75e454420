"""Markdown, by markdown-it: headings, paragraphs, items and tables, without their marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.documents.encoding import decode
from knowledge.documents.markup import text_of_html
from knowledge.documents.model import Block
from knowledge.documents.table import rows_to_blocks

_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_STARS = re.compile(r"\*\*|__")  # Chinese quotation marks beside ** keep CommonMark from seeing emphasis


def _plain(token: Token) -> str:
    """The words of an inline token: links and emphasis without their marks, pictures by their description."""
    out = []
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            out.append("\n")
        elif child.type == "image" or child.type in ("text", "code_inline", "text_special"):
            out.append(child.content)
    return _STARS.sub("", "".join(out))


def _joined(text: str) -> str:
    """Soft line ends: a blank between Latin words, nothing between Chinese characters."""
    return re.sub(r"(?<=[\x21-\x7e])\n(?=[\x21-\x7e])", " ", text).replace("\n", "")


def blocks(path: Path) -> Iterator[Block]:
    """The blocks of a .md. Raises BinaryDocument."""
    text = _FRONT.sub("", decode(path.read_bytes(), path.name))
    level, marker = 0, ""
    table: list[list[str]] | None = None
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "list_item_open":
                marker = f"{token.info}. " if token.info else "- "
            case "table_open":
                table = []
            case "tr_open" if table is not None:
                table.append([])
            case "table_close" if table is not None:
                yield from rows_to_blocks(enumerate(table, 1))
                table = None
            case "inline" if table is not None:
                if table:
                    table[-1].append(_joined(_plain(token)))
            case "inline":
                kind = "heading" if level else "paragraph"
                yield Block(marker * (not level) + _joined(_plain(token)), kind=kind, level=level)  # type: ignore[arg-type]
                marker = ""
            case "fence" | "code_block":
                yield Block(token.content)
            case "html_block":
                yield from text_of_html(token.content)
            case _:
                pass
