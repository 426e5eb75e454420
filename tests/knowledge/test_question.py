"""What of a long text is searched for."""

from __future__ import annotations

import time

import pytest

from knowledge.question import MOST, asked

STORY = ["场观三百停留25秒", "千川一天投600出了1单", "主播上个月换过一次", "毛利40%客单89"]


@pytest.mark.parametrize("text", ["", "要不要加钱", "  ROI 怎麼算\x00\u200b？ ", "长" * MOST])
def test_a_short_text_stays_whole(text: str) -> None:
    assert asked(text) == asked(asked(text))
    assert len(asked(text)) >= len(text) * 0.5


@pytest.mark.parametrize("mark", ["。", ",", "\n", ";", " "])
@pytest.mark.parametrize("place", [0, 10, 20])
def test_the_asking_clause_of_a_story_is_kept(mark: str, place: int) -> None:
    parts = STORY * 5
    parts.insert(place, "老粉不回来怎么叫回来")
    assert asked(mark.join(parts)).strip("。,;") == "老粉不回来怎么叫回来"


@pytest.mark.parametrize("bare", ["怎么办", "那我现在该怎么做?", "咋办呢", "这是为什么"])
@pytest.mark.parametrize("mark", ["。", ",", "\n"])
def test_a_bare_question_keeps_what_is_said_before_it(bare: str, mark: str) -> None:
    got = asked(mark.join([*STORY * 4, "老粉都不回来了", bare, *STORY]))
    assert "老粉都不回来了" in got
    assert bare.strip("?") in got
    assert len(got) <= MOST // 2 + 20


def test_of_many_questions_the_last_ones_are_kept() -> None:
    got = asked("。".join(f"第{n}件事怎么办" for n in range(60)))
    assert got.endswith("第58件事怎么办。 第59件事怎么办")
    assert "第0件" not in got
    assert MOST * 0.8 < len(got) <= MOST


def test_where_nothing_asks_both_ends_are_kept() -> None:
    got = asked("开头" + "中" * 5000 + "结尾")
    assert got.startswith("开头")
    assert got.endswith("结尾")
    assert len(got) <= MOST + 1


def test_one_endless_question_is_cut() -> None:
    assert len(asked("怎么卖" * 3000)) <= MOST + 1


def test_english() -> None:
    story = "We sell tea in two rooms. Yesterday 300 people watched and 6 bought. Margin is 35.5 percent. "
    assert (
        asked(story * 3 + "How do I bring old customers back? " + story)
        == "How do I bring old customers back?"
    )


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "?" * 200_000, "吗。" * 100_000, ", " * 100_000, "1 " * 100_000]
)
def test_any_text_takes_a_moment(text: str) -> None:
    start = time.process_time()
    asked(text)
    assert time.process_time() - start < 0.5
