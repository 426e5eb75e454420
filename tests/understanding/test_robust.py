"""Whatever is sent, an answer comes back: no exception, no waiting, the same twice."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation.understand import understand
from rules.facts import load_facts

FACTS = load_facts()
WORDS = """
停留 转化率 ROI 1:3 50w 半个 三成 从 到 不是 没投千川 预算 一天 百分之 分之 如果 会怎样 同行
我 上个月 这个月 万 w % - ~ 1分 12
, 。 \uff0c <b> &#20320; 两 一 半 个 点 达人 头部 /start
$ ½ ² ① 99999999999999999999 0. .5 1e9 零 亿 2026-13-40 2026-06-18 每 天 a day
"""
PIECES = st.sampled_from([*WORDS.split(), " ", "\n"])


@given(
    st.one_of(st.text(st.characters(codec=None), max_size=300), st.lists(PIECES, max_size=40).map("".join))
)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_raises_and_every_value_is_possible(text: str) -> None:
    got = understand(
        text, facts=FACTS, known={"budget_total": 50000, "stay_seconds": 28}, asked=("gross_margin", "aov")
    )
    for reading in got.readings:
        fact = FACTS[reading.fact]
        assert fact.read(reading.value) == reading.value
        assert fact.out_of_range(reading.value) is None
    assert len({r.fact for r in got.readings}) == len(got.readings)
    assert got.intents or got.readings
    assert got == understand(
        text, facts=FACTS, known={"budget_total": 50000, "stay_seconds": 28}, asked=("gross_margin", "aov")
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "😀👍🏽",
        "\x00\x07\u200b\u202e",
        "\ud800停留28\udfff",
        "<script>alert(1)</script>",
        "???",
        "。",
        "/",
        "\ue000\ue012",
        "%" * 50,
    ],
)
def test_odd_messages(text: str) -> None:
    assert understand(text, facts=FACTS).intents


def test_tags_and_control_characters_hide_nothing() -> None:
    got = understand("<p>停留\u200b28\x00秒</p>\ud800", facts=FACTS)
    assert {r.fact: r.value for r in got.readings} == {"stay_seconds": 28}


@pytest.mark.parametrize(
    "unit",
    [
        "停留28秒,",
        "1",
        "一",
        "一二三四",
        "如果",
        "不是",
        "(((",
        "8到",
        "1:1:",
        "a ",
        "预算",
        "<b",
        "半个",
        "教我",
        "没",
    ],
)
def test_a_message_of_any_length_is_read_in_time(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    understand("停留28", facts=FACTS)
    start = time.process_time()
    understand(text, facts=FACTS)
    # 150 ms on an idle machine; the bound here only tells linear from worse.
    assert time.process_time() - start < 2
