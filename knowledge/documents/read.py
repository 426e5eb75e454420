"""From a file to blocks: what may be opened at all, and which reader opens it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from knowledge.documents import markdown, markup, pdf, plain, sheet, word
from knowledge.documents.limits import MAX_BYTES, bounded
from knowledge.documents.model import Block
from knowledge.errors import DocumentTooLarge, EmptyDocument, NotAFile, UnreadableDocument, UnsupportedFormat

Reader = Callable[[Path], Iterator[Block]]
READERS: dict[str, Reader] = {
    ".txt": plain.blocks,
    ".md": markdown.blocks,
    ".html": markup.blocks,
    ".htm": markup.blocks,
    ".pdf": pdf.blocks,
    ".docx": word.blocks,
    ".csv": sheet.csv_blocks,
    ".xlsx": sheet.xlsx_blocks,
}
_INSTEAD = {
    ".doc": ".docx", ".docm": ".docx", ".wps": ".docx", ".rtf": ".docx", ".odt": ".docx", ".pages": ".docx",
    ".xls": ".xlsx", ".xlsm": ".xlsx", ".xlsb": ".xlsx", ".et": ".xlsx", ".ods": ".xlsx", ".numbers": ".xlsx",
    ".ppt": ".pdf", ".pptx": ".pdf", ".dps": ".pdf", ".key": ".pdf", ".epub": ".pdf", ".caj": ".pdf",
    ".mht": ".html", ".tsv": ".csv", ".markdown": ".md",
}  # fmt: skip


def check_file(path: Path) -> None:
    """Look at a file without opening it.

    Raises UnreadableDocument, NotAFile, UnsupportedFormat, EmptyDocument, DocumentTooLarge.
    """
    name, suffix = path.name or str(path), path.suffix.lower()
    try:
        status = path.stat()
    except FileNotFoundError:
        raise UnreadableDocument(name, "没有这个文件", "请检查路径", detail="missing") from None
    except OSError as error:
        what = (
            "是绕圈的快捷方式" if error.errno == errno.ELOOP else f"看不到({os.strerror(error.errno or 0)})"
        )
        raise UnreadableDocument(name, what, "请换成文件本身的路径", detail=str(error.errno)) from None
    except ValueError:  # a zero byte in the name
        raise UnreadableDocument(repr(name), "不是文件名", "请检查路径", detail="name") from None
    if stat.S_ISDIR(status.st_mode):
        raise NotAFile(name, "是文件夹", "请给出文件,或按文件夹导入")
    if not stat.S_ISREG(status.st_mode):
        raise NotAFile(name, "是设备或管道,不是文件", "请先存成文件")
    if suffix not in READERS:
        right = f"请另存为 {_INSTEAD[suffix]}" if suffix in _INSTEAD else f"能读的是 {' '.join(READERS)}"
        raise UnsupportedFormat(name, f"不支持 {suffix or '没有后缀的文件'}", right, suffix=suffix)
    if not status.st_size:
        raise EmptyDocument(name, "是空文件", "请检查是否存错")
    if status.st_size > MAX_BYTES:
        found = status.st_size / 1024**2
        raise DocumentTooLarge(
            name, f"有 {found:.1f} MB,超过 {MAX_BYTES // 1024**2} MB", "请拆成几个文件,或删去图片再导入",
            found=status.st_size, limit=MAX_BYTES, unit="bytes",
        )  # fmt: skip


def read(path: Path) -> list[Block]:
    """All text of a file as blocks in reading order, at least one.

    Raises a DocumentError with a Chinese line for whatever cannot or must not be read.
    """
    check_file(path)
    name = path.name
    try:
        blocks = list(bounded(READERS[path.suffix.lower()](path), name))
    except PermissionError:
        raise UnreadableDocument(
            name, "没有读取权限", "请改文件权限或另存一份", detail="permission"
        ) from None
    except OSError as error:
        detail = error.strerror or "读盘出错"
        raise UnreadableDocument(name, f"读不出来({detail})", "请另存一份再导入", detail=detail) from None
    if not blocks:
        raise EmptyDocument(name, "里面没有文字", "请检查是否存错")
    return blocks
