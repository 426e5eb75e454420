"""The one door: a file in, clean passages out; and which files a folder holds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from knowledge.documents.limits import MAX_PASSAGES, too_many_passages
from knowledge.documents.model import Document
from knowledge.documents.read import READERS, read
from knowledge.documents.split import split
from knowledge.documents.tidy import tidy
from knowledge.errors import EmptyDocument

_TEMPORARY = ("~$", "~", ".", "#")
_SUFFIXES = (".tmp", ".bak", ".swp", ".part", ".crdownload")


def open_document(path: Path) -> Document:
    """Read, clean and split a file. Raises a DocumentError with one Chinese line for whatever is refused."""
    blocks = read(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    tidied = tidy(blocks)
    pieces = tuple(split(tidied.blocks))
    if len(pieces) > MAX_PASSAGES:
        raise too_many_passages(path.name, len(pieces))
    if not pieces:
        raise EmptyDocument(path.name, "清理掉广告和联系方式后没有剩下内容", "请换一份有正文的文件")
    return Document(path.name, digest, pieces, tidied.kept, tidied.dropped)


def _files(folder: Path) -> Iterator[Path]:
    """Files below a folder in the order of their names; links to folders are not followed, so no loop is."""
    for root, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(f for f in folders if not f.startswith(_TEMPORARY) and f != "__MACOSX")
        yield from (Path(root, name) for name in sorted(names))


def documents_in(paths: Iterable[Path]) -> list[Path]:
    """The files to read: those given, whatever they are, and the readable kinds inside the folders given.

    In a folder hidden and temporary files (~$a.docx, .DS_Store), other kinds, broken links, devices are
    passed over. A file that is reached twice is listed once.
    """
    out: dict[str, Path] = {}
    for path in paths:
        inside = path.is_dir()
        for file in _files(path) if inside else [path]:
            if inside and (
                file.name.startswith(_TEMPORARY)
                or file.name.endswith(_SUFFIXES)
                or file.suffix.lower() not in READERS
                or not _regular(file)
            ):
                continue
            out.setdefault(os.path.realpath(file), file)
    return list(out.values())


def _regular(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a loop of links
        return False
