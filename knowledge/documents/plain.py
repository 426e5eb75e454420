"""Text files: every line is a block; which lines belong together is for the cleaner to find out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from knowledge.documents.encoding import decode
from knowledge.documents.model import Block

_MARKED = re.compile(r"(#{1,6})\s+(\S.*)")
_ESCAPE = re.compile(r"(?<=\d)\\(?=[.)])")  # "1\." as a converter to Markdown leaves it


def blocks(path: Path) -> Iterator[Block]:
    """The lines of a .txt that hold something; "# …" is a heading there as well.

    Raises BinaryDocument.
    """
    gap = False
    for raw in decode(path.read_bytes(), path.name).split("\n"):
        line = _ESCAPE.sub("", raw.strip())
        if not line:
            gap = True
            continue
        if found := _MARKED.fullmatch(line):
            yield Block(found[2], kind="heading", level=len(found[1]), gap=gap)
        else:
            yield Block(line, kind="line", gap=gap)
        gap = False
