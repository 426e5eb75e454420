"""Passages: their size, where they are cut, their headings and titles; nothing is lost."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from knowledge.documents import Block, Piece, read, split
from knowledge.documents.split import title_of
from tests.documents.make import MORE, PROSE, write

LONG = "".join(f"{PROSE}这是第{i}条经验。" for i in range(40))


def letters(text: str) -> str:
    return "".join(text.split())


def h(text: str, level: int = 1) -> Block:
    return Block(text, kind="heading", level=level)


def test_a_long_text_is_cut_after_sentences() -> None:
    pieces = split([Block(LONG)])
    assert all(250 <= len(p.text) <= 500 for p in pieces)
    assert all(p.text.endswith("。") for p in pieces)
    assert letters("".join(p.text for p in pieces)) == LONG
    assert split([Block(LONG)]) == pieces


def test_a_short_tail_joins_what_is_before_it() -> None:
    for n in range(1, 30):
        pieces = split([Block(PROSE, page=1), *[Block(f"{MORE}{i}", page=2) for i in range(n)]])
        assert all(len(p.text) >= 200 for p in pieces) or len(pieces) == 1
        assert all(len(p.text) <= 700 for p in pieces)


def test_a_sentence_without_end_is_cut() -> None:
    text = "直播" * 2000
    pieces = split([Block(text)])
    assert "".join(p.text for p in pieces) == text
    assert all(len(p.text) <= 700 for p in pieces)


def test_headings_are_the_path_and_no_passage() -> None:
    body = PROSE * 4
    pieces = split(
        [
            h("手册"),
            h("开播", 2),
            Block(body + "甲"),
            h("货盘", 2),
            Block(body + "乙"),
            h("达人"),
            Block(body + "丙"),
        ]
    )
    assert [(p.heading, p.title, p.text[-1]) for p in pieces] == [
        (("手册", "开播"), "开播", "甲"), (("手册", "货盘"), "货盘", "乙"), (("达人",), "达人", "丙"),
    ]  # fmt: skip


def test_a_heading_above_nothing_stays_as_text() -> None:
    pieces = split([h("甲"), h("乙"), Block(PROSE), h("丙")])
    assert "甲" in "".join(p.text for p in pieces)
    assert "丙" in "".join(p.text for p in pieces)
    assert split([]) == []
    assert [p.text for p in split([h("独")])] == ["独"]


def test_small_sections_side_by_side_become_one_passage() -> None:
    pieces = split(
        [
            h("团队"),
            *[b for name in ["内容", "商品", "达人"] for b in (h(name, 2), Block(f"负责{name}的一切。"))],
        ]
    )
    assert len(pieces) == 1
    assert pieces[0].heading == ("团队",)
    assert pieces[0].text == "内容\n负责内容的一切。\n商品\n负责商品的一切。\n达人\n负责达人的一切。"


def test_sections_of_their_own_size_are_not_mixed() -> None:
    pieces = split([h("甲"), Block(PROSE * 4), h("乙"), Block(MORE * 9)])
    assert [p.heading for p in pieces] == [("甲",), ("乙",)]


def test_items_stay_together() -> None:
    items = [Block(f"- 第{i}项:先看停留,再看点击,最后看转化。") for i in range(14)]
    pieces = split([Block(PROSE), *items])
    assert len(pieces) == 1


def test_rows_are_packed_with_their_numbers(tmp_path: Path) -> None:
    rows = "店名,类目,月销售额\n" + "".join(f"第{i}店,女装,{i}万\n" for i in range(200))
    pieces = split(read(write(tmp_path, "客户.csv", rows)))
    assert all(p.heading == ("客户",) and len(p.text) <= 700 for p in pieces)
    assert pieces[0].rows is not None
    assert pieces[0].rows[0] == 2
    assert pieces[-1].rows is not None
    assert pieces[-1].rows[1] == 201
    assert all(a.rows[1] + 1 == b.rows[0] for a, b in pairwise(pieces) if a.rows and b.rows)
    assert all(line.startswith("店名: ") for p in pieces for line in p.text.split("\n"))


def test_the_page_is_where_a_passage_begins() -> None:
    pieces = split([Block(PROSE * 5, page=3), Block(MORE * 10, page=4), Block(MORE[::-1] * 10, page=5)])
    assert [p.page for p in pieces] == [3, 4, 5]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("短标题", "短标题"),
        ("这一句话刚好说完。后面还有很长的一段话,讲的是别的事情,不该进标题", "这一句话刚好说完"),
        ("- 引流款:九块九", "引流款:九块九"),
        ("1. 选品", "选品"),
        ("先看停留,再看点击,最后看转化,还要看退货和复购以及更多更多的东西", "先看停留,再看点击,最后看转化"),
        ("没有任何停顿的一句话" * 5, ("没有任何停顿的一句话" * 5)[:30]),
        ("2021年的事", "2021年的事"),
    ],
)
def test_titles(text: str, title: str) -> None:
    assert title_of(text).startswith(title)
    assert len(title_of(text)) <= 30


def test_a_piece_names_its_fields() -> None:
    assert Piece("文", ("章",), 2, "章").rows is None
