"""How large a document may be, and the checks that hold it, before and while it is read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from knowledge.documents.model import Block
from knowledge.errors import BrokenDocument, DocumentTooLarge, EncryptedDocument, ExpandsTooFar

MAX_BYTES = 50 * 1024**2
MAX_PASSAGES = 20_000
LONGEST = 700  # characters of a passage
MAX_CELL = (
    200_000  # characters of one field of a table, or of one line: no text that a person wrote is longer
)
MAX_MEMBERS = 10_000
MAX_EXPANDED = 400 * 1024**2  # a sheet is streamed
MAX_TREE = 60 * 1024**2  # a part that is held as a tree takes some ten times its size
_RATIO = 500  # XML of real documents shrinks to a tenth or a thirtieth
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what an Office file with a password is wrapped in


def too_many_passages(name: str, found: int) -> DocumentTooLarge:
    """The refusal of a document of more than 20,000 passages."""
    return DocumentTooLarge(
        name, f"内容太多,超过 {MAX_PASSAGES} 段", "请拆成几个文件再导入",
        found=found, limit=MAX_PASSAGES, unit="passages",
    )  # fmt: skip


def bounded(blocks: Iterable[Block], name: str) -> Iterator[Block]:
    """Pass blocks on until their text can no longer fit the passages allowed.

    Blocks without text are left out. Raises DocumentTooLarge as soon as it is certain, before memory is.
    """
    total = 0
    gap = False
    for block in blocks:
        text = block.text.strip()
        gap = gap or block.gap
        if not text:
            continue
        if len(text) > MAX_CELL and block.kind == "row":
            raise cell_too_long(name, block.row or 0)
        total += len(text)
        if total > MAX_PASSAGES * LONGEST:
            raise too_many_passages(name, total // LONGEST)
        yield replace(block, text=text, gap=gap)
        gap = False


def cell_too_long(name: str, row: int) -> DocumentTooLarge:
    """The refusal of a table with an endless field, most often an unclosed quotation mark."""
    return DocumentTooLarge(
        name, f"第 {row} 行有一格超过 {MAX_CELL} 字", "请检查那一行的引号是否成对,或把长文另存为 .txt",
        found=MAX_CELL, limit=MAX_CELL, unit="characters",
    )  # fmt: skip


def check_archive(path: Path, streamed: str = "\0") -> None:
    """Make sure that a .docx or .xlsx is one and is safe to open.

    Every part is decompressed once and counted, so a lie in the directory is found. Parts whose name starts
    with `streamed` may be large. A part that declares XML entities is refused: Office never writes any.
    Raises EncryptedDocument, BrokenDocument, ExpandsTooFar.
    """
    name = path.name
    with path.open("rb") as file:
        if file.read(8) == _OLE:
            raise EncryptedDocument(name, "有密码,或其实是旧格式", "请去掉密码,另存为 .docx / .xlsx")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            declared = sum(m.file_size for m in members)
            packed = sum(m.compress_size for m in members)
            if len(members) > MAX_MEMBERS or declared > MAX_EXPANDED or declared > _RATIO * max(packed, 4096):
                raise _bomb(name, declared)
            total = 0
            for member in members:
                if member.flag_bits & 1:
                    raise EncryptedDocument(name, "有密码", "请去掉密码后另存")
                with archive.open(member) as content:
                    size = _measure(content, name, member.filename.startswith(streamed))
                total += size
                if total > MAX_EXPANDED:
                    raise _bomb(name, total)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, ValueError) as error:
        raise broken(name, path.suffix, error) from None
    except Exception as error:  # zlib.error, lzma.LZMAError, … have no common root
        if isinstance(error, (EncryptedDocument, ExpandsTooFar, BrokenDocument, OSError, MemoryError)):
            raise
        raise broken(name, path.suffix, error) from None


def _measure(content: IO[bytes], name: str, streamed: bool) -> int:
    size, head = 0, b""
    limit = MAX_EXPANDED if streamed else MAX_TREE
    while part := content.read(1 << 16):
        if size < 4096:
            head = (head + part)[:4096]
        size += len(part)
        if size > limit:
            raise _bomb(name, size)
    plain = head.replace(b"\0", b"").upper()  # UTF-16 hides a declaration from a simple look
    if plain.lstrip(b"\xef\xbb\xbf\xff\xfe ").startswith(b"<") and b"<!DOCTYPE" in plain:
        raise BrokenDocument(
            name, "里面有不该有的 XML 实体声明", "请用 Office 或 WPS 打开后重新另存", detail="DTD"
        )
    return size


def _bomb(name: str, found: int) -> ExpandsTooFar:
    return ExpandsTooFar(
        name, f"解压后会超过 {found // 1024**2} MB,不像正常文档",
        "请用 Office 或 WPS 打开,删去多余内容后重新另存", found=found, limit=MAX_EXPANDED,
    )  # fmt: skip


def broken(name: str, suffix: str, error: object) -> BrokenDocument:
    """The refusal of a file that its own format's reader cannot read."""
    return BrokenDocument(
        name, f"打不开,文件已损坏或不是真正的 {suffix}", "请用原来的软件打开并重新另存",
        detail=str(error)[:200],
    )  # fmt: skip
