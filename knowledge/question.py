"""What of a message is asked: the part that is searched for and that the embedding model reads.

A model's time grows with the text, and a story of a shop around a question hides the question: of labelled
questions inside stories of 150 to 1,200 characters, searched with the asking clauses alone, the first hit is
right six times in ten, with the first 200 and the last 100 characters of the story once in ten.
"""

from __future__ import annotations

import re

from knowledge.clean import language, normalise

#: Characters, of English twice as many; a text up to this long is searched as it is.
MOST = 100
_READ = 2400  # characters, of a text that is longer both ends: before the costly steps
_ASKING = re.compile(
    r"[?吗呢嘛]|[怎咋哪谁啥]|什么|如何|为何|多少|几(?!乎)|([要能该可会])不\1|是不是|有没有|[好对行]不[好对行]"
    r"|请教|想问|想知道|帮我|给我"
    r"|\b(?:how|what|which|why|should)\b|^(?:when|where|who|can|could|do|does|is|are|will|tell|show)\b",
    re.IGNORECASE,
)
# asks for nothing that is not said before it: 怎么办, 那我现在该怎么做, what should I do now
_BARE = re.compile(
    r"(?:\W|怎么|怎样|咋|如何|[办做弄搞整]|我们?|应?该|要|什么|啥|为|回事|原因|问题|哪里?|出|在|了|[呢啊吗嘛呀]|现在|那|这|是|请问"
    r"|\b(?:what|how|why|should|can|could|do|does|i|we|now|is|it|this|that|the|problem|wrong|to|next|help)\b)*",
    re.IGNORECASE,
)
_BREAKS = (
    re.compile(r"(?<=[。!?;])\s*|(?<=\.)\s+"),
    re.compile(r"(?<=[,、])\s*"),
    re.compile(r"(?<=[\u4e00-\u9fff\d%])\s+(?=[\u4e00-\u9fff\d])"),
)


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
    pieces = [piece for line in text.splitlines() for piece in _pieces(normalise(line), most // 2)]
    kept: list[str] = []
    room, before = most, 0  # `before`: characters that a bare question still takes of what precedes it
    for piece in reversed(pieces):
        asks = _ASKING.search(piece)
        if not asks and before < len(piece):
            before = 0
            continue
        room -= len(piece) + bool(kept)
        if kept and room < 0:
            break
        kept.append(piece)
        before = most // 2 if asks and _BARE.fullmatch(piece) else max(0, before - len(piece))
    return _ends(" ".join(reversed(kept)) or whole, most)


def _pieces(text: str, size: int, level: int = 0) -> list[str]:
    """Sentences, those longer than `size` by commas, and what is still too long by blanks."""
    if level == len(_BREAKS) or (level and len(text) <= size):
        return [text] if text else []
    return [piece for part in _BREAKS[level].split(text) for piece in _pieces(part, size, level + 1)]


def _ends(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most * 2 // 3]} {text[-(most // 3) :]}"
