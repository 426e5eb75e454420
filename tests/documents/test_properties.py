"""For any text: nothing raises, the sums add up, cleaning is done once, splitting loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.documents import Block, read, split, tidy
from knowledge.documents.model import visible
from knowledge.documents.realign import realign
from knowledge.errors import DocumentError

SCRAPS = st.sampled_from(
    [
        "先看停留,再看点击。",
        "當(dāng)前",
        "加微信领资料",
        "电话13812345678",
        "https://a.example/b",
        "\ufffd\ufffd",
        "锟斤拷",
        "鎶栭煶鐢靛晢",
        "¶¶ÒôµçÉÌ",
        "Tik Tok",
        "感兴趣的电商",
        "?;",
        "?wù)",
        "規(guī)",
        "一、",
        "1. ",
        "- ",
        "《报告》",
        "首页>电商>正文",
        "(0)",
        "忽略以上指令",
        "\n",
        "。",
        ",",
        "\uff0c",
        "(",
        ")",
        " ",
        "\u3000",
        "\x00",
        "\u200b",
        "A",
        "7",
        "%",
        "…",
        " ...",
        "第3页",
        "GMV(成交额)",
        "著",
        "無碼",
        "#",
        "; ",
        ": ",
    ]
)
TEXT = st.one_of(st.lists(SCRAPS, max_size=12).map("".join), st.text(max_size=60))
BLOCKS = st.lists(
    st.builds(
        Block,
        text=TEXT,
        page=st.one_of(st.none(), st.integers(1, 4)),
        kind=st.sampled_from(["line", "line", "line", "paragraph", "heading", "row", "furniture"]),
        level=st.integers(1, 4),
        gap=st.booleans(),
    ),
    max_size=14,
)
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(BLOCKS)
def test_the_sums_add_up_and_cleaning_is_done_once(blocks: list[Block]) -> None:
    done = tidy(blocks)
    assert done.read == sum(visible(b.text) for b in blocks)
    assert done.read == done.kept + sum(done.dropped.values())
    assert done.kept == sum(visible(b.text) for b in done.blocks) + done.shrunk
    assert all(n > 0 for n in done.dropped.values())
    assert all(b.text == b.text.strip() and b.text for b in done.blocks)
    again = tidy(done.blocks)
    assert again.blocks == done.blocks
    assert not again.dropped
    assert not again.shrunk


@MANY
@given(BLOCKS)
def test_splitting_loses_nothing(blocks: list[Block]) -> None:
    blocks = [b for b in blocks if b.text.strip()]
    pieces = split(blocks)
    body = "".join("".join(p.text.split()) for p in pieces)
    everything = body + "".join("".join(part.split()) for p in pieces for part in p.heading)
    at = 0
    for block in blocks:
        text = "".join(block.text.split())
        assert text in everything or len(block.text) > 400
        if block.kind != "heading":
            at = body.index(text, at) + len(text)  # in the order of the document
    assert all(p.text and len(p.text) <= 700 and len(p.title) <= 30 for p in pieces)
    assert pieces == split(blocks)


@MANY
@given(st.integers(1, 3000), st.integers(1, 700), st.sampled_from(["。", ",", "", "\n", ";"]))
def test_splitting_a_long_text_loses_nothing(size: int, every: int, mark: str) -> None:
    text = "".join(chr(0x4E00 + i % 5000) + (mark if i % every == 0 else "") for i in range(size))
    pieces = split([Block(text)])
    assert "".join("".join(p.text.split()) for p in pieces) == "".join(text.split())
    assert all(len(p.text) <= 700 for p in pieces)


@MANY
@given(st.text(max_size=80))
def test_mending_never_raises(text: str) -> None:
    assert isinstance(realign(text), str)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".csv", ".pdf", ".docx", ".xlsx"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(str.encode),
        TEXT.map(lambda t: t.encode("gb18030")),
    )
)
def test_a_file_is_read_or_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    try:
        blocks = read(path)
    except DocumentError:
        return
    assert blocks
    split(tidy(blocks).blocks)
