"""What of a message is asked: the part that is searched for and that the embedding model reads.

A model's time grows with the text, and a story of a shop around a question hides the question: of labelled
questions inside stories of 150 to 1,200 characters, searched with the asking clauses alone, the first hit is
right six times in ten, with the first 200 and the last 100 characters of the story once in ten.
"""

from __future__ import annotations

import re
from functools import cache

from knowledge.clean import language, normalise
from knowledge.load import load_terms

#: Characters, of English twice as many; a text up to this long is searched as it is.
MOST = 100
_READ = 2400  # characters, of a text that is longer both ends: before the costly steps
_BREAKS = (
    re.compile(r"(?<=[。!?;])\s*|(?<=\.)\s+"),
    re.compile(r"(?<=[,、])\s*"),
    re.compile(r"(?<=[\u4e00-\u9fff\d%])\s+(?=[\u4e00-\u9fff\d])"),
)


@cache
def _cues() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What makes a clause ask, and what a bare question is made of (terms.yaml)."""
    terms = load_terms()
    asking, bare = "|".join(terms.asking), "|".join(["\\W", *terms.bare])
    return re.compile(asking, re.IGNORECASE), re.compile(f"(?:{bare})*", re.IGNORECASE)


def asked(text: str) -> str:
    """The normalised text, or of one beyond `MOST` characters the clauses that ask, the last ones first kept.

    A bare 怎么办 keeps what is said before it. Where none asks: the first two thirds and the last third.
    """
    if len(text) > _READ:
        text = f"{text[: _READ // 2]} {text[-_READ // 2 :]}"
    whole = normalise(text)
    most = MOST if language(whole) == "zh" else 2 * MOST
    if len(whole) <= most:
        return whole
    asking, bare = _cues()
    pieces = [piece for line in text.splitlines() for piece in _pieces(normalise(line), most // 2)]
    kept: list[str] = []
    room, before = most, 0  # `before`: characters that a bare question still takes of what precedes it
    for piece in reversed(pieces):
        asks = asking.search(piece)
        if not asks and before < len(piece):
            before = 0
            continue
        room -= len(piece) + bool(kept)
        if kept and room < 0:
            break
        kept.append(piece)
        before = most // 2 if asks and bare.fullmatch(piece) else max(0, before - len(piece))
    return _ends(" ".join(reversed(kept)) or whole, most)


def _pieces(text: str, size: int, level: int = 0) -> list[str]:
    """Sentences, those longer than `size` by commas, and what is still too long by blanks."""
    if level == len(_BREAKS) or (level and len(text) <= size):
        return [text] if text else []
    return [piece for part in _BREAKS[level].split(text) for piece in _pieces(part, size, level + 1)]


def _ends(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most * 2 // 3]} {text[-(most // 3) :]}"
