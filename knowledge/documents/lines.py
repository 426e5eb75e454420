"""Lines: which belong to one sentence, which are headings, which are the frame of every page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from knowledge.clean import narrow
from knowledge.documents.model import Block, visible
from knowledge.documents.realign import word_across

_DONE = re.compile(r"[。!?…;:.][\"”’』」)\]】》]*$")
_PROSE = re.compile(r"[,。!?;].*[,。!?;]|.{30,}[。!?;]|[。;]")
_OPEN = re.compile(r"[,、(《“‘\[【「『—-]$")
_ITEM = re.compile(
    r"(?:[-*•·●○▪◆■□►▶√✓✔※☆★]\s*\S|[(]?(?:\d{1,3}|[一二三四五六七八九十]{1,3}|[a-zA-Z])[)、.。,](?!\d)\s*\S"
    r"|第[一二三四五六七八九十\d]{1,3}[章节部分篇步点条个,、:\s]|[①-⑳]|[【《#>])"
)
_MAJOR = re.compile(r"第[一二三四五六七八九十\d]{1,3}[章部篇]|[一二三四五六七八九十]{1,3}[、.]|[【]")
_MINOR = re.compile(r"[(](?:\d|[一二三四五六七八九十])|\d+\.\d+|[①-⑳]|[-*•·●]")
_DIGITS = re.compile(r"\d+")
_TEASER = re.compile(r".{20,}\S\s+(?:\.{3}|…+)\s*")
_BOOK = re.compile(r"[-·•\s\d.、]*《[^《》]{4,60}》[\s\d./-]*")
LONGEST_HEADING = 45  # characters
_WRAPPED = 28  # characters: where a screen or a page breaks a line at the earliest


def _form(text: str) -> str:
    """What repeated headers have in common: all but the number of the page; a sentence is itself."""
    return text if text.endswith("。") else _DIGITS.sub("0", text)


def frame(blocks: Sequence[Block]) -> set[int]:
    """Numbers of blocks that frame pages: headers and footers repeated on pages, lists of other articles."""
    out: set[int] = set()
    pages: dict[int, list[int]] = defaultdict(list)
    for i, block in enumerate(blocks):
        if block.page is not None and block.kind == "line":
            pages[block.page].append(i)
    if len(pages) >= 3:
        edges = [(i, _form(blocks[i].text)) for lines in pages.values() for i in {*lines[:2], *lines[-2:]}]
        often = Counter(text for _, text in edges)
        out |= {i for i, text in edges if often[text] >= max(3, 0.4 * len(pages)) and len(text) <= 80}
    run: list[int] = []
    for i in range(len(blocks) + 1):
        if i < len(blocks) and blocks[i].kind != "row" and _BOOK.fullmatch(blocks[i].text):
            run.append(i)
            continue
        if len(run) >= 5:
            out |= set(run)
        run = []
    for i in range(1, len(blocks) - 1):  # a card: title, a beginning cut off, the title again
        if _TEASER.fullmatch(blocks[i].text) and blocks[i].kind != "row":
            out.add(i)
            if len(blocks[i - 1].text) >= 6 and blocks[i + 1].text.endswith(blocks[i - 1].text):
                out |= {i - 1, i + 1}
    return out


def _continues(left: Block, right: Block, width: int) -> bool:
    """Whether `right` goes on in the middle of the sentence that `left` began.

    `width`: how long the long lines of the text are, 0 where it isn't wrapped.
    """
    if left.kind != "line" or right.kind != "line":
        return False
    text, after, size = narrow(left.text), narrow(right.text), len(left.text)
    if _DONE.search(text) or _ITEM.match(after):
        return False
    if re.match(r"[,。、;!?)》”’」』]", after) or (_OPEN.search(text) and size >= 8 and text[-1] != "-"):
        return True
    if (
        _ITEM.match(text) and size <= 60 and "。" not in text
    ):  # more likely a heading or a short item than a half
        return word_across(left.text, right.text)
    prose = _PROSE.search(text) is not None
    if prose and size >= 16 and re.search(r"\d$", text) and re.match(r"[\u4e00-\u9fff]", after):
        return True  # a number without its unit
    if width and size >= 0.85 * width and not right.gap:
        return True
    if size >= _WRAPPED and prose:
        long = size > LONGEST_HEADING or (size >= 36 and len(re.findall(r"[,。;]", text)) >= 2)
        return long or word_across(left.text, right.text) or not right.gap
    return prose and not right.gap and size >= 8 and "。" in text


def _width(blocks: Sequence[Block]) -> int:
    """The width at which the text is wrapped; 0 where the lines do not stop at one width."""
    lengths = sorted(len(b.text) for b in blocks if b.kind == "line")
    if len(lengths) < 6 or lengths[-1] > 160:
        return 0
    widest = lengths[int(0.9 * len(lengths))]
    near = sum(0.85 * widest <= n <= 1.1 * widest for n in lengths)
    return widest if widest >= 18 and near >= 0.35 * len(lengths) else 0


def join(blocks: Sequence[Block]) -> list[Block]:
    """Put the halves of broken lines together again; only blanks are lost, one is put between Latin words."""
    width = _width(blocks)
    out: list[Block] = []
    last = Block("")  # the last physical line: its length, not that of all joined so far, tells of wrapping
    for block in blocks:
        if out and _continues(replace(last, kind=out[-1].kind), block, width):
            left = out[-1].text
            latin = re.search(r"[A-Za-z0-9,]$", left) and re.match(r"[A-Za-z]", block.text)
            out[-1] = replace(out[-1], text=left + (" " if latin else "") + block.text)
        else:
            out.append(block)
        last = block
    return out


def _level(text: str) -> int:
    if _MAJOR.match(text):
        return 2
    if _MINOR.match(text):
        return 4
    return 3 if _ITEM.match(text) else 2


def _heads(block: Block, after: Block, alone: int = 30) -> bool:
    """Whether a line looks like a heading: short, no sentence, and above prose or, at most `alone`, apart."""
    text, below = narrow(block.text), narrow(after.text)
    if block.kind != "line" or not 2 <= len(text) <= LONGEST_HEADING or not any(map(str.isalpha, text)):
        return False
    if re.search(r"[。;,、:.…!]$", text) or "。" in text or after.kind not in ("line", "paragraph"):
        return False
    numbered = _ITEM.match(text) and not _ITEM.match(below) and _DONE.search(below)
    above = _PROSE.search(below) and (numbered or visible(below) > max(len(text), 24))
    return bool(above or (after.gap and (text.endswith("?") or (block.gap and len(text) <= alone))))


def headings(blocks: Sequence[Block]) -> list[Block]:
    """Make headings of the lines that look like one; the first line of a text may be its title."""
    out = list(blocks)
    ranks: dict[int, int] = {}  # how deep headings with the same kind of number stand that are marked as such
    for i, block in enumerate(blocks[:-1]):
        rank = _level(narrow(block.text))
        if block.kind == "heading":
            ranks[rank] = block.level
            continue
        first, after = replace(block, gap=True), replace(blocks[1], gap=True, kind="line")
        if i == 0 and len(blocks) > 2 and _heads(first, after, LONGEST_HEADING):
            out[0] = replace(block, kind="heading", level=1)
        elif _heads(block, blocks[i + 1]):
            out[i] = replace(block, kind="heading", level=ranks.get(rank, rank))
    return out
