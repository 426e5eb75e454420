"""Cutting a long answer into messages that Telegram takes, and the channel's own sentences."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LIMIT = 4096
_SENTENCE_ENDS = "。!?;…!?;"
_PAUSES = ",、:,: \t"


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text) + sum(ch > "\uffff" for ch in text)


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Cut `text` into parts of at most `limit` UTF-16 units, none of them blank.

    Cuts at the last paragraph, else line, else sentence, else pause that leaves the part at least a third
    full, else anywhere but inside what is seen as one character. The parts joined are the text without the
    white space at its ends, as long as it holds no run of white space longer than a part.
    """
    # A lone half of a surrogate pair cannot be sent at all.
    rest = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
    parts = []
    while units(rest) > limit:
        end = _cut(rest, limit)
        parts.append(rest[:end])
        rest = rest[end:]
    parts.append(rest)
    return [part for part in parts if part.strip()]


def _cut(text: str, limit: int) -> int:
    """Index after which `text` is cut; 1 or more."""
    end = used = 0
    while used + (width := 1 + (text[end] > "\uffff")) <= limit:
        used += width
        end += 1
    window = text[:end]
    least = end // 3
    for mark in ("\n\n", "\n"):
        at = window.rfind(mark)
        if at >= least:
            return at + len(mark)
    for marks in (_SENTENCE_ENDS, _PAUSES):
        at = max(window.rfind(mark) for mark in marks)
        # Closing quotes and brackets stay with their sentence.
        while at >= 0 and at + 1 < end and window[at + 1] in '”’」』)》】)"':
            at += 1
        if at >= least and not _inside(text, at + 1):
            return at + 1
    soft = end
    while soft > least and _inside(text, soft):
        soft -= 1
    return max(1, soft if soft > least else end)


def _inside(text: str, at: int) -> bool:
    """Whether a cut before index `at` would tear one visible character (joined emoji, accents, flags)."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if "\u200d" in (before, after) or unicodedata.combining(after) or after in "\ufe0e\ufe0f\u20e3":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    flag = "\U0001f1e6", "\U0001f1ff"
    return flag[0] <= before <= flag[1] and flag[0] <= after <= flag[1]


@cache
def _sentences() -> dict[str, Any]:
    path = Path(__file__).with_name("telegram.yaml")
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def sentence(name: str, /, language: str = "zh", **values: str) -> str:
    """One of the channel's own sentences, filled in."""
    found: str = _sentences()[name][language]
    return found.format(**values)


def commands(language: str) -> list[tuple[str, str]]:
    """The command menu: name and description."""
    return [(name, texts[language]) for name, texts in _sentences()["commands"].items()]


def language_of(text: str) -> str:
    """ "zh" where there is a Chinese character or no letter at all, else "en"."""
    if any("\u4e00" <= ch <= "\u9fff" for ch in text) or not any(ch.isalpha() for ch in text):
        return "zh"
    return "en"
