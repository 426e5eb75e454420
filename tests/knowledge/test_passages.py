"""Reading the handbook: the shipped one is clean, and every kind of mistake is named with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from knowledge.check import findings
from knowledge.clean import has_contacts
from knowledge.errors import DataError, KnowledgeError, PassageError
from knowledge.load import (
    HANDBOOK,
    handbook_files,
    load_passages,
    load_sources,
    load_terms,
    order,
    read_entry,
)
from knowledge.retrieve import Library

CITED = [
    "HB0.1",
    "HB0.2",
    "HB0.3",
    "HB0.4",
    "HB1.1",
    "HB1.4",
    "HB2.1",
    "HB2.3",
    "HB3.1",
    "HB3.3",
    "HB4.1",
    "HB4.2",
    "HB4.3",
    "HB4.4",
    "HB4.5",
    "HB4.6",
    "HB4.7",
    "HB4.8",
    "HB5.1",
    "HB5.3",
    "HB5.4",
    "HB6.1",
    "HB6.2",
    "HB6.3",
    "HB6.4",
    "HB7.1",
    "HB7.2",
    "HB7.3",
    "HB7.4",
    "HB8.1",
    "HB8.2",
]


def test_shipped_handbook_has_no_findings() -> None:
    assert findings() == []


def test_every_cited_id_exists_in_order() -> None:
    ids = [p.id for p in load_passages(HANDBOOK)]
    assert set(CITED) <= set(ids)
    assert ids == sorted(ids, key=order)


def test_passages_are_forwardable() -> None:
    for p in load_passages(HANDBOOK):
        assert len(p.summary) <= 140
        assert not has_contacts(p.text + p.summary + p.text_en)
        assert not re.search(r"手册第.{1,4}[页节]|手册规定", p.text)
        assert any(re.search(r"[a-z]{3}", a) for a in p.aliases), f"{p.id} has no English alias"


def test_break_even_figures_in_the_handbook_are_right() -> None:
    text = Library.open().passage("HB0.2").text

    def roi(m: float, r: float, c: float = 0.0) -> float:
        return 1 / ((1 - r) * (m - c))

    figures = (roi(0.3, 0.05), roi(0.4, 0.05, 0.05), roi(0.6, 0.5, 0.05), roi(0.6, 0.5, 0.05) / 2)
    for value, shown in zip(figures, ("3.51", "3.01", "3.64", "1.82"), strict=True):
        assert f"{value:.2f}" == shown
        assert shown in text
    assert f"{129 / roi(0.3, 0.05):.1f}" == "36.8"
    assert "36.8" in text
    assert f"{200_000 / (0.5 * (0.6 - 0.2 - 0.05)) / 1e4:.1f} 万" in text
    assert pytest.approx(1.65) == 1 - 0.30 + (1 - 0.05)
    slot = Library.open().passage("HB7.2").text
    q = 0.5 * (0.6 - 0.2 - 0.05)
    assert round(800_000 * q - 200_000) == -60_000
    assert "亏 6 万" in slot
    assert round(800_000 * q) == 140_000
    assert f"{0.8 * 800_000 * q / 1e4:.1f} 万" in slot


BROKEN = {
    "head": (lambda t: t.removeprefix("---\n"), "没有 YAML 头"),
    "yaml": (lambda t: t.replace("path: [测试, 一段]", "path: [测试, 一段"), "YAML 头写错了"),
    "not_a_mapping": (
        lambda t: re.sub(r"^---\n.*?^---", "---\n- a\n---", t, flags=re.DOTALL | re.MULTILINE),
        "不是 字段: 值",
    ),
    "missing_title_en": (lambda t: t.replace("title_en: A passage for tests\n", ""), "缺少字段 title_en"),
    "unknown_key": (lambda t: t.replace("tag: default", "tag: default\nauther: x"), "不认识的字段 auther"),
    "bad_id": (lambda t: t.replace("id: HB9.1", "id: H9"), "字段 id"),
    "bad_tag": (lambda t: t.replace("tag: default", "tag: official"), "字段 tag"),
    "bad_date": (lambda t: t.replace("2026-11-24", "soon"), "字段 reviewed"),
    "long_summary": (lambda t: t.replace("这一段只用来", "长" * 140), "summary 超过 140 字"),
    "few_aliases": (lambda t: t.replace("  - 测试一段怎么写\n", ""), "aliases 不足 3 项"),
    "no_english": (lambda t: t.replace("<!-- en -->", ""), "恰有一行 <!-- en -->"),
    "empty_english": (lambda t: t.split("<!-- en -->")[0] + "<!-- en -->\n", "缺中文或英文正文"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_passage_names_file_line_and_remedy(handbook: Path, kind: str) -> None:
    damage, expected = BROKEN[kind]
    file = handbook / "HB9.1-test.md"
    file.write_text(damage(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(PassageError) as caught:
        load_passages(handbook)
    message = str(caught.value)
    assert re.match(r"HB9\.1-test\.md:\d+ \[\S+\] .+; .+", message), message
    assert expected in message
    assert "\n" not in message
    assert caught.value.code == "passage"
    assert findings(handbook) == [message]


def test_line_numbers_point_at_the_field(handbook: Path) -> None:
    file = handbook / "HB9.1-test.md"
    file.write_text(
        file.read_text(encoding="utf-8").replace("tag: default", "tag: official"), encoding="utf-8"
    )
    line = file.read_text(encoding="utf-8").splitlines().index("tag: official") + 1
    with pytest.raises(PassageError, match=f":{line} "):
        read_entry(file)


def test_not_utf8(handbook: Path) -> None:
    (handbook / "HB9.1-test.md").write_bytes("---\nid: 乱".encode("gbk"))
    with pytest.raises(PassageError, match="不是 UTF-8"):
        load_passages(handbook)


def test_empty_folder_and_duplicate_id(tmp_path: Path, handbook: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(PassageError, match="没有一段手册"):
        load_passages(tmp_path / "none")
    assert len(findings(tmp_path / "none")) == 1
    copy = (handbook / "HB9.1-test.md").read_text(encoding="utf-8")
    (handbook / "HB9.1-zwei.md").write_text(copy, encoding="utf-8")
    with pytest.raises(PassageError, match=r"HB9\.1-zwei.md:2 \[HB9\.1\] 编号已被 HB9\.1-test\.md 使用"):
        load_passages(handbook)
    found = "\n".join(findings(handbook))
    assert "编号已被" in found
    assert "在 HB9.1 里也有" not in found  # the same passage, not another


FINDINGS = {
    "unknown_source": (lambda t: t.replace("[S1, DEF]", "[S1, P999, DEF]"), "来源 P999 不存在"),
    "short": (lambda t: re.sub(r"第甲句.*。", "默认。", t), "正文 "),
    "official_page": (lambda t: t.replace("第甲句", "手册第 12 页写道,第甲句"), "手册第 12 页"),
    "number_without_source": (lambda t: t.replace("[S1, DEF]", "[S1]").replace("第甲句", "30 秒"), "有数字"),
    "default_without_source": (lambda t: t.replace("[S1, DEF]", "[S1, P3]"), "没有 DEF"),
    "source_without_default": (lambda t: t.replace("默认值,可改。", ""), "没说哪些是默认值"),
    "contacts": (lambda t: t.replace("内容没有意义", "加微信 abc12345"), "含电话、账号或链接"),
    "wrong_name": (lambda t: t.replace("id: HB9.1", "id: HB9.2"), "和文件名不一致"),
    "short_english": (lambda t: t.split("<!-- en -->")[0] + "<!-- en -->\nToo short.\n", "英文 2 词"),
}


@pytest.mark.parametrize("kind", FINDINGS)
def test_findings(handbook: Path, kind: str) -> None:
    assert findings(handbook) == []
    damage, expected = FINDINGS[kind]
    file = handbook / "HB9.1-test.md"
    file.write_text(damage(file.read_text(encoding="utf-8")), encoding="utf-8")
    found = findings(handbook)
    assert any(expected in line for line in found), found
    assert all(re.match(r"\S+:\d+ \[\S+\] .+; .+", line) for line in found), found


def test_repeated_sentence_and_alias(handbook: Path) -> None:
    text = (handbook / "HB9.1-test.md").read_text(encoding="utf-8").replace("id: HB9.1", "id: HB9.2")
    (handbook / "HB9.2-test.md").write_text(text, encoding="utf-8")
    found = "\n".join(findings(handbook))
    assert "在 HB9.1 里也有" in found
    assert "问法“测试一段怎么写”" in found


def test_contacts_are_stripped_from_texts(handbook: Path) -> None:
    file = handbook / "HB9.1-test.md"
    text = file.read_text(encoding="utf-8").replace(
        "第甲句", "电话 13812345678 QQ:87654321 https://a.example/b 第甲句"
    )
    file.write_text(text, encoding="utf-8")
    passage = load_passages(handbook)[0]
    assert "138" not in passage.text
    assert "87654321" not in passage.text
    assert "example" not in passage.text


@pytest.mark.parametrize(
    ("loader", "content"),
    [
        (load_sources, "S0: {title: 一份, grade: Z}"),
        (load_sources, "- a\n- b"),
        (load_sources, "S0: {title: [}"),
        (load_terms, "synonyms: {}"),
    ],
)
def test_broken_data_files(tmp_path: Path, loader: object, content: str) -> None:
    file = tmp_path / "data.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"data\.yaml:\d+"):
        loader(file)  # type: ignore[operator]
    with pytest.raises(DataError, match="没有这个文件"):
        loader(tmp_path / "absent.yaml")  # type: ignore[operator]


def test_unknown_passage_is_a_key_error_that_helps() -> None:
    with pytest.raises(KeyError) as caught:
        Library.open().passage("HB4.44")
    assert isinstance(caught.value, KnowledgeError)
    assert caught.value.code == "unknown_passage"
    assert "HB4.4" in str(caught.value)


def test_source_titles_carry_years() -> None:
    library = Library.open()
    title = library.source_title(library.passage("HB0.1"))
    assert "贝恩" in title
    assert "(2021)" in title
    assert len(handbook_files(HANDBOOK)) == len(library.passages)
