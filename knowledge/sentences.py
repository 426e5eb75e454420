"""Texts into sentences, and into the pieces and digests that are made of whole sentences."""

from __future__ import annotations

import re

#: a digest that is forwarded stays below 150 characters with its source
BRIEF = 120
_HEADING = 20  # characters that a line of prose passes
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
    """What can be forwarded of a text: the line of sentence number `at` where it is short enough, else whole
    sentences from that one to the end of its line; a first one that is longer is cut.

    A line without a mark at its end that stands above another is a heading: the line below it answers.
    """
    parts = sentences(text)
    at = max(0, min(at, len(parts) - 1))
    before = len("".join(parts[:at]))
    start = text.rfind("\n", 0, before) + 1
    end = text.find("\n", before)
    line, rest = text[start : end if end >= 0 else None].strip(), text[end:].strip() if end >= 0 else ""
    if rest and len(line) < _HEADING and line[-1:] not in "。!?!?;;":
        return brief(rest, 0, most)
    if len(line) <= most:
        return line
    out = ""
    for part in sentences(text[before : end if end >= 0 else None]):
        if out and len(out) + len(part) > most:
            break
        out += part
    out = out.strip()
    return out if len(out) <= most else out[: most - 1] + "…"
