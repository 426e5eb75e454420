"""The channel against the stand-in, over HTTP."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from bot.channels.base import Inbound
from tests.channels.bot_api import BotApi, Fault
from tests.channels.conftest import FakeCore, Start


def test_a_question_is_answered(api: BotApi, start: Start) -> None:
    person = api.person()
    core = FakeCore(lambda m: f"<b>{m.text}</b> & 1_000 *")
    running = start(core)
    person.say("/start")
    person.say("200人看播0单咋办")
    api.wait(lambda: len(person.answers) == 2)
    # Plain text: what looks like markup stays as it is.
    assert person.answers[1] == "<b>200人看播0单咋办</b> & 1_000 *"
    first, second = core.seen
    assert first.text == "/start"
    assert second == Inbound(
        "telegram", str(person.chat.id), str(person.user["id"]), "200人看播0单咋办", second.key
    )
    assert second.key.startswith("telegram:")
    assert first.key != second.key
    assert running.lines == ["Telegram 机器人 @advisor_test_bot 已启动,按 Ctrl+C 停止。"]
    assert [c["command"] for c in api.commands[""]] == ["start", "help", "forget"]
    assert set(api.commands) == {"", "en"}


def test_a_long_answer_arrives_whole_and_in_order(api: BotApi, start: Start) -> None:
    text = "".join(f"{i}. 先停投😀,再看人均停留👨‍👩‍👧。\n" + ("\n" if i % 7 == 0 else "") for i in range(900))
    person = api.person()
    start(FakeCore(lambda _: text))
    person.say("全部")
    api.wait(lambda: person.answers and "899. " in person.answers[-1])
    assert len(person.answers) > 4
    # Telegram trims each message, so the seams' own line breaks are gone.
    assert "".join("".join(person.answers).split()) == "".join(text.split())
    assert all(answer.endswith("。") for answer in person.answers)


def test_each_chat_in_order_all_chats_at_once(api: BotApi, start: Start) -> None:
    people = [api.person(f"商家{i}") for i in range(16)]
    lock, at_once, most = threading.Lock(), 0, 0

    def slow(message: Inbound) -> str:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.15)
        with lock:
            at_once -= 1
        return message.text

    for number in range(3):
        for person in people:
            person.say(f"第{number}条")
    began = time.monotonic()
    start(FakeCore(slow))
    api.wait(lambda: all(len(p.answers) == 3 for p in people), 20)
    took = time.monotonic() - began
    assert all(p.answers == ["第0条", "第1条", "第2条"] for p in people)
    assert most >= 8
    assert took < 16 * 3 * 0.15


def test_a_slow_answer_shows_typing_and_a_quick_one_does_not(api: BotApi, start: Start) -> None:
    person, other = api.person("慢"), api.person("快")

    def answer(message: Inbound) -> str:
        time.sleep(0.8 if message.text == "慢" else 0)
        return message.text

    start(FakeCore(answer))
    person.say("慢")
    other.say("快")
    api.wait(lambda: person.answers and other.answers)
    assert person.chat.actions == ["typing"]
    assert other.chat.actions == []


@pytest.mark.parametrize(
    ("fault", "copies"),
    [
        (Fault("status", status=502, times=2), 1),
        (Fault("status", status=429, retry_after=1), 1),
        (Fault("drop"), 1),
        (Fault("garbage"), 1),
        (Fault("delay", seconds=0.5), 1),
        (Fault("lost"), 2),  # it was sent; nobody can know, and a second copy is better than none
    ],
    ids=["502", "429", "drop", "garbage", "delay", "lost"],
)
def test_an_answer_gets_out_whatever_happens(api: BotApi, start: Start, fault: Fault, copies: int) -> None:
    person = api.person()
    core = FakeCore()
    api.fault("sendMessage", fault)
    start(core)
    person.say("一")
    person.say("二")
    api.wait(lambda: person.answers and person.answers[-1] == "二")
    assert person.answers == ["一"] * copies + ["二"]
    assert [m.text for m in core.seen] == ["一", "二"]


@pytest.mark.parametrize(
    "fault", [Fault("status"), Fault("drop"), Fault("lost"), Fault("garbage")], ids=lambda f: f.kind
)
def test_fetching_survives_faults_and_answers_once(api: BotApi, start: Start, fault: Fault) -> None:
    person = api.person()
    api.fault("getUpdates", fault)
    start(FakeCore())
    person.say("在吗")
    api.wait(lambda: person.answers)
    person.say("还在吗")
    api.wait(lambda: len(person.answers) == 2)
    time.sleep(0.1)
    assert person.answers == ["在吗", "还在吗"]


def test_telegram_down_at_start(api: BotApi, start: Start) -> None:
    person = api.person()
    person.say("在吗")
    api.fault("getMe", Fault("drop", times=2))
    running = start(FakeCore())
    api.wait(lambda: person.answers)
    assert sum("连不上" in line for line in running.lines) == 1


def test_a_redelivered_update_is_answered_once(api: BotApi, start: Start) -> None:
    person = api.person()
    core = FakeCore()
    start(core)
    message = person.say("一")
    api.wait(lambda: person.answers)
    number = next(m.key for m in core.seen).partition(":")[2]
    api._updates.insert(0, {"update_id": int(number), "message": message})
    person.say("二")
    api.wait(lambda: len(person.answers) == 2)
    assert person.answers == ["一", "二"]


def test_a_backlog_is_answered_once_and_acknowledged(api: BotApi, start: Start) -> None:
    person = api.person()
    for i in range(105):  # more than one fetch brings
        person.say(str(i))
    core = FakeCore()
    start(core)
    api.wait(lambda: api.unconfirmed == 0 and len(person.answers) >= 105, 20)
    assert person.answers == [str(i) for i in range(105)]
    assert len(core.seen) == 105


def test_what_it_can_not_read_is_named(api: BotApi, start: Start) -> None:
    person = api.person()
    core = FakeCore()
    start(core)
    person.photo(caption="这个价能卖吗")
    person.sticker()
    person.voice()
    person.document()
    for _ in range(3):
        person.photo(media_group_id="album")
    person.say("好")
    api.wait(lambda: "好" in person.answers)
    kinds = ["photo", "sticker", "voice", "document", "photo"]
    assert [m.text for m in core.seen] == [f"/unsupported {kind}" for kind in kinds] + ["好"]


def test_what_needs_no_answer_gets_none(api: BotApi, start: Start) -> None:
    person = api.person()
    core = FakeCore()
    start(core)
    person.send(pinned_message=person.chat.messages[-1:] or None, group_chat_created=True)
    api.update(message={"message_id": 5})  # malformed: skipped, not fetched for ever
    api.update(channel_post={"message_id": 6, "date": 1, "chat": {"id": -5, "type": "channel", "title": "c"}})
    person.say("好")
    api.wait(lambda: person.answers == ["好"])
    assert [m.text for m in core.seen] == ["好"]
    api.wait(lambda: api.unconfirmed == 0)


def test_a_corrected_line_is_a_new_line(api: BotApi, start: Start) -> None:
    person = api.person()
    core = FakeCore()
    start(core)
    message = person.say("客单价299")
    api.wait(lambda: person.answers)
    person.edit(message, "客单价199")
    api.wait(lambda: len(person.answers) == 2)
    assert [m.text for m in core.seen] == ["客单价299", "客单价199"]


def test_in_a_group_it_answers_who_asks_it(api: BotApi, start: Start) -> None:
    group = api.group("商家互助")
    person = api.person().in_chat(group)
    core = FakeCore(lambda m: f"答:{m.text}")
    start(core)
    person.say("大家好")
    asked = person.say("@Advisor_Test_Bot ROI 多少算好")
    person.say("/help@advisor_test_bot")
    person.say("/help@other_bot")
    person.say("问 @advisor_test_bot_2 去")
    api.wait(lambda: len(person.answers) == 2)
    assert person.answers == ["答:ROI 多少算好", "答:/help"]
    mine = next(m for m in group.messages if m["from"]["is_bot"])
    assert mine["reply_to_message"]["message_id"] == asked["message_id"]
    person.say("还有呢", reply_to=mine)
    api.wait(lambda: person.answers[-1] == "答:还有呢")
    assert {m.chat for m in core.seen} == {str(group.id)}
    edited = person.say("@advisor_test_bot 一")
    person.edit(edited, "@advisor_test_bot 二")
    person.say("@advisor_test_bot 三")
    api.wait(lambda: person.answers[-1] == "答:三")
    assert "答:二" not in person.answers


def test_someone_who_blocked_it_holds_up_nobody(api: BotApi, start: Start) -> None:
    gone, here = api.person("走了"), api.person("还在")
    gone.chat.blocked = True
    gone.say("一")
    here.say("二")
    start(FakeCore())
    api.wait(lambda: here.answers)
    gone.chat.blocked = False
    gone.say("三")
    api.wait(lambda: gone.answers == ["三"])


def test_a_group_that_gets_a_new_id_keeps_its_questions(api: BotApi, start: Start) -> None:
    old, new = api.group("旧"), api.group("新")
    person = api.person().in_chat(old)
    old.migrated_to = new.id
    for number in range(3):
        person.say(f"/help {number}")
    start(FakeCore())
    api.wait(lambda: len(new.answers) == 3)
    assert new.answers == ["/help 0", "/help 1", "/help 2"]


def test_a_rate_limit_longer_than_the_library_waits(api: BotApi, start: Start) -> None:
    person = api.person()
    api.fault("sendMessage", Fault("status", status=429, retry_after=1, times=5))
    person.say("一")
    start(FakeCore())
    api.wait(lambda: person.answers == ["一"], 20)


def test_a_core_that_fails_is_apologised_for(api: BotApi, start: Start) -> None:
    person = api.person()

    def broken(message: Inbound) -> str:
        if message.text in ("坏", "bad"):
            raise RuntimeError("secret detail")
        return message.text

    start(FakeCore(broken))
    for text in ("坏", "bad", "好"):
        person.say(text)
    api.wait(lambda: len(person.answers) == 3)
    assert "出了错" in person.answers[0]
    assert "fault is mine" in person.answers[1]
    assert person.answers[2] == "好"


def test_a_second_poller_is_named_once(api: BotApi, start: Start) -> None:
    person = api.person()
    running = start(FakeCore())
    api.wait(lambda: running.lines and api._poller)
    for _ in range(3):
        api.fault("getUpdates", Fault("status", status=409))
    person.say("一")
    api.wait(lambda: person.answers)
    api.wait(lambda: any("409" in line for line in running.lines))
    person.say("二")
    api.wait(lambda: len(person.answers) == 2, 15)
    assert sum("409" in line for line in running.lines) == 1
    assert person.answers == ["一", "二"]


def test_a_webhook_left_behind_is_removed(api: BotApi, start: Start) -> None:
    person = api.person()
    api.webhook = "https://example.org/hook"
    person.say("一")
    start(FakeCore())
    api.wait(lambda: person.answers)


def test_what_was_said_does_not_stay_on_disk(api: BotApi, start: Start, tmp_path: Path) -> None:
    person = api.person()
    running = start(FakeCore(lambda m: "回答" + m.text))
    person.say("我的毛利只有百分之三")
    api.wait(lambda: person.answers)
    time.sleep(0.2)
    running.stop()
    assert all("毛利".encode() not in path.read_bytes() for path in tmp_path.iterdir())
