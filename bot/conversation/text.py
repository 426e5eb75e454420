"""The text of a message in one spelling: width, script, case, homophones; nothing of its meaning."""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import opencc

from rules.yaml_lines import read_own

DATA = Path(__file__).parent / "data"

# A story may be long and have its question at the end: of a very long message both ends are read.
_HEAD, _TAIL = 1500, 500
_COMMA = "\ue8f0"  # a full-width comma is never a thousands separator: it comes out with a blank behind it
_TAG = re.compile(r"</?[a-zA-Z!][^<>]{0,200}>")
_LETTER = re.compile(r"[a-z]")
_MANY = 20
_LATIN = re.compile(r"[a-z ]")
_PLAIN = re.compile(r"[a-z](?:[a-z '-]*[a-z])?")


@functools.cache
def data(name: str) -> Any:
    """A data file of this package, read once."""
    return read_own(DATA / f"{name}.yaml")


@functools.cache
def _converter() -> Any:
    return opencc.OpenCC("t2s")


def unread(text: str) -> int:
    """How many characters in the middle of a very long message are not read."""
    return max(0, len(text) - _HEAD - _TAIL)


def any_of(words: Iterable[str], gap: str = "") -> str:
    """A pattern that matches one of `words`, the longest first; a Latin word only as a whole.

    `gap` is a pattern that may come between the characters of a word. Words share their beginnings in the
    pattern (a trie): a thousand of them cost little more than ten.
    """
    whole = sorted(set(words), key=lambda w: (-len(w), w))
    latin = [w for w in whole if _LATIN.search(w)]
    plain = [w for w in latin if _PLAIN.fullmatch(w)]
    words = _tree(plain if len(plain) >= _MANY else ())
    tree = _tree(w for w in whole if w and not _LATIN.search(w))
    if words:
        latin = [w for w in latin if not _PLAIN.fullmatch(w)]
    shared = [rf"(?<![a-z]){_branch(words, '')}(?![a-z])"] if words else []
    branches = [*map(_word, latin), *shared, *([_branch(tree, gap)] if tree else [])]
    if len(whole) < _MANY:
        return "|".join(branches) or "(?!)"
    # One look at the character tells most places apart before any word is tried.
    first = "".join(sorted({re.escape(w[0]) for w in whole}))
    return f"(?=[{first}])(?:{'|'.join(branches)})"


def _tree(words: Iterable[str]) -> dict[str, Any]:
    """Words by their characters, one level a character; "" ends a word."""
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for c in word:
            node = node.setdefault(c, {})
        node[""] = {}
    return tree


def _branch(tree: dict[str, Any], gap: str) -> str:
    options = []
    for c, rest in tree.items():
        if not c:
            continue
        tail = _branch(rest, gap) if any(rest) else ""
        more = f"(?:{gap}{tail})" if tail else ""
        options.append((r"\s+" if c == " " else re.escape(c)) + (more + "?" if more and "" in rest else more))
    return options[0] if len(options) == 1 else "(?:" + "|".join(options) + ")"


def _word(word: str) -> str:
    pattern = re.escape(word).replace(r"\ ", r"\s?" if not word.isascii() else r"\s+")
    if _LETTER.match(word[0]):
        pattern = "(?<![a-z])" + pattern
    if _LETTER.match(word[-1]):
        pattern += "(?![a-z])"
    return pattern


@functools.cache
def _homophones() -> tuple[re.Pattern[str], dict[str, str]]:
    pairs = {wrong: right for right, wrongs in data("cues")["homophones"].items() for wrong in wrongs}
    return re.compile(any_of(pairs)), pairs


def normalise(text: str) -> str:
    """`text` as the readers expect it: at most 2,000 characters, simplified script, lower case, one width.

    Never raises: lone surrogates, control characters, private-use characters, emoji and tags are dropped.
    """
    if len(text) > _HEAD + _TAIL:
        text = text[:_HEAD] + "\n" + text[-_TAIL:]
    text = text.encode("utf-8", "ignore").decode("utf-8")
    if "&" in text:
        text = html.unescape(text)
    text = _TAG.sub(" ", text)
    text = "".join(c for c in text if not "\ue000" <= c <= "\uf8ff").replace("\u2019", "'")
    text = unicodedata.normalize("NFKC", text.replace("\uff0c", _COMMA)).replace(_COMMA, ", ")
    text = "".join(c if c in "\n %‰¥$+<>=~^|" or unicodedata.category(c)[0] in "LNP" else " " for c in text)
    text = _converter().convert(text).lower()
    pattern, pairs = _homophones()
    text = pattern.sub(lambda m: pairs.get(m[0], m[0]), text)
    return re.sub(r"[^\S\n]+", " ", text[: 2 * (_HEAD + _TAIL)]).strip()


def language(text: str) -> str:
    """`en` if the message is written in Latin letters, else `zh`; field terms like ROI do not count."""
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    words = len(re.findall(r"[a-zA-Z]{2,}", text))
    return "en" if (words >= 2 and words > han) or (words and not han) else "zh"
