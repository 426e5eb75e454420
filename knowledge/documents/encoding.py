"""Bytes to text: UTF-8, UTF-16, GB18030 and Big5 told apart without a label."""

from __future__ import annotations

import codecs
from functools import lru_cache

from knowledge.clean import simplified
from knowledge.errors import BinaryDocument

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = {
    b"PK\x03\x04": "压缩包或 Office 文件",
    b"%PDF": "PDF",
    b"\x7fELF": "程序",
    b"MZ": "程序",
    b"\x89PNG": "图片",
    b"GIF8": "图片",
    b"\xff\xd8\xff": "图片",
    b"Rar!": "压缩包",
    b"7z\xbc\xaf": "压缩包",
    b"\x1f\x8b": "压缩包",
    b"\xd0\xcf\x11\xe0": "旧版 Office 文件",
}
_SAMPLE = 200_000  # bytes that are enough to tell encodings apart
_BROKEN = 0.02  # share of unreadable characters that a damaged text may have
_ENOUGH = 0.5  # share of common characters below which it is no Chinese in that encoding


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """The 3,755 characters of everyday writing: the first level of GB 2312."""
    codes = (bytes([row, cell]) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return frozenset(code.decode("gb2312", errors="ignore") for code in codes)


def _plausible(text: str) -> float:
    """How much a decoded text looks like Chinese prose, from below 0 to 1."""
    strange = sum(
        c == "\ufffd" or "\ue000" <= c <= "\uf8ff" or (c < " " and c not in "\t\r\n\f") for c in text
    )
    characters = [c for c in text if c >= "\x80" and c != "\ufffd"]
    if not characters:
        return 1.0 - strange
    known = common()
    usual = sum(
        c in known or c in "、。·—…“”‘’《》【】〈〉「」「」『』" or "\uff01" <= c <= "\uff5e"
        for c in simplified("".join(characters))
    )
    return usual / len(characters) - 10 * strange / max(len(text), 1)


def _without_half(data: bytes, encoding: str) -> str:
    """Decode leniently; the sample may end in the middle of a character."""
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(data)


def encoding_of(data: bytes) -> str | None:
    """The codec of a text, None where none fits. A byte-order mark decides, then UTF-8, then looks."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    sample = data[:_SAMPLE]
    zeros = sample.count(0)
    if not zeros:
        text = _without_half(sample, "utf-8")
        bad = text.count("\ufffd")
        if not bad or bad <= _BROKEN * sum(c >= "\x80" for c in text):
            return "utf-8"
    candidates = ["utf-16-le", "utf-16-be"] if zeros else ["gb18030", "big5hkscs", "utf-16-le", "utf-16-be"]
    scored = [(_plausible(_without_half(sample, name)), name) for name in candidates]
    best, name = max(scored, key=lambda pair: pair[0])
    if best >= _ENOUGH:
        return name
    high = sum(byte >= 0x80 for byte in sample)
    if not zeros and high <= 0.3 * len(sample) and not any(b < 9 or 13 < b < 27 for b in sample):
        return "cp1252"
    return None


def decode(data: bytes, name: str) -> str:
    """The text of a file's bytes. Raises BinaryDocument where it is none.

    A few damaged bytes become U+FFFD, which the cleaner counts; without line ends of other systems.
    """
    for magic, what in _MAGIC.items():
        if data.startswith(magic) and (magic != b"MZ" or b"\0" in data[:64]):
            raise BinaryDocument(name, f"不是文字文件(像{what})", "请另存为纯文字再导入", found=what)
    encoding = encoding_of(data)
    if encoding is None:
        raise BinaryDocument(name, "不是文字文件,或编码认不出", "请另存为 UTF-8 文字再导入", found="")
    text = data.decode(encoding, errors="replace").lstrip("\ufeff")
    if sum(c < " " and c not in "\t\r\n\f\v\x1b\x1a" for c in text[:_SAMPLE]) > 0.01 * min(
        len(text), _SAMPLE
    ):
        raise BinaryDocument(name, "不是文字文件(满是控制字符)", "请另存为纯文字再导入", found="")
    return text.replace("\r\n", "\n").replace("\r", "\n")
