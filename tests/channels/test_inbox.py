"""The inbox: what is written stays until it is answered, once, in the order of arrival."""

from __future__ import annotations

from pathlib import Path

from bot.service.inbox import Inbox, Letter


def letter(number: int, chat: str = "1", text: str = "好") -> Letter:
    return Letter(number, chat, "9", text)


def test_a_letter_comes_once_and_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "inbox.db"
    inbox = Inbox(path, "bot")
    inbox.add([letter(5), letter(6, "2")])
    inbox.add([letter(5, text="another text under the same number")])
    inbox.answered(5, "答")
    inbox.part_sent(5, 1)
    inbox.close()
    inbox = Inbox(path, "bot")
    assert inbox.chats() == ["1", "2"]
    assert inbox.next("1") == Letter(5, "1", "9", "好", None, "答", 1)
    inbox.done(5)
    inbox.add([letter(5)])
    assert inbox.next("1") is None
    assert inbox.chats() == ["2"]
    inbox.close()


def test_order_is_of_arrival_as_numbers_may_start_anew(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db", "bot")
    inbox.add([letter(900, text="先")])
    inbox.add([letter(3, text="后")])
    first = inbox.next("1")
    assert first is not None
    assert first.text == "先"
    inbox.close()


def test_two_bots_share_a_file(tmp_path: Path) -> None:
    one, two = Inbox(tmp_path / "inbox.db", "1"), Inbox(tmp_path / "inbox.db", "2")
    one.add([letter(5)])
    assert two.chats() == []
    two.add([letter(5)])
    one.done(5)
    assert two.next("1") is not None
    one.close()
    two.close()
