"""Blocks to passages: inside one heading, cut after sentences, as long as an answer can carry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from knowledge.documents.limits import LONGEST
from knowledge.documents.marks import SENTENCE
from knowledge.documents.model import Block, Piece

FULL = 500  # characters that a passage should not pass
ENOUGH = 250  # and that it should reach
SMALL = 150  # a section below this joins its neighbour
_TITLE = 30
_MARKS = "。;,、:. \uff1b\uff0c\uff1a"
_BREAK = re.compile(r"[,\uff0c、:\uff1a\s]")
_ITEM = re.compile(r"\s*(?:[-*•·●]|\d{1,2}[.、)]|[①-⑳])")
_LEAD = re.compile(r"^[-*•·●#\s]+|^[(\uff08]?\d{1,2}[.、)\uff09]\s*")


@dataclass(slots=True)
class _Part:
    """A stretch that is not cut any more; `glue` stands before it where it is not the first."""

    text: str
    block: Block
    glue: str


def _sizes(text: str) -> Iterator[str]:
    """A text in stretches of at most FULL characters, cut after sentences, else clauses, else anywhere."""
    for sentence in SENTENCE.findall(text):
        while len(sentence) > FULL:
            marks = [m.end() for m in _BREAK.finditer(sentence, FULL // 2, FULL)]
            cut = marks[-1] if marks else FULL
            yield sentence[:cut]
            sentence = sentence[cut:]
        if sentence:
            yield sentence


def _parts(block: Block) -> list[_Part]:
    """The block whole where it fits, else in stretches."""
    if len(block.text) <= FULL:
        return [_Part(block.text, block, "\n")]
    out: list[_Part] = []
    for text in _sizes(block.text):
        if out and len(out[-1].text) + len(text) <= FULL:
            out[-1].text += text
        else:
            out.append(_Part(text, block, "" if out else "\n"))
    return out


def _length(parts: Sequence[_Part]) -> int:
    return sum(len(p.text) + len(p.glue) for p in parts)


def _groups(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Parts packed to at most FULL; a short tail joins the group before, or they share what they have."""
    out: list[list[_Part]] = []
    for part in parts:
        fits = out and _length(out[-1]) + len(part.text) + 1 <= FULL
        item = out and _ITEM.match(part.text) and _length(out[-1]) + len(part.text) + 1 <= LONGEST
        # An item stays with its list and a list with the line above it while there is room at all.
        if fits or (item and _ITEM.match(out[-1][-1].text) and _length(out[-1]) < ENOUGH):
            out[-1].append(part)
        else:
            out.append([part])
    if len(out) > 1 and _length(out[-1]) < ENOUGH:
        tail = out.pop()
        if _length(out[-1]) + _length(tail) <= LONGEST:
            out[-1] += tail
        else:
            both = out.pop() + tail
            out += _halves(both)
    return out


def _halves(parts: list[_Part]) -> list[list[_Part]]:
    """Parts in two groups as equal as sentences allow."""
    fine = [
        _Part(text, p.block, p.glue if n == 0 else "")
        for p in parts
        for n, text in enumerate([p.text] if p.block.kind == "row" else _sizes(p.text))
    ]
    total, at, best = _length(fine), 0, 1
    for i in range(1, len(fine)):
        at += len(fine[i - 1].text) + len(fine[i - 1].glue)
        before = _length(fine[:best])
        if abs(total - 2 * at) < abs(total - 2 * before):
            best = i
    return [fine[:best], fine[best:]]


def title_of(text: str) -> str:
    """The beginning of a text, cut at a natural break, at most 30 characters."""
    line = _LEAD.sub("", text.strip().split("\n")[0]).strip() or text.strip().split("\n")[0].strip()
    if len(line) <= _TITLE:
        return line.rstrip(_MARKS)
    found = [m.start() for m in re.finditer(r"[。!?;,、:\s\uff01\uff1f\uff1b\uff0c\uff1a]", line[:_TITLE])]
    ends = [i for i in found if line[i] in "。!?\uff01\uff1f"]
    cut = next(
        (i + (line[i] not in "。") for i in ends if i >= 8),
        next((i for i in reversed(found) if i >= 8), _TITLE),
    )
    return line[:cut].rstrip(_MARKS)


def _piece(group: Sequence[_Part], path: tuple[str, ...]) -> Piece:
    text = "".join(p.text if i == 0 else p.glue + p.text for i, p in enumerate(group)).strip()
    rows = [p.block.row for p in group if p.block.row is not None]
    title = title_of(path[-1]) if path else ""
    return Piece(
        text, path, group[0].block.page, title or title_of(text), (min(rows), max(rows)) if rows else None
    )


def split(blocks: Sequence[Block]) -> list[Piece]:
    """Passages in the order of the document; every character of the blocks is in a text or a heading.

    A heading above nothing but another heading of its own rank is no passage: it stays as a line of text.
    """
    out: list[Piece] = []
    stack: list[Block] = []
    used = False  # whether the innermost heading stands above something
    section: list[_Part] = []

    def close() -> None:
        path = tuple(h.text for h in stack)
        out.extend(_piece(group, path) for group in _groups(section))
        section.clear()

    for block in blocks:
        if block.kind != "heading":
            section += _parts(block)
            used = True
            continue
        if stack and not used and stack[-1].level >= block.level:
            lone = stack.pop()
            section += _parts(replace(lone, kind="line"))
        close()
        while stack and stack[-1].level >= block.level:
            stack.pop()
        stack.append(block)
        used = False
    if stack and not used:
        section += _parts(replace(stack.pop(), kind="line"))
    close()
    return _gathered(out)


def _shared(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return a[:n]


def _gathered(pieces: list[Piece]) -> list[Piece]:
    """Small sections side by side become one passage under the heading they share, their own in the text."""
    out: list[Piece] = []
    for piece, after in zip_longest(pieces, pieces[1:]):
        before = out[-1] if out else piece
        path = _shared(before.heading, piece.heading)
        near = len(path) >= max(len(before.heading), len(piece.heading)) - 1
        sizes = sorted((len(before.text), len(piece.text)))
        small = sizes[0] < SMALL and (path or sizes[1] < SMALL)
        if after and sizes[1] == len(before.text) and len(_shared(piece.heading, after.heading)) > len(path):
            small = False  # an opening goes with what it opens
        if out and near and small and before.rows is None and piece.rows is None:
            own = ["\n".join((*p.heading[len(path) :], p.text)) for p in (before, piece)]
            text = "\n".join(own)
            if len(text) <= FULL:
                title = title_of(path[-1]) if path else ""
                out[-1] = Piece(text, path, before.page, title or title_of(text))
                continue
        out.append(piece)
    return out
