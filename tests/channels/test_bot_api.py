"""The stand-in itself: an outsider's client gets on with it, and it refuses what Telegram refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.channels.bot_api import BotApi, Fault
from tests.channels.bot_api_rules import Refused, parse_html

ROOT = Path(__file__).parents[2]
OUTSIDERS = Path(sys.prefix) / "outsiders"


def call(api: BotApi, method: str, **parameters: Any) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{api.url}/bot{api.token}/{method}",
        json.dumps(parameters).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)["result"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["description"]


def test_an_outsider_gets_on_with_it(api: BotApi) -> None:
    if not OUTSIDERS.is_dir():
        assert not os.environ.get("CI"), "make setup installs the second client"
        pytest.skip("the second client is not installed (make setup does it)")
    person = api.person()
    client = subprocess.Popen(
        [sys.executable, "-m", "tests.channels.aiogram_client", api.url],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(OUTSIDERS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        person.say("你好")
        api.wait(lambda: person.answers == ["你好"], 20)
        person.photo()
        api.wait(lambda: person.answers[-1] == "一张图")
        person.say("结束")
        api.wait(lambda: person.answers[-1] == "按一下")
        api.fault("sendMessage", Fault("status", status=429, retry_after=1))
        person.tap(person.chat.messages[-1], "up")
        out, err = client.communicate(timeout=30)
    finally:
        client.kill()
        client.wait(10)
    assert out == "ok\n", err
    assert person.chat.actions == ["typing"]


def test_offsets_acknowledge(api: BotApi) -> None:
    person = api.person()
    for text in ("一", "二", "三"):
        person.say(text)
    _, found = call(api, "getUpdates", limit=2)
    assert [u["message"]["text"] for u in found] == ["一", "二"]
    _, again = call(api, "getUpdates")
    assert [u["message"]["text"] for u in again] == ["一", "二", "三"]
    _, rest = call(api, "getUpdates", offset=found[1]["update_id"] + 1)
    assert [u["message"]["text"] for u in rest] == ["三"]
    assert call(api, "getUpdates", offset=-1)[1] == rest
    assert call(api, "getUpdates", offset=rest[0]["update_id"] + 1) == (200, [])


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"chat_id": 1000, "text": "好", "tekst": "?"}, "no parameter 'tekst'"),
        ({"chat_id": 1000}, "text is empty"),
        ({"text": "好"}, "'chat_id' is required"),
        ({"chat_id": 1000, "text": 5}, "must be str"),
        ({"chat_id": 1000, "text": "好", "reply_parameters": "{"}, "can't parse reply_parameters"),
        ({"chat_id": 1000, "text": "好", "disable_notification": "maybe"}, "must be bool"),
        ({"chat_id": 1000, "text": "好", "reply_parameters": {"message_id": 99}}, "replied not found"),
        ({"chat_id": 1000, "text": "好", "parse_mode": "Markup"}, "unsupported parse_mode"),
        (
            {"chat_id": 1000, "text": "好", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
            "entities",
        ),
        ({"chat_id": "nobody", "text": "好"}, "must be chat"),
    ],
)
def test_it_is_strict(api: BotApi, parameters: dict[str, Any], text: str) -> None:
    person = api.person()
    status, description = call(api, "sendMessage", **parameters)
    assert status == 400
    assert text in description
    assert person.answers == []


@pytest.mark.parametrize("source", ["<b>", "</b>", "<b></i>", "<h1>x</h1>", "a < b", "<b", "<span>x</span>"])
def test_html_that_telegram_refuses(source: str) -> None:
    with pytest.raises(Refused, match="can't parse entities"):
        parse_html(source)


def test_html_that_telegram_takes() -> None:
    assert parse_html('1 &lt; 2 &amp; <code>a</code><a href="http://x">b</a>') == (
        "1 < 2 & ab",
        [
            {"type": "code", "offset": 8, "length": 1},
            {"type": "text_link", "offset": 9, "length": 1, "url": "http://x"},
        ],
    )
