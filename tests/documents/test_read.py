"""Every format, every encoding: what was written is what is read, with page, heading and row."""

from __future__ import annotations

import csv
import io
import sys
from datetime import date
from pathlib import Path

import docx
import openpyxl
import pytest

from knowledge.documents import read

sys.path.insert(0, str(Path(__file__).parent))
from make import MORE, PROSE, pdf, write

TRADITIONAL = "新開的直播間先看停留,再看點擊。停留不到三十秒,加投流量只會把錢花在門口。"


def texts(path: Path) -> list[str]:
    return [block.text for block in read(path)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk", "utf-32"]
)
def test_the_encoding_of_a_text_is_found(tmp_path: Path, encoding: str) -> None:
    content = f"{PROSE}\r\n{MORE}\r\nROI 3.5\r\n"
    for prefix in ("\ufeff", "") if encoding in ("utf-16-le", "utf-16-be") else ("",):
        assert texts(write(tmp_path, "a.txt", prefix + content, encoding)) == [PROSE, MORE, "ROI 3.5"]


@pytest.mark.parametrize("encoding", ["big5", "gbk", "gb18030", "utf-8"])
def test_traditional_script_is_told_apart_from_simplified(tmp_path: Path, encoding: str) -> None:
    assert texts(write(tmp_path, "a.txt", TRADITIONAL, encoding)) == [TRADITIONAL]


