"""The operator's own documents: one SQLite file, in which passages come and go document by document.

A document is put in or replaced in one transaction, so a reader or a killed run never meets half of one. What
is searched through for every question lies in memory (a vector a passage, in FAISS); what only the proposed
passages need is read from the file (token vectors, text).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from knowledge.documents.model import Document, Piece
from knowledge.errors import IndexUnusable
from knowledge.keyword import Keywords, Segmenter
from knowledge.model import Passage
from knowledge.sentences import brief
from knowledge.tokens import Compression, sentence_vectors
from knowledge.vectors import Vectors

FORMAT = 1  # raise it when a column below changes its meaning
FILE = "documents.sqlite"
_MANY = 5000  # passages from which on common words are not ranked by
_PROPOSED = 200  # by their vector; as many at most by their words
_WAIT = 10  # seconds for another process, before it is tried again
_ID = re.compile(r"D([0-9a-f]{8})\.([0-9]{1,9})")
_SCHEMA = """
create table about (name text primary key, value blob);
create table documents (id integer primary key, path text unique, name text, sha256 text, added text,
    report text);
create table passages (id integer primary key autoincrement,
    document integer references documents on delete cascade, number integer, title text,
    heading text, page integer, text text);
create index passages_document on passages (document);
create table vectors (passage integer primary key references passages on delete cascade, vector blob);
create table tokens (passage integer primary key references passages on delete cascade, heads blob,
    tokens blob);
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document in the index; `report` is what was told when it came in."""

    id: int
    path: str
    name: str
    sha256: str
    passages: int
    report: dict[str, object]


@dataclass(frozen=True, slots=True)
class Proposed:
    """The passages that come into question, p of n.

    ids: (n,) the numbers in the file of all passages, at one moment; rows: (p,) places in `ids`, rising.
    tokens: (t, k), packed, of all proposed in a row, of_tokens: (p,) where each begins; heads: (s, d) of
    their sentences, of_heads: (p,) likewise. bm25: by place.
    """

    ids: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int8]
    of_tokens: npt.NDArray[np.int64]
    heads: Vectors
    of_heads: npt.NDArray[np.int64]
    bm25: dict[int, float]


class Index:
    """One file of documents. Safe to use from several threads; other processes may write meanwhile."""

    def __init__(
        self, folder: Path, database: sqlite3.Connection, segmenter: Segmenter, compression: Compression
    ) -> None:
        self._folder = folder
        self._database = database
        self._lock = threading.RLock()
        self.compression = compression
        self._segmenter = segmenter
        self.keywords = Keywords(database)
        self._seen = (-1, -1)  # the state of the file that the vectors in memory are of
        self._ids = np.empty(0, np.int64)
        self._faiss: faiss.Index | None = None

    # -- opening --------------------------------------------------------------------------------------

    @classmethod
    def create(cls, folder: Path, model_id: str, segmenter: Segmenter, compression: Compression) -> Index:
        """The index of a folder, made where there is none.

        Raises IndexUnusable: the folder holds other things, the index is of another model or damaged, or it
        can't be written.
        """
        file = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                if any(p for p in folder.iterdir() if not p.name.startswith(FILE)):
                    raise IndexUnusable(str(folder), "里面是别的东西", "请给空文件夹,或之前导入时用的那个")
                _make(file, model_id, compression)
        except (OSError, sqlite3.Error) as error:
            raise _unwritable(folder, error) from None
        return cls.open(folder, model_id, segmenter, writable=True)

    @classmethod
    def open(cls, folder: Path, model_id: str, segmenter: Segmenter, writable: bool = False) -> Index:
        """The index that `create` made. Raises IndexUnusable, also where there is none."""
        file = folder / FILE
        if not file.is_file():
            raise IndexUnusable(str(folder), "没有导入过文档", "请先用 ingest 文件 --index 文件夹 导入")
        with contextlib.ExitStack() as opened:
            try:
                database = opened.enter_context(contextlib.closing(_connect(file, writable)))
                about = dict(database.execute("select name, value from about"))
                if about["format"] != FORMAT or about["model"] != model_id:
                    raise IndexUnusable(
                        str(folder),
                        f"是用另一个模型或旧版本做的({about['model']})",
                        "请换一个空文件夹重新导入",
                    )
                mean = np.frombuffer(about["mean"], np.float32)
                basis = np.frombuffer(about["basis"], np.float32).reshape(len(mean), -1)
                compression = Compression(mean, basis, np.frombuffer(about["scale"], np.float32))
                if writable:  # only now that it is sure to be an index: this changes the file
                    database.execute("pragma journal_mode = wal")  # who puts in keeps nobody waiting
                    database.execute("pragma foreign_keys = on")
                index = cls(folder, database, segmenter, compression)
            except (OSError, sqlite3.Error, KeyError, TypeError, ValueError) as error:
                raise _unreadable(folder, error) from None
            opened.pop_all()
            return index

    def close(self) -> None:
        """Close the file; its companions are folded into it."""
        with self._lock:
            self._database.close()

    # -- putting in and taking out ---------------------------------------------------------------------

    def documents(self) -> list[Stored]:
        """All documents in the order in which they came."""
        with self._reading():
            return self._stored("")

    def _stored(self, where: str, *values: object) -> list[Stored]:
        counted = (
            "select d.id, path, name, sha256, count(p.id), report from documents d"
            f" left join passages p on p.document = d.id {where} group by d.id order by d.id"
        )
        return [
            Stored(id_, path, name, sha, count, json.loads(report))
            for id_, path, name, sha, count, report in self._database.execute(counted, values)
        ]

    def put(
        self,
        path: str,
        document: Document,
        encoded: Iterable[tuple[Piece, Vectors, Vectors]],
        report: dict[str, object],
    ) -> Stored | None:
        """Put in a document, in place of the one of the same path, if any. Raises IndexUnusable.

        `encoded` gives each piece with its vector, shape (d,), and its token vectors, shape (t, d). What it
        raises leaves the index as it was. Where a document with this content is in, of whatever path, that
        one is returned and `encoded` not asked for; what else this path held is out.
        """
        with self._writing() as db:
            held = self._stored("where sha256 = ?", document.sha256)
            if not any(d.path == path for d in held):
                self._take_out(path)
            if held:
                return next((d for d in held if d.path == path), held[0])
            added = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            id_ = db.execute(
                "insert into documents (path, name, sha256, added, report) values (?, ?, ?, ?, ?)",
                (path, document.name, document.sha256, added, json.dumps(report, ensure_ascii=False)),
            ).lastrowid
            for number, (piece, vector, tokens) in enumerate(encoded, 1):
                heading = json.dumps(piece.heading, ensure_ascii=False)
                row = db.execute(
                    "insert into passages (document, number, title, heading, page, text)"
                    " values (?, ?, ?, ?, ?, ?)",
                    (id_, number, piece.title, heading, piece.page, piece.text),
                ).lastrowid
                db.execute("insert into vectors values (?, ?)", (row, _half(vector)))
                heads = sentence_vectors(piece.text, tokens)
                packed = self.compression.pack(tokens)
                db.execute("insert into tokens values (?, ?, ?)", (row, _half(heads), packed.tobytes()))
                words = self._segmenter.words(" ".join((*piece.heading, piece.text)))
                self.keywords.add(int(row or 0), words)
        return None

    def rename(self, path: str, now: str, name: str) -> None:
        """A document that is in has another path and name. Raises IndexUnusable."""
        with self._writing() as db:
            db.execute("update documents set path = ?, name = ? where path = ?", (now, name, path))

    def remove(self, path: str) -> bool:
        """Take out the document of this path; whether there was one. Raises IndexUnusable."""
        with self._writing():
            return self._take_out(path)

    def _take_out(self, path: str) -> bool:
        db = self._database
        found = db.execute("select id from documents where path = ?", (path,)).fetchone()
        if found is None:
            return False
        for (row,) in db.execute("select id from passages where document = ?", found).fetchall():
            self.keywords.remove(row)
        db.execute("delete from documents where id = ?", found)
        return True

    # -- searching ------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many passages there are."""
        with self._reading():
            self._refresh()
            return len(self._ids)

    def ids(self) -> list[int]:
        """The number in the file of every passage, rising."""
        with self._reading():
            self._refresh()
            return [int(i) for i in self._ids]

    @property
    def version(self) -> str:
        """Hex digits that change with every document that comes, goes or changes; "" where there is none."""
        with self._reading() as db:
            return _version(db)

    def proposed(self, vector: Vectors, query: str) -> Proposed:
        """The passages that a question's vector or its words propose."""
        with self._reading() as db:
            self._refresh()
            n = len(self._ids)
            d, k = self.compression.basis.shape
            if self._faiss is None:
                nothing = np.empty(0, np.int64)
                tokens, heads = np.empty((0, k), np.int8), np.empty((0, d), np.float32)
                return Proposed(self._ids, nothing, tokens, nothing, heads, nothing, {})
            _, near = self._faiss.search(vector[None, :], min(n, _PROPOSED))
            words = self._segmenter.words(query)
            if n > _MANY:
                words = self.keywords.telling(words, n // 5)
            ranked = self.keywords.scores(words, _PROPOSED)
            places = np.searchsorted(self._ids, list(ranked))
            bm25 = {int(i): s for i, s in zip(places, ranked.values(), strict=True)}
            rows = np.union1d(near[0][near[0] >= 0], places).astype(np.int64)
            held = db.execute(
                "select heads, tokens from tokens where passage in (select value from json_each(?))"
                " order by passage",
                (json.dumps(self._ids[rows].tolist()),),
            ).fetchall()
        heads = np.frombuffer(b"".join(h for h, _ in held), np.float16).reshape(-1, d).astype(np.float32)
        tokens = np.frombuffer(b"".join(t for _, t in held), np.int8).reshape(-1, k)
        of_heads = np.cumsum([0, *(len(h) // (2 * d) for h, _ in held)])[:-1]
        of_tokens = np.cumsum([0, *(len(t) // k for _, t in held)])[:-1]
        return Proposed(self._ids, rows, tokens, of_tokens, heads, of_heads, bm25)

    def passage(self, id: int) -> Passage:
        """The passage of this number in the file. Raises LookupError where it has gone meanwhile."""
        with self._reading():
            return self._passage("p.id = ?", id)

    def heads(self, id: int) -> Vectors:
        """The vectors of the sentences of this passage, shape (s, d). Raises LookupError."""
        with self._reading() as db:
            found = db.execute("select heads from tokens where passage = ?", (id,)).fetchone()
        if found is None:
            raise LookupError(id)
        (held,) = found
        return np.frombuffer(held, np.float16).reshape(-1, len(self.compression.mean)).astype(np.float32)

    def find(self, id: str) -> Passage | None:
        """The passage with this id (Dxxxxxxxx.n), or None."""
        named = _ID.fullmatch(id)
        if named is None:
            return None
        with self._reading():
            try:
                return self._passage("substr(d.sha256, 1, 8) = ? and p.number = ?", named[1], int(named[2]))
            except LookupError:
                return None

    def _passage(self, where: str, *values: object) -> Passage:
        found = self._database.execute(
            "select d.sha256, d.name, p.number, p.title, p.heading, p.page, p.text, d.added"
            f" from passages p join documents d on d.id = p.document where {where}",
            values,
        ).fetchone()
        if found is None:
            raise LookupError(values)
        sha, name, number, title, heading, page, text, added = found
        where_ = f"{name} 第{page}页" if page else name
        return Passage(
            id=f"D{sha[:8]}.{number}", title=title, title_en=title, path=(name, *json.loads(heading)),
            text=text, summary=brief(text), text_en=text, aliases=(), sources=(where_,), tag="own",
            reviewed=dt.date.fromisoformat(added[:10]), document=name,
        )  # fmt: skip

    def _refresh(self) -> None:
        """Read the vectors anew where another process, or this one, has changed the file."""
        (state,) = self._database.execute("pragma data_version").fetchone()
        mine = (state, self._database.total_changes)
        if self._seen == mine:
            return
        rows = self._database.execute("select passage, vector from vectors order by passage").fetchall()
        self._ids = np.array([r[0] for r in rows], np.int64)
        self._faiss = None
        if rows:
            vectors = np.frombuffer(b"".join(r[1] for r in rows), np.float16).reshape(len(rows), -1)
            self._faiss = faiss.IndexScalarQuantizer(
                vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
            )
            self._faiss.add(vectors.astype(np.float32))
        self._seen = mine

    # -- the file ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The file as it is at this moment, until the end. Raises IndexUnusable."""
        with self._lock:
            try:
                with self._database as db:
                    db.execute("begin")
                    yield db
            except sqlite3.Error as error:
                raise _unreadable(self._folder, error) from None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All of what is done inside, or nothing; waits for as long as another process writes."""
        with self._lock:
            try:
                with self._database as db:
                    while not db.in_transaction:
                        try:
                            db.execute("begin immediate")
                        except sqlite3.OperationalError as error:
                            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                                raise
                    yield db
            except sqlite3.Error as error:
                raise _unwritable(self._folder, error) from None


def version_of(folder: Path) -> str:
    """The version of the index in a folder, "" where there is none; opened for this alone."""
    file = folder / FILE
    if not file.is_file():
        return ""
    try:
        with contextlib.closing(_connect(file, writable=False)) as database:
            return _version(database)
    except sqlite3.Error as error:
        raise _unreadable(folder, error) from None


def _version(database: sqlite3.Connection) -> str:
    held = database.execute("select name, sha256 from documents order by name, sha256").fetchall()
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()[:12] if held else ""


def _make(file: Path, model_id: str, compression: Compression) -> None:
    """An empty index. It is there whole or not at all, also where two make it at once or one is killed."""
    with tempfile.TemporaryDirectory(prefix=f"{FILE}.", dir=file.parent) as folder:
        new = Path(folder) / FILE
        with contextlib.closing(_opened(f"{new.resolve().as_uri()}?mode=rwc")) as database:
            database.execute("pragma journal_mode = wal")
            with database:
                database.execute("begin immediate")
                for statement in _SCHEMA.split(";"):
                    database.execute(statement)
                Keywords(database)
                about = {
                    "format": FORMAT, "model": model_id, "mean": compression.mean.tobytes(),
                    "basis": compression.basis.tobytes(), "scale": compression.scale.tobytes(),
                }  # fmt: skip
                database.executemany("insert into about values (?, ?)", about.items())
        try:
            os.link(new, file)
        except FileExistsError:  # another one was quicker
            pass
        except OSError:  # a disk without links
            new.replace(file)


def _connect(file: Path, writable: bool) -> sqlite3.Connection:
    """A connection for all threads. An unwritable folder is read as it lies. Raises sqlite3.Error."""
    uri = file.resolve().as_uri()
    database = _opened(f"{uri}?mode={'rw' if writable else 'ro'}")
    try:
        database.execute("select count(*) from about").fetchone()
    except sqlite3.Error as error:
        database.close()
        unwritable = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
        if writable or not unwritable:
            raise
        # the companions of the file can't be made on a read-only disk
        return _opened(f"{uri}?immutable=1")
    return database


def _opened(uri: str) -> sqlite3.Connection:
    # Not mapped into memory: what searches touch would stay resident, a gigabyte of fifty thousand passages.
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_WAIT)


def _unreadable(folder: Path, error: Exception) -> IndexUnusable:
    return IndexUnusable(str(folder), f"索引读不了({error})", "请换一个空文件夹,或删掉这个重新导入")


def _unwritable(folder: Path, error: Exception) -> IndexUnusable:
    return IndexUnusable(str(folder), f"写不进去({error})", "请换可写的文件夹,或腾出空间")


def _half(vectors: Vectors) -> bytes:
    return np.asarray(vectors, np.float16).tobytes()
