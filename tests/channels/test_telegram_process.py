"""The channel as a process: killed in a burst, with a token that is no good, and what it prints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.channels.bot_api import TOKEN, BotApi, Fault

ROOT = Path(__file__).parents[2]
Child = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def child(api: BotApi, tmp_path: Path) -> Iterator[Child]:
    started: list[subprocess.Popen[str]] = []

    def begin(token: str | None = TOKEN, thinks: float = 0.0) -> subprocess.Popen[str]:
        env = {k: v for k, v in os.environ.items() if k != "TELEGRAM_BOT_TOKEN"} | {
            "TELEGRAM_BASE_URL": api.url
        }
        if token is not None:
            env["TELEGRAM_BOT_TOKEN"] = token
        log = (tmp_path / "output").open("a")
        with log:
            started.append(
                subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "tests.channels.telegram_child",
                        tmp_path / "inbox.db",
                        str(thinks),
                    ],
                    cwd=ROOT,
                    env=env,
                    stdout=log,
                    stderr=log,
                    text=True,
                )
            )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait(10)
    # Whatever a test did: the token was never printed.
    assert TOKEN.partition(":")[2] not in (tmp_path / "output").read_text(encoding="utf-8")


def test_killed_in_a_burst_it_answers_every_message_in_order(api: BotApi, child: Child) -> None:
    people = [api.person(f"商家{i}") for i in range(5)]
    process = child(thinks=0.05)
    api.wait(lambda: api.times("setMyCommands") == 2)
    for number in range(10):
        for person in people:
            person.say(f"{number}")
    for _ in range(3):
        api.fault("sendMessage", Fault("drop"))
        api.fault("sendMessage", Fault("lost"))
        so_far = sum(len(p.answers) for p in people)
        api.wait(lambda goal=so_far + 8: sum(len(p.answers) for p in people) >= goal)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process = child(thinks=0.05)
    wanted = [f"收到 {n}" for n in range(10)]
    api.wait(lambda: all(p.answers[-1:] == wanted[-1:] for p in people), 20)
    for person in people:
        # A copy is allowed where an answer was on its way at the kill; order and wholeness are not lost.
        assert list(dict.fromkeys(person.answers)) == wanted
        assert person.answers == sorted(person.answers)
    assert sum(len(p.answers) for p in people) <= 50 + 3 * len(people) + 3


def test_stopped_politely_it_ends_with_0_and_keeps_what_is_open(api: BotApi, child: Child) -> None:
    person = api.person()
    process = child()
    person.say("一")
    api.wait(lambda: person.answers)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    person.say("二")
    child()
    api.wait(lambda: person.answers[-1:] == ["收到 二"])  # a copy of the first is allowed


@pytest.mark.parametrize(
    ("token", "hint"),
    [(None, "没有设置"), ("", "没有设置"), ("oops", "不像令牌"), ("1234567890:" + "B" * 35, "不认")],
    ids=["missing", "empty", "malformed", "rejected"],
)
def test_a_token_that_is_no_good(child: Child, tmp_path: Path, token: str | None, hint: str) -> None:
    assert child(token).wait(20) == 2
    lines = (tmp_path / "output").read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if not line.startswith(("DEBUG:", "INFO:"))]
    assert len(said) == 1, said
    assert hint in said[0]
    assert "TELEGRAM_BOT_TOKEN" in said[0]
    assert "@BotFather" in said[0]
    assert "B" * 35 not in "".join(lines)


def test_a_revoked_token_ends_it(api: BotApi, child: Child, tmp_path: Path) -> None:
    process = child()
    api.wait(lambda: api.times("setMyCommands") == 2)
    api.token = "other"
    api.update(message={})  # ends the long poll
    assert process.wait(20) == 2
    assert "不认" in (tmp_path / "output").read_text(encoding="utf-8")


def test_an_inbox_that_can_not_be_written(api: BotApi, child: Child, tmp_path: Path) -> None:
    (tmp_path / "inbox.db").mkdir()
    assert child().wait(20) == 1
    assert "inbox.db" in (tmp_path / "output").read_text(encoding="utf-8")


def test_two_processes_one_line_each(api: BotApi, child: Child, tmp_path: Path) -> None:
    child()
    api.wait(lambda: api.times("setMyCommands") == 2)
    child()
    api.wait(lambda: "409" in (tmp_path / "output").read_text(encoding="utf-8"))
    time.sleep(1)
    lines = (tmp_path / "output").read_text(encoding="utf-8").splitlines()
    assert 1 <= sum("只留一个" in line for line in lines) <= 2
