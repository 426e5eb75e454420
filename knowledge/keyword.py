"""Words: segmentation (jieba), synonyms, and BM25 (FTS5) over the passages with their headings."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jieba
import numpy as np
import numpy.typing as npt

from knowledge.clean import normalise
from knowledge.model import Passage, Terms

_WORD = re.compile(r"[a-z0-9\u4e00-\u9fff]")
_RUN = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]+")
_ENGLISH_STOP = frozenset(
    re.findall(
        r"\w+",
        "a an the of to in on for is are was be do does did i my me we our you your it its and or if with at"
        " by from as this that what how why when which who can could should would will not no so but there"
        " their they have has",
    )
)


class Segmenter:
    """Text into words for BM25. Own jieba instance, so that nobody else's dictionary is touched."""

    def __init__(self, terms: Terms, cache_dir: Path | None = None) -> None:
        jieba.setLogLevel(logging.CRITICAL)
        self._jieba = jieba.Tokenizer()
        if cache_dir is not None and cache_dir.is_dir():
            self._jieba.tmp_dir = str(cache_dir)
        self._jieba.initialize()
        for word in (*terms.words, *terms.synonyms, *terms.elsewhere):
            if not word.isascii():
                self._jieba.add_word(word)
        self._translated = frozenset(k.lower() for k in terms.synonyms)
        self._stop = frozenset(terms.stopwords) | _ENGLISH_STOP
        # longest first: 小店随心推 before 随心推
        self._synonyms = [
            (re.compile(rf"\b{re.escape(k)}\b" if k.isascii() else re.escape(k)), v)
            for k, v in sorted(
                ((k.lower(), v) for k, v in terms.synonyms.items()), key=lambda kv: (-len(kv[0]), kv)
            )
        ]

    def expand(self, query: str) -> str:
        """The question followed by the handbook's words for what it says: 千穿 → … 千川."""
        low = query.lower()
        added = [said for written, said in self._synonyms if said.lower() not in low and written.search(low)]
        return " ".join([query, *dict.fromkeys(added)]) if added else query

    def known_share(self, text: str, told: Callable[[str], bool]) -> float:
        """Share of a text's content words that were `told` or have a synonym; 0 without any word."""
        words = self.content_words(text)
        return sum(told(w) or w in self._translated for w in words) / len(words) if words else 0.0

    def words(self, text: str) -> list[str]:
        """Words and, of long ones, their parts; lower case, without stop words and punctuation."""
        return [
            w for w in self._jieba.cut_for_search(text.lower()) if _WORD.search(w) and w not in self._stop
        ]

    def grams(self, text: str) -> list[str]:
        """Characters and pairs of characters of Chinese, words of other scripts, in lower case.

        Of short texts they tell more than words, which the segmenter cuts one way or the other.
        """
        out: list[str] = []
        for run in _RUN.findall(text.lower()):
            out += [run] if run.isascii() else [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
        return out

    def content_words(self, text: str) -> list[str]:
        """Whole words of at least two characters: what a question is about."""
        words = [
            w for w in self._jieba.cut(text.lower()) if len(w) > 1 and _WORD.search(w) and w not in self._stop
        ]
        return [w for w in words if not w.isdigit()]


@dataclass(frozen=True, slots=True)
class Words:
    """What BM25 reads of a handbook: segmenting it takes seconds, so the index keeps it.

    `corpus`: the words of each passage; `told`: the content words of all texts. Without aliases, since the
    refusal is calibrated on them, and they would know all of their own words.
    """

    corpus: list[list[str]]
    told: frozenset[str]

    @classmethod
    def of(cls, passages: Sequence[Passage], segmenter: Segmenter) -> Words:
        """Title, path, aliases and both texts. Headings belong here: before an embedded text they hurt."""
        fields = ([p.title, p.title, *p.path, p.title_en, *p.aliases, p.text, p.text_en] for p in passages)
        told = (
            w
            for p in passages
            for w in segmenter.content_words(f"{p.title} {p.title_en} {p.text} {p.text_en}")
        )
        return cls([segmenter.words(normalise(" ".join(f))) for f in fields], frozenset(told))

    def packed(self) -> npt.NDArray[np.uint8]:
        """As bytes, shape (n,), the same for the same words."""
        return np.frombuffer(json.dumps([self.corpus, sorted(self.told)]).encode(), np.uint8)

    @classmethod
    def unpacked(cls, data: npt.NDArray[np.uint8]) -> Words:
        """The words that `packed` made bytes of."""
        corpus, told = json.loads(data.tobytes())
        return cls(corpus, frozenset(told))


class Keywords:
    """BM25 over the words of passages, in an FTS5 table of SQLite: in memory, or in the file of an index.

    FTS5 takes words parted by blanks; it counts, ranks and forgets passages one by one, and on disk.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(
            "create virtual table if not exists words"
            " using fts5(text, tokenize='unicode61 remove_diacritics 0')"
        )
        database.execute("create virtual table if not exists vocabulary using fts5vocab(words, row)")

    def add(self, row: int, words: Sequence[str]) -> None:
        """Put in the words of a passage under its number."""
        self._database.execute("insert into words (rowid, text) values (?, ?)", (row, " ".join(words)))

    def remove(self, row: int) -> None:
        """Take out the words of a passage."""
        self._database.execute("delete from words where rowid = ?", (row,))

    def scores(self, words: Sequence[str], most: int = -1) -> dict[int, float]:
        """BM25 by the number of each passage that has one of the words; `most` keeps the best ones."""
        words = list(dict.fromkeys(words))
        wanted = " OR ".join(f'"{word}"' for word in words if '"' not in word)
        if not wanted:
            return {}
        ranked = "select rowid, -bm25(words) from words where words match ? order by rank, rowid limit ?"
        return dict(self._database.execute(ranked, (wanted, most)))

    def telling(self, words: Sequence[str], most: int) -> list[str]:
        """The words that at most `most` passages have; all of them, where every one is more common.

        What nearly all passages say tells them apart least and takes the longest to rank.
        """
        count = "select coalesce(sum(doc), 0) from vocabulary where term = ?"
        rare = [w for w in words if self._database.execute(count, (w,)).fetchone()[0] <= most]
        return rare or list(words)

    def known(self, word: str) -> bool:
        """Whether any passage has this word."""
        return (
            self._database.execute("select 1 from vocabulary where term = ?", (word,)).fetchone() is not None
        )
