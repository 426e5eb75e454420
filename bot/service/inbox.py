"""Messages on disk between their arrival and their answer, so that a killed process loses none.

A message is written before it is acknowledged to the service that delivered it, and marked done when the last
part of its answer is out. What lies between is taken up again after a restart, in order. Texts are wiped when
they are no longer needed; the empty row stays for a while, so that a redelivered message is recognised.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    bot TEXT NOT NULL,
    update_id INTEGER NOT NULL,
    chat TEXT NOT NULL,
    user TEXT NOT NULL,
    text TEXT NOT NULL,
    reply_to INTEGER,
    answer TEXT,
    parts_sent INTEGER NOT NULL DEFAULT 0,
    done_at REAL,
    UNIQUE (bot, update_id)
);
CREATE INDEX IF NOT EXISTS inbox_open ON inbox (bot, chat, seq) WHERE done_at IS NULL;
"""

# Telegram redelivers for a day, and after an idle week it may start its numbers anew.
KEEP_DONE_SECONDS = 2 * 86400.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One message and how far its answer got.

    `reply_to` is the message to quote, or None. `answer` is None until the core has spoken;
    `parts_sent` counts the parts of it that are out.
    """

    update_id: int
    chat: str
    user: str
    text: str
    reply_to: int | None = None
    answer: str | None = None
    parts_sent: int = 0


class Inbox:
    """A table of letters in one SQLite file; safe to use from several threads.

    `bot` keeps two bots apart that share the file, since their update numbers may coincide.
    """

    def __init__(self, path: Path, bot: str) -> None:
        """Open or create the file; raises OSError or sqlite3.Error where that is impossible."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._bot = bot
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # FULL, since Telegram forgets what we acknowledge: it must have reached the disk.
        self._db.execute("PRAGMA synchronous=FULL")
        # Wiped texts are overwritten, not only unlinked.
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.executescript(_SCHEMA)
        self.prune()

    def add(self, letters: Iterable[Letter]) -> None:
        """Write new letters in one transaction; known ones are left as they are."""
        rows = [(self._bot, m.update_id, m.chat, m.user, m.text, m.reply_to) for m in letters]
        if not rows:
            return
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(
                    "INSERT OR IGNORE INTO inbox (bot, update_id, chat, user, text, reply_to)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    rows,
                )
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def chats(self) -> list[str]:
        """Chats with open letters, the one waiting longest first."""
        rows = self._run(
            "SELECT chat FROM inbox WHERE bot = ? AND done_at IS NULL GROUP BY chat ORDER BY MIN(seq)",
            self._bot,
        )
        return [row[0] for row in rows]

    def next(self, chat: str) -> Letter | None:
        """The oldest open letter of a chat."""
        rows = self._run(
            "SELECT update_id, chat, user, text, reply_to, answer, parts_sent FROM inbox"
            " WHERE bot = ? AND chat = ? AND done_at IS NULL ORDER BY seq LIMIT 1",
            self._bot,
            chat,
        )
        return Letter(*rows[0]) if rows else None

    def answered(self, update_id: int, answer: str) -> None:
        """Keep the answer before it is sent: a restart sends the same one and does not ask the core again."""
        self._run("UPDATE inbox SET answer = ? WHERE bot = ? AND update_id = ?", answer, self._bot, update_id)

    def part_sent(self, update_id: int, count: int) -> None:
        """The first `count` parts of the answer are out."""
        self._run(
            "UPDATE inbox SET parts_sent = ? WHERE bot = ? AND update_id = ?", count, self._bot, update_id
        )

    def done(self, update_id: int) -> None:
        """Nothing is left to do; what was said is wiped."""
        self._run(
            "UPDATE inbox SET done_at = ?, text = '', answer = '' WHERE bot = ? AND update_id = ?",
            time.time(),
            self._bot,
            update_id,
        )

    def moved(self, old: str, new: str) -> None:
        """A group became a supergroup: its open letters go on under the new id."""
        self._run(
            "UPDATE inbox SET chat = ? WHERE bot = ? AND chat = ? AND done_at IS NULL", new, self._bot, old
        )

    def prune(self) -> None:
        """Drop done rows that no redelivery can reach any more."""
        self._run("DELETE FROM inbox WHERE done_at < ?", time.time() - KEEP_DONE_SECONDS)

    def close(self) -> None:
        """Close the file; letters stay."""
        with self._lock:
            self._db.close()

    def _run(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()