@pytest.mark.parametrize("text", ["价格", "商品卡\n", "主播", "联通", "a", "ROI,GPM"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_short_texts_too(tmp_path: Path, text: str, encoding: str) -> None:
    if (text, encoding) != ("联通", "gbk"):  # two characters that are UTF-8 as well: nobody can tell
        assert texts(write(tmp_path, "a.txt", text, encoding)) == [text.strip()]


def test_a_few_damaged_bytes_do_not_spoil_a_text(tmp_path: Path) -> None:
    data = (PROSE * 5).encode()
    assert PROSE in texts(write(tmp_path, "a.txt", data + b"\xe4\xbd"))[0]


def test_markdown(tmp_path: Path) -> None:
    text = f"""---
title: x
---
# 开播 **手册**

{PROSE}
{MORE}

## 货盘

- 引流款:[九块九](http://a.example/b) 一件
- 利润款:毛利 `60%`

1. 先测品
2. 再放量

| 品 | 价 |
|---|---|
| 面霜 | 89 |
| 精华 | 129 |

货是**“根本”**的事 ![货盘图](a.png)。
"""
    blocks = read(write(tmp_path, "a.md", text))
    assert [(b.text, b.level) for b in blocks if b.level] == [("开播 手册", 1), ("货盘", 2)]
    body = [b.text for b in blocks if not b.level]
    assert body == [
        PROSE + MORE,
        "- 引流款:九块九 一件",
        "- 利润款:毛利 60%",
        "1. 先测品",
        "2. 再放量",
        "品: 面霜; 价: 89",
        "品: 精华; 价: 129",
        "货是“根本”的事 货盘图。",
    ]


def test_html(tmp_path: Path) -> None:
    page = f"""<!DOCTYPE html><html><head><meta charset="gbk"><title>t</title><style>p{{}}</style>
    <script>var a = "<p>不是正文</p>";</script></head><body>
    <nav><ul><li><a href="/">首页</a></li><li>登录</li></ul></nav>
    <h1>开播手册</h1><p>{PROSE}<p>{MORE}
    <div>价格 &lt; 100 &amp; 毛利<br>换一行</div>
    <div style="display:none">藏起来的字</div>
    <h2>货<b>盘</b></h2><ul><li>引流款<li>利润款</ul>
    <table><tr><th>品</th><th>价</th></tr><tr><td>面霜</td><td><p>89</p></td></tr></table>
    <aside>猜你喜欢</aside><footer>版权所有</footer></body></html>"""
    blocks = read(write(tmp_path, "a.html", page))
    assert [b.text for b in blocks if b.kind == "furniture"] == [
        "首页",
        "登录",
        "藏起来的字",
        "猜你喜欢",
        "版权所有",
    ]
    assert [b.text for b in blocks if b.kind == "heading"] == ["开播手册", "货盘"]
    assert [b.text for b in blocks if b.kind not in ("furniture", "heading")] == [
        PROSE,
        MORE,
        "价格 < 100 & 毛利",
        "换一行",
        "- 引流款",
        "- 利润款",
        "品: 面霜; 价: 89",
    ]


def test_html_in_gbk_whatever_it_declares(tmp_path: Path) -> None:
    page = f'<html><meta charset="utf-8"><body><p>{PROSE}</p></body></html>'
    assert texts(write(tmp_path, "a.htm", page, "gbk")) == [PROSE]


@pytest.mark.parametrize("tag", ["div", "table><tr><td", "span", "ul><li", "b", "nav"])
def test_html_nested_a_hundred_thousand_deep(tmp_path: Path, tag: str) -> None:
    last = tag.split("<")[-1]
    page = f"<{tag}>" * 100_000 + PROSE + f"</{last}>" * 100_000
    assert PROSE in "".join(texts(write(tmp_path, "a.html", page)))


def test_pdf_in_chinese_with_pages(tmp_path: Path) -> None:
    blocks = read(write(tmp_path, "a.pdf", pdf([["第一页的话。", "直播间"], ["第二页的话。"]])))
    assert [(b.text, b.page) for b in blocks] == [("第一页的话。", 1), ("直播间", 1), ("第二页的话。", 2)]


def test_docx(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("开播手册", 0)
    document.add_heading("货盘", 2)
    document.add_paragraph(PROSE)
    document.add_paragraph("引流款", style="List Bullet")
    table = document.add_table(rows=3, cols=2)
    for r, row in enumerate([("品", "价"), ("面霜", "89"), ("精华", "129")]):
        for c, value in enumerate(row):
            table.cell(r, c).text = value
    document.add_paragraph(MORE)
    document.save(str(tmp_path / "a.docx"))
    blocks = read(tmp_path / "a.docx")
    assert [(b.text, b.level) for b in blocks] == [
        ("开播手册", 1),
        ("货盘", 2),
        (PROSE, 0),
        ("引流款", 0),
        ("品: 面霜; 价: 89", 0),
        ("品: 精华; 价: 129", 0),
        (MORE, 0),
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk"])
def test_csv(tmp_path: Path, mark: str, encoding: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerows(
        [
            ["客户表"],
            ["店名", "类目", "月销售额"],
            ["甲店", f"女装{mark}男装", "82万"],
            [],
            ["乙店", "", "3\n万"],
        ]
    )
    blocks = read(write(tmp_path, "客户.csv", out.getvalue(), encoding))
    assert [(b.text, b.row) for b in blocks] == [
        ("客户", None),
        ("客户表", 1),
        ("店名: 甲店; 类目: 女装" + " ,;"["\t,;".index(mark)] + "男装; 月销售额: 82万", 3),
        ("店名: 乙店; 月销售额: 3 万", 5),
    ]


def test_a_csv_without_header_keeps_its_cells(tmp_path: Path) -> None:
    assert texts(write(tmp_path, "a.csv", "1,2,3\n4,5,6\n"))[1:] == ["1; 2; 3", "4; 5; 6"]


def test_xlsx(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "货盘"
    for row in [["品", "价", "上架"], ["面霜", 89.0, date(2026, 11, 1)], ["精华", 0.1 + 0.2, None]]:
        sheet.append(row)
    hidden = book.create_sheet("草稿")
    hidden.append(["不给看"])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    assert [(b.text, b.row) for b in read(tmp_path / "a.xlsx")] == [
        ("货盘", None),
        ("品: 面霜; 价: 89; 上架: 2026-11-01", 2),
        ("品: 精华; 价: 0.3", 3),
    ]
