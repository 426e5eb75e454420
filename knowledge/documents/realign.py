"""Text whose GBK bytes slipped by one: a byte was lost, and all that follows was read in wrong pairs.

A site that injects pinyin into the bytes of a page, or drops one, leaves "規?；牧髁" for 規模化的流量. The
bytes are all there but one: they are paired anew from the lost one to where the reading falls into step
again, and the lost byte is the one that makes the likeliest text, or that the injected reading gives away.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import lru_cache

import jieba
import pypinyin

from knowledge.clean import simplified
from knowledge.documents.encoding import common

TONED = "a-zāáǎàōóǒòēéěèīíǐìūúǔùüǖǘǚǜńňǹḿê"
_LOST = re.compile(rf"[?\ufffd](?:([{TONED}]+)\))?(?=[,?!:;]?(?:[^\x00-\x7f]|[A-Z_a-z]\())")
_END = re.compile(rf"[?\ufffd](?:([{TONED}]+)\))?")
_ASIDE = re.compile(rf"\([{TONED}]+\)")
_FULL = {c: chr(ord(c) + 0xFEE0) for c in ",?!:;"}  # a later hand may have made it narrow
_MARGIN = 0.5  # by how much, as a logarithm a character, the new text must be likelier
_LATIN, _MARK = -11.0, -6.0  # the logarithm of a Latin letter and of a punctuation mark among Chinese
_USUAL = 0.9  # the share of everyday characters that it must have
_FARTHEST = 60  # characters that one slip may last


@lru_cache(maxsize=1)
def _words() -> jieba.Tokenizer:
    jieba.setLogLevel(logging.CRITICAL)
    words = jieba.Tokenizer()
    words.initialize()
    return words


def likelihood(text: str) -> float:
    """Logarithm of how likely a text is, a character: its Chinese as words of jieba's dictionary."""
    text = simplified("".join(text.split()))
    letters = "".join(c for c in text if c.isalpha() and c > "\u2fff")
    route: dict[int, tuple[float, int]] = {0: (0.0, 0)}
    if letters:
        _words().calc(letters, _words().get_DAG(letters), route)
    latin = sum(c.isascii() and c.isalnum() for c in text)
    marks = len(text) - len(letters) - latin
    return (route[0][0] + _LATIN * latin + _MARK * marks) / max(len(text), 1)


def _usual(text: str) -> bool:
    letters = [c for c in simplified(text) if c.isalpha()]
    return sum(c in common() for c in letters) >= _USUAL * len(letters)


def word_across(left: str, right: str) -> bool:
    """Whether a word of the dictionary spans the seam of two texts."""
    left, right = simplified(left[-6:]), simplified(right[:6])
    position = 0
    for word in _words().cut(left + right, HMM=False):
        if position < len(left) < position + len(word):
            return True
        position += len(word)
    return False


def _gbk(byte: int, trail: int) -> str:
    try:
        return bytes((byte, trail)).decode("gbk")
    except UnicodeDecodeError:
        return ""


def _reads(character: str, reading: str | None) -> bool:
    if len(character) != 1:
        return False
    if reading is None:
        return character in common() or simplified(character) in common() or not character.isalpha()
    return reading in pypinyin.pinyin(character, heteronym=True)[0]


def _first(before: str, trail: int, reading: str | None) -> Iterator[str]:
    """What the character may be whose first byte was lost; an injected reading tells which."""
    left = before[-1:].encode("gbk", errors="ignore")
    for lead in range(0x81, 0xFF):
        if reading and not (left and _reads(_gbk(left[-1], lead), reading)):
            continue
        character = _gbk(lead, trail)
        if _reads(character, None):
            yield character


@lru_cache(maxsize=1)
def _by_reading() -> dict[str, list[str]]:
    """Everyday characters by their readings."""
    out: dict[str, list[str]] = {}
    for character in sorted(common()):
        for reading in pypinyin.pinyin(character, heteronym=True)[0] if character else ():
            out.setdefault(reading, []).append(character)
    return out


def _stream(text: str) -> tuple[bytes, int, str | None, bool]:
    """After a lost byte: (bytes, characters used, reading at the end, whether a byte is lost there too).

    It ends with an ASCII letter, which was the second byte of a character, or with the next lost byte.
    No characters are used where it never ends.
    """
    out = b""
    for i, c in enumerate(text[:_FARTHEST]):
        if i and c in "?\ufffd" and (end := _END.match(text, i)):
            return out, end.end(), end[1], True
        if c.isascii() and (c.isalpha() or (i and c in "@[\\]^_`{|}~")):
            return out + c.encode(), i + 1, None, False
        try:
            code = _FULL.get(c, c).encode("gb18030")
        except UnicodeEncodeError:
            break
        if len(code) != 2:
            break
        out += code
    return b"", 0, None, False


def _candidates(before: str, text: str, reading: str | None) -> Iterator[tuple[str, int]]:
    """(new text, how many characters of `text` it replaces) of one slip."""
    if reading:  # both bytes gone, the reading left
        yield from ((character, 0) for character in _by_reading().get(reading, ()))
    data, used, last_reading, lost = _stream(text)
    if not used:
        return
    rest = data[1:]
    pending = len(rest) % 2
    if pending != lost:
        return
    try:
        middle = rest[: len(rest) - pending].decode("gbk")
    except UnicodeDecodeError:
        return
    ends = [""]
    if pending:
        trails = (_gbk(rest[-1], t) for t in range(0x40, 0xFF))
        ends = [c for c in trails if _reads(c, last_reading) and _reads(c, None)]
    for first in _first(before, data[0], reading):
        for end in ends:
            yield first + middle + end, used


def realign(text: str) -> str:
    """Mend every slip of a text that becomes clearly likelier by it."""
    at = 0
    while found := _LOST.search(text, at):
        before, after = text[: found.start()], text[found.end() :]
        at = found.start() + 1
        near = _ASIDE.sub("", before[-60:])[-4:]
        best, new, used = 0.0, "", 0
        for candidate, length in _candidates(near, after, found[1]):
            tail = _ASIDE.sub("", after[length : length + 12])[:4]
            gain = likelihood(near + candidate + tail)
            if (not new or gain > best) and _usual(candidate):
                best, new, used = gain, candidate, length
        tail = _ASIDE.sub("", after[used : used + 12])[:4]
        # A closing bracket that nothing opened is proof by itself.
        if new and (found[1] or best > likelihood(near + after[:used] + tail) + _MARGIN):
            text = before + new + after[used:]
            at = len(before) + len(new)
    return text
