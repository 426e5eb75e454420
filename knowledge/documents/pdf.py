"""PDF, by pypdf: the lines of every page with its number."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pypdf
from pypdf.errors import DependencyError

from knowledge.documents.limits import broken
from knowledge.documents.model import Block
from knowledge.errors import DocumentError, EncryptedDocument, ScannedDocument

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every oddity that it could read past


def blocks(path: Path) -> Iterator[Block]:
    """The lines of a .pdf, page by page. Raises EncryptedDocument, BrokenDocument, ScannedDocument."""
    name = path.name
    found = 0
    try:
        with pypdf.PdfReader(path) as reader:
            if reader.is_encrypted and not _opens(reader):
                raise EncryptedDocument(name, "有密码", "请去掉密码后另存为 PDF")
            pages = len(reader.pages)
            for number, page in enumerate(reader.pages, 1):
                gap = True
                for line in page.extract_text().split("\n"):
                    text = line.strip()
                    if text:
                        found += 1
                        yield Block(text, page=number, kind="line", gap=gap)
                    gap = not text
    except (DocumentError, OSError, MemoryError, GeneratorExit):
        raise
    except Exception as error:  # pypdf lets KeyError, TypeError, RecursionError and others through
        raise broken(name, ".pdf", error) from None
    if not found:
        raise ScannedDocument(
            name, f"{pages} 页里没有文字,像是扫描件或图片", "请先用文字识别(OCR)转成可复制的 PDF", pages=pages
        )


def _opens(reader: pypdf.PdfReader) -> bool:
    """Whether it opens without a password: some forbid only printing."""
    try:
        return bool(reader.decrypt(""))
    except (DependencyError, NotImplementedError):
        return False
