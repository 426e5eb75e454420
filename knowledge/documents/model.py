"""The shapes of this package: a block as read, what tidying left, a piece to be embedded, a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["line", "paragraph", "heading", "row", "furniture"]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of text in reading order.

    `kind`: a `line` may be a broken half of a sentence or a heading that only looks like one (.txt, .pdf); a
    `paragraph` is whole; a `heading` has a `level` from 1; a `row` of a table is never joined, nor dropped as
    a repetition; `furniture` was marked as such by the format (a page's navigation). `page` counts from 1,
    `row` is the line number in a table, `gap` says that a blank line stood before.
    """

    text: str
    page: int | None = None
    kind: Kind = "paragraph"
    level: int = 0
    row: int | None = None
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Tidied:
    """What the cleaner made of blocks. All numbers count characters that are no blanks.

    read = kept + the sum of `dropped`. A character that was converted (simplified script, a mended mojibake,
    a term of machine translation) counts as kept as it was read, so `kept` = the characters of `blocks` +
    `shrunk`, where `shrunk` is by how many characters the conversions made the text shorter (< 0: longer).
    """

    blocks: tuple[Block, ...]
    read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    shrunk: int = 0

    @property
    def kept(self) -> int:
        """Characters read that were not dropped."""
        return self.read - sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage to be embedded: 250–500 characters where the document allows, never above 700.

    `heading`: the path from the outermost heading; `page`: where it begins; `rows`: first and last row of a
    table; `title`: the nearest heading, else the beginning of the text, at most 30 characters.
    """

    text: str
    heading: tuple[str, ...]
    page: int | None
    title: str
    rows: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A file ready to be embedded; `kept` and `dropped` as in Tidied, `sha256` of its bytes in hex."""

    name: str
    sha256: str
    pieces: tuple[Piece, ...]
    kept: int
    dropped: Mapping[str, int]


def visible(text: str) -> int:
    """How many characters of a text are no blanks: the one way in which this package counts."""
    return sum(map(len, text.split()))
