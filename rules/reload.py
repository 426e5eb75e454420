"""Rules that follow their files: an edit takes effect in a running bot, a broken one leaves the old serving.

Whether a file changed is asked at most once a second, by time and size. What was handed out stays whole: an
evaluator never changes, a new edit makes a new one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rules.errors import DataError, Finding
from rules.evaluate import Evaluator
from rules.facts import DATA
from rules.load import load
from rules.model import RuleBase

EVERY = 1.0  #: seconds between two looks at the files
_log = logging.getLogger(__name__)
_Stamp = tuple[tuple[str, int, int], ...]


class Reloading:
    """The evaluator of the data as it is now. Safe to call from several threads.

    Args:
        overrides: says where the operator's file is now, None where there is none; asked at every look, so
            that a file that appears or goes counts too.
        data: the folder of the rule data.
        check: findings about a loaded base that keep it from serving, besides those of the loader.
        every: seconds between two looks; `clock` tells them.

    Raises:
        DataError: the data as it is at the start cannot be loaded.
    """

    def __init__(
        self,
        overrides: Callable[[], Path | None] = lambda: None,
        data: Path = DATA,
        check: Callable[[RuleBase], list[Finding]] = lambda _: [],
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._overrides, self._data, self._check = overrides, data, check
        self._every, self._clock = every, clock
        self._lock = threading.Lock()
        self._looked = clock()
        self._seen = self._stamp()
        self._evaluator = self._made()

    def current(self) -> Evaluator:
        """The evaluator for the next request. Never raises: what cannot be loaded is logged once."""
        if self._clock() - self._looked >= self._every and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._evaluator

    def _look(self) -> None:
        self._looked = self._clock()
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp  # taken before reading: an edit during the load is seen at the next look
        try:
            self._evaluator = self._made()
        except DataError as error:
            lines = "\n".join(map(str, error.findings))
            _log.error("改过的规则读不了,继续用原来的:\n%s", lines)
        except OSError as error:  # a file that went away while it was read
            _log.error("改过的规则读不了,继续用原来的: %s", error)
        else:
            _log.info("规则已更新:%s", self._evaluator.base.version)

    def _made(self) -> Evaluator:
        base = load(self._data, self._overrides())
        if found := self._check(base):
            raise DataError(found)
        return Evaluator(base)

    def _stamp(self) -> _Stamp:
        """Path, time and size of every file that counts."""
        files = sorted(self._data.rglob("*.yaml"))
        overrides = self._overrides()
        out = []
        for path in [*files, *([overrides] if overrides else [])]:
            try:
                known = path.stat()
            except OSError:
                out.append((str(path), -1, -1))
            else:
                out.append((str(path), known.st_mtime_ns, known.st_size))
        return tuple(out)
