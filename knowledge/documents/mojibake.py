"""Text read in the wrong encoding: mended where it can be, else taken out."""

from __future__ import annotations

import re
from collections.abc import Callable

from ftfy import fix_encoding

from knowledge.clean import simplified
from knowledge.documents.encoding import common
from knowledge.documents.realign import realign

_LATIN = re.compile(r"[\xa1-\xff]{4,}")  # GB 2312 read as Latin-1
_FOREIGN = re.compile(r"[^\x00-\x7f]{3,}\??")  # UTF-8 read as GBK, perhaps with its last byte lost
_LOST = re.compile(r"\s*(?:[锟斤拷]{3,}|[\ufffd\ue000-\uf8ff]+|烫{3,}|屯{4,}|[\xa1-\xff]{6,}|(?:ï¿½)+)\s*")
_CJK = re.compile(r"[\u3400-\u9fff]")
_CLAUSE = re.compile(r"[^,。!?;、\n\uff0c\uff01\uff1f\uff1b]+")
_ODD = 0.35  # below this share of everyday characters eight characters in a row are no Chinese


def usual(text: str) -> float:
    """The share of everyday characters among the Chinese characters of a text; 1 where there are none."""
    characters = _CJK.findall(simplified(text))
    known = common()
    return sum(c in known for c in characters) / len(characters) if characters else 1.0


def _from_latin(found: re.Match[str]) -> str:
    data = found[0].encode("latin-1")
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        return found[0]  # UTF-8, and ftfy's to mend
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return found[0]
    return text if _CJK.search(text) and usual(text) > 0.8 else found[0]


def _from_gbk(found: re.Match[str]) -> str:
    text = found[0]
    if not _CJK.search(text) or usual(text) > 0.75:
        return text
    try:
        data = text.encode("gb18030")
    except UnicodeEncodeError:
        return text
    new = data.decode("utf-8", errors="replace")
    new = re.sub(r"\ufffd+\??$", "", new) if new.endswith(("\ufffd", "\ufffd?")) else new
    enough = len(_CJK.findall(new)) >= 2 and new.count("\ufffd") <= 0.2 * len(new)
    return new if enough and usual(new) > max(0.8, usual(text) + 0.25) else text


def mend(text: str) -> str:
    """Repair what can be: UTF-8 read as Latin-1, cp1252 or GBK, GBK read as Latin-1, GBK that slipped."""
    if text.isascii():
        return text
    text = fix_encoding(_LATIN.sub(_from_latin, text))
    return realign(_FOREIGN.sub(_from_gbk, text))


def drop_lost(text: str, count: Callable[[str], None]) -> str:
    """Take out what nobody can read any more; `count` is told every piece."""

    def out(found: re.Match[str]) -> str:
        count(found[0])
        return " " if found[0][:1].isspace() or found[0][-1:].isspace() else ""

    def clause(found: re.Match[str]) -> str:
        if len(_CJK.findall(found[0])) >= 8 and usual(found[0]) < _ODD:
            count(found[0])
            return ""
        return found[0]

    return _CLAUSE.sub(clause, _LOST.sub(out, text))
