from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.embed import Encoder
from knowledge.retrieve import Library

GOOD = """---
id: HB9.1
title: 测试用的一段
title_en: A passage for tests
path: [测试, 一段]
summary: 这一段只用来测试读取和检索,内容没有意义,请不要转发给任何客户。
aliases:
  - 测试一段怎么写
  - 这段是干什么的
  - what is this passage for
sources: [S1, DEF]
tag: default
reviewed: 2026-11-24
---
{text}
<!-- en -->
{english}
"""
TEXT = "".join(
    f"第{c}句讲的是第{c}件事,店主照着做就行,拿不准先少做一点。" for c in "甲乙丙丁戊己庚辛壬癸子丑"
)
ENGLISH = "One plain sentence about a shop that sells tea every day of the week. " * 8


@pytest.fixture(scope="session")
def library() -> Library:
    library = Library.open()
    library.warm()
    return library


@pytest.fixture(scope="session")
def encoder(library: Library) -> Encoder:
    return library.encoder


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    """A folder with one good passage, `HB9.1-test.md`."""
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "HB9.1-test.md").write_text(
        GOOD.format(text="默认值,可改。" + TEXT, english=ENGLISH), encoding="utf-8"
    )
    return folder
