"""Texts into sentences, and into the pieces and digests that are made of whole sentences."""

from __future__ import annotations

import re

#: a digest that is forwarded stays below 150 characters with its source
BRIEF = 120
_SENTENCE = re.compile(r"[^。!?!?;;\n]+[。!?!?;;\n]*|[。!?!?;;\n]+")


def sentences(text: str) -> list[str]:
    """The sentences of a text with what ends them; together they are the text."""
    return _SENTENCE.findall(text)


def chunks(text: str, size: int) -> list[str]:
    """A text in pieces of at most about `size` characters, cut after sentences."""
    out = [""]
    for sentence in sentences(text):
        if out[-1] and len(out[-1]) + len(sentence) > size:
            out.append("")
        out[-1] += sentence
    return [piece.strip() for piece in out if piece.strip()]


def brief(text: str, at: int = 0, most: int = BRIEF) -> str:
    """Whole sentences from number `at` on that fit into `most` characters; a longer first one is cut."""
    parts = [s.strip() for s in sentences(text)]
    out = ""
    for part in parts[at:]:
        if out and len(out) + len(part) > most:
            break
        out += part
    return out if len(out) <= most else out[: most - 1] + "…"
