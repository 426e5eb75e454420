"""Text hygiene: what a question is turned into before it is searched, and what may never leave the index."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import ftfy
import opencc

_CONTACT = re.compile(
    r"(?:https?://|www\.)[^\s,。;、()()\u4e00-\u9fff]+"  # links
    r"|[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.]+"  # mail
    r"|(?:QQ群?|qq群?|微信号?|[vV][xX]|加[vV]|WeChat|手机号?|电话|联系方式)\s*[::]?\s*(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{5,20}"
    r"|(?<![\d.])1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)"  # mobile numbers
    r"|(?<!\d)0\d{2,3}[\s-]\d{7,8}(?!\d)",  # landlines
)
_SPACE = re.compile(r"\s+")
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2,}")


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def normalise(text: str) -> str:
    """A text as it is searched: NFKC, mojibake repaired, simplified script, no control characters."""
    text = unicodedata.normalize("NFKC", ftfy.fix_text(text))
    text = "".join(c if unicodedata.category(c)[0] not in "C" else " " for c in text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("So", "Sk", "Mn") or c in "°")
    return _SPACE.sub(" ", _simplifier().convert(text)).strip()


def strip_contacts(text: str) -> str:
    """Remove phone numbers, QQ and WeChat ids, mail addresses and links (rule GR-12)."""
    return _CONTACT.sub("", text)


def has_contacts(text: str) -> bool:
    """Whether `strip_contacts` would remove something."""
    return _CONTACT.search(text) is not None


def language(text: str) -> str:
    """Return "en" where Latin words outnumber Chinese characters, else "zh"; ROI is no English."""
    return "en" if len(_LATIN.findall(text)) > len(_CJK.findall(text)) else "zh"


def searchable(text: str) -> bool:
    """Whether anything is left to search for: at least two letters or characters."""
    return sum(c.isalpha() for c in text) >= 2
