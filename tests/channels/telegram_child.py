"""A bot in a process of its own, for tests that kill it: the channel as the command line calls it, echoing.

Arguments: the inbox file, and how long the core thinks, in seconds.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

from bot.channels import telegram
from bot.channels.base import Inbound, Reply


class Echo:
    """Says the text again, after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def reply(self, message: Inbound) -> Reply:
        time.sleep(self._seconds)
        return Reply(f"收到 {message.text}")


if __name__ == "__main__":
    # The chattiest logging there is: not even then may the token show.
    logging.basicConfig(level=logging.DEBUG)
    sys.exit(telegram.main(lambda: Echo(float(sys.argv[2])), Path(sys.argv[1])))
