"""Cutting long answers, and the channel's sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import telegram_text as t
from bot.channels.telegram import token_problem

MIXED = st.text(st.sampled_from("好 \n。,a😀👨‍👩‍👧🇨🇳é️"), max_size=300)


@given(st.text(max_size=200) | MIXED, st.integers(2, 40))
def test_parts_fit_and_join_back(text: str, limit: int) -> None:
    parts = t.split(text, limit)
    assert all(len(part.encode("utf-16-le")) // 2 <= limit and part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("短", 10, ["短"]),
        ("", 10, []),
        (" \n ", 10, []),
        ("第一段\n\n第二段\n还是第二段", 8, ["第一段\n\n", "第二段\n", "还是第二段"]),
        ("第一行\n第二行", 5, ["第一行\n", "第二行"]),
        ("先停投。再看数。", 6, ["先停投。", "再看数。"]),
        ("他说“停。”然后走了", 7, ["他说“停。”", "然后走了"]),
        ("😀" * 5, 4, ["😀😀", "😀😀", "😀"]),
        ("abcdefgh👨‍👩‍👧", 12, ["abcdefgh", "👨‍👩‍👧"]),
        ("一二三四🇨🇳", 6, ["一二三四", "🇨🇳"]),
    ],
)
def test_where_it_cuts(text: str, limit: int, parts: list[str]) -> None:
    assert t.split(text, limit) == parts


def test_exactly_the_limit_is_one_message() -> None:
    assert len(t.split("好" * 4096)) == 1
    assert len(t.split("好" * 4097)) == 2
    assert len(t.split("😀" * 2048)) == 1
    assert len(t.split("😀" * 2049)) == 2


def test_half_a_surrogate_pair_can_be_sent() -> None:
    (part,) = t.split("坏\ud83d字")
    assert part.encode()


def test_every_sentence_has_both_languages() -> None:
    path = Path(t.__file__).with_name("telegram.yaml")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, texts in (data | data.pop("commands")).items():
        assert set(texts) == {"zh", "en"}, name


@pytest.mark.parametrize(
    "token", ["", " ", "abc", "123:short", "1234567890:" + "a" * 35 + "!", '"1234567890:' + "a" * 35 + '"']
)
def test_a_token_that_can_not_be_one(token: str) -> None:
    problem = token_problem(token)
    assert problem
    assert "TELEGRAM_BOT_TOKEN" in problem
    assert "@BotFather" in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("text", "language"), [("roi 3?", "en"), ("ROI 多少", "zh"), ("123", "zh"), ("", "zh")]
)
def test_the_language_of_an_apology(text: str, language: str) -> None:
    assert t.language_of(text) == language
