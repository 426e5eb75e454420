"""Rows of cells to blocks: the header row is found, each further row says "head: value; head: value"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from knowledge.documents.model import Block

_LOOKED_AT = 10  # rows among which the header stands
_NUMBER = re.compile(r"[-+¥$]?[\d,.]+\s*[%%万亿元件个]?|\d{4}[-/年.]\d{1,2}.*")
_SPACE = re.compile(r"\s+")
_LONGEST_HEAD = 30


def cell(value: object) -> str:
    """A cell in one line."""
    return _SPACE.sub(" ", str(value)).strip()


def _header(rows: Sequence[tuple[int, list[str]]]) -> int | None:
    """Which of the first rows names the columns: about as wide as the widest, short words, none twice."""
    width = max((sum(map(bool, row)) for _, row in rows), default=0)
    for i, (_, row) in enumerate(rows):
        names = [c for c in row if c]
        if len(names) < 2 or len(names) < 0.6 * width:
            continue
        short = all(len(c) <= _LONGEST_HEAD and not _NUMBER.fullmatch(c) for c in names)
        return i if short and len(set(names)) == len(names) and i + 1 < len(rows) else None
    return None


def rows_to_blocks(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Block]:
    """Blocks of (row number, cells). Rows above the header are titles or notes and stay as text.

    Without a header the cells of a row stand side by side. Only a few rows are held at a time.
    """
    numbered = ((n, [cell(c) for c in row]) for n, row in rows)
    filled = ((n, row) for n, row in numbered if any(row))
    first = list(islice(filled, _LOOKED_AT))
    at = _header(first)
    heads = first[at][1] if at is not None else []
    for n, row in first[: at or 0]:
        yield Block("; ".join(c for c in row if c), kind="row", row=n)
    for n, row in chain(first[0 if at is None else at + 1 :], filled):
        if row == heads:  # printed again at the top of every page
            continue
        named = (f"{heads[i]}: {c}" if i < len(heads) and heads[i] else c for i, c in enumerate(row) if c)
        yield Block("; ".join(named), kind="row", row=n)
