"""Writes sessions without end, for a test that kills it: `child.py URL NAME`."""

from __future__ import annotations

import itertools
import sys

from bot.models import Known, Session
from bot.service.sql_store import SqlStore


def main() -> None:
    store = SqlStore(sys.argv[1])
    name = sys.argv[2]
    for number in itertools.count(1):
        facts = {f"fact_{i}": Known(value=number) for i in range(200)}
        store.put(f"{name}{number % 7}", Session(facts=facts))
        if number == 20:
            print("writing", flush=True)
        if len(sys.argv) > 3 and number == int(sys.argv[3]):
            return


if __name__ == "__main__":
    main()
