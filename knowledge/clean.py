"""Text hygiene: what a question is turned into before it is searched, and what may never leave the index."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import ftfy
import opencc

_LABEL = (
    r"(?:QQ\s*(?:群号?|号|交流群)?|扣扣群?|企鹅号|(?:个人|客服|企业)?(?:微信|薇信|威信|V信)(?:号|群号)?|VX号?|(?:加|\+)V|"
    r"WeChat|手机号?码?|(?:联系|咨询|客服|服务|报名|售后)?(?:电话|热线|座机)|联系方式|群号|邮箱|公众号)"
)
_NAMED = rf"(?:{_LABEL}\s*:?\s*)?"
_INNER = r"(?:\s*转\s*\d{1,5})?"
_AMOUNT = r"\s*(?:[%万亿元件]|人次|个月)"
# Matched on text whose punctuation is narrow.
_CONTACT = re.compile(
    r"(?:https?://|www\.)[^\s,。;、()\u4e00-\u9fff]+"  # links
    r"|(?:(?:电子)?邮箱\s*:?\s*)?[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.]+"  # mail
    # after a label: what has a digit in it and is no amount, or anything Latin after a colon
    rf"|{_LABEL}\s*(?:[:是为]\s*)*(?=[A-Z0-9_-]*\d)[A-Z0-9_-]{{5,20}}(?![A-Z0-9_]|\.\d|{_AMOUNT}){_INNER}"
    r"|(?:微信号?|薇信|V信|VX|WeChat)\s*:\s*[A-Z][A-Z0-9_-]{5,19}(?![A-Z0-9_-])"
    # mobile numbers, landlines, hotlines
    rf"|{_NAMED}(?<![\d.])(?:\+?86[\s-]?)?1[3-9]\d[\s-]?\d{{4}}[\s-]?\d{{4}}(?!\d|\.\d|{_AMOUNT})"
    rf"|{_NAMED}(?<![\d.])\(?0\d{{2,3}}\)?[\s-]?\d{{7,8}}(?!\d){_INNER}"
    rf"|{_NAMED}(?<![\d.-])[48]00[\s-]\d{{3,4}}[\s-]?\d{{3,4}}(?![\d-]){_INNER}",
    re.IGNORECASE,
)
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACE = re.compile(r"\s+")
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2,}")


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """Traditional script to simplified, character for character."""
    return str(_simplifier().convert(text))


def normalise(text: str) -> str:
    """A text as it is searched: NFKC, mojibake repaired, simplified script, no control characters."""
    text = unicodedata.normalize("NFKC", ftfy.fix_text(text))
    text = "".join(c if unicodedata.category(c)[0] not in "C" else " " for c in text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("So", "Sk", "Mn") or c in "°")
    return _SPACE.sub(" ", simplified(text)).strip()


def narrow(text: str) -> str:
    """Full-width letters, digits and punctuation as ASCII, character for character: places stay the same."""
    return text.translate(_NARROW)


def contact_spans(text: str) -> list[tuple[int, int]]:
    """Where `strip_contacts` would remove something, as (begin, end)."""
    return [found.span() for found in _CONTACT.finditer(narrow(text))]


def strip_contacts(text: str) -> str:
    """Remove phone numbers, QQ and WeChat ids, mail addresses and links (rule GR-12)."""
    for begin, end in reversed(contact_spans(text)):
        text = text[:begin] + text[end:]
    return text


def has_contacts(text: str) -> bool:
    """Whether `strip_contacts` would remove something."""
    return bool(contact_spans(text))


def language(text: str) -> str:
    """Return "en" where Latin words outnumber Chinese characters, else "zh"; ROI is no English."""
    return "en" if len(_LATIN.findall(text)) > len(_CJK.findall(text)) else "zh"


def searchable(text: str) -> bool:
    """Whether anything is left to search for: at least two letters or characters."""
    return sum(c.isalpha() for c in text) >= 2
