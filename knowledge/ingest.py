"""The operator's files into an index: what is new or changed is read, what is gone is taken out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from knowledge.build import CHUNK
from knowledge.documents import Document, Piece, documents_in, open_document
from knowledge.embed import Encoder
from knowledge.errors import KnowledgeError, UnreadableDocument
from knowledge.index import Index, Stored
from knowledge.sentences import chunks
from knowledge.vectors import Vectors, unit

State = Literal["added", "replaced", "unchanged", "same", "removed", "refused"]
Progress = Callable[[str, int, int], None]  #: document, passages encoded, of how many


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `same_as`: the document whose content it has; `dropped`: by reason."""

    file: str
    state: State
    passages: int = 0
    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    same_as: str | None = None
    error: KnowledgeError | None = None

    def as_json(self) -> dict[str, Any]:
        """As `ingest --json` prints it."""
        error = {"code": self.error.code, "message": str(self.error)} if self.error else None
        return {
            "file": self.file, "document": Path(self.file).name, "state": self.state,
            "passages": self.passages, "kept": self.kept, "dropped": dict(self.dropped),
            "same_as": self.same_as, "error": error,
        }  # fmt: skip


def ingest(
    paths: Sequence[Path], index: Index, encoder: Encoder, progress: Progress = lambda *_: None
) -> Iterator[Outcome]:
    """Put files and the files of folders into the index, one outcome a file, each told as soon as it is done.

    A file whose content is in already is not read again. One that is gone from a folder named here is taken
    out. What is refused is told and leaves the rest alone. Raises IndexUnusable, also of a full disk.
    """
    stored = {d.path: d for d in index.documents()}
    for path in _gone(stored, paths):
        index.remove(path)
        yield Outcome(path, "removed", stored.pop(path).passages)
    for file in documents_in(paths):
        path = os.path.realpath(file)
        try:
            _named(path)
            document = open_document(file)
        except KnowledgeError as error:
            yield Outcome(str(file), "refused", error=error)
            continue
        before = stored.get(path)
        facts = {"kept": document.kept, "dropped": dict(document.dropped)}
        told = Outcome(str(file), "added", len(document.pieces), document.kept, document.dropped)
        if before and before.sha256 == document.sha256:
            yield _with(told, "unchanged")
            continue
        twin = index.put(path, document, _encoded(document, encoder, progress), facts)
        if twin and twin.path != path and not _is_still(twin):
            index.rename(twin.path, path, document.name)
            twin = None
        if twin is None:
            yield _with(told, "replaced" if before else "added")
        elif twin.path == path:  # another process has just put it in
            yield _with(told, "unchanged")
        else:
            yield _with(told, "same", twin.name)


def remove(names: Iterable[str], index: Index) -> Iterator[Outcome]:
    """Take out documents by their name or path; a name that none has is refused."""
    for name in names:
        found = [d for d in index.documents() if name in (d.name, d.path) or os.path.realpath(name) == d.path]
        if not found:
            known = "、".join(d.name for d in index.documents()[:5]) or "一份也没有"
            yield Outcome(name, "refused", error=KnowledgeError(f"索引里没有 {name};现有:{known}"))
        for one in found:
            index.remove(one.path)
            yield Outcome(one.path, "removed", one.passages)


def _with(outcome: Outcome, state: State, same_as: str | None = None) -> Outcome:
    return Outcome(outcome.file, state, outcome.passages, outcome.kept, outcome.dropped, same_as)


def _named(path: str) -> None:
    """Names are stored as UTF-8. Raises UnreadableDocument, most often for what an old archive unpacked."""
    try:
        path.encode()
    except UnicodeEncodeError:
        name = os.fsencode(path).decode(errors="replace")
        raise UnreadableDocument(name, "文件名的编码不是 UTF-8", "请改名再导入", detail="name") from None


def _is_still(document: Stored) -> bool:
    """Whether the file has the content that is stored of it."""
    try:
        with Path(document.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == document.sha256
    except FileNotFoundError:
        return False
    except OSError:  # there, for all that can be seen
        return True


def _gone(stored: Mapping[str, Stored], paths: Sequence[Path]) -> list[str]:
    folders = [Path(os.path.realpath(p)) for p in paths if p.is_dir()]
    return [s for s in stored if not Path(s).exists() and any(f in Path(s).parents for f in folders)]


def _encoded(
    document: Document, encoder: Encoder, progress: Progress
) -> Iterator[tuple[Piece, Vectors, Vectors]]:
    for done, piece in enumerate(document.pieces):
        progress(document.name, done, len(document.pieces))
        tokens = np.concatenate(encoder.quickly(chunks(piece.text, CHUNK))[1])
        yield piece, unit(tokens.mean(axis=0)), tokens
    progress(document.name, len(document.pieces), len(document.pieces))
