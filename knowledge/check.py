"""Findings about the handbook and its data, one line each, for people who edit it.

Read errors are findings too, so one broken file does not hide the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from knowledge.clean import has_contacts, normalise
from knowledge.errors import KnowledgeError
from knowledge.load import (
    HANDBOOK,
    Entry,
    handbook_files,
    load_sources,
    load_terms,
    read_entry,
)

MIN_CHARACTERS, MAX_CHARACTERS = 250, 900
_ENGLISH_WORDS = (60, 230)
_SENTENCE = 14  # shorter ones are headings and stock phrases
_NUMBER = re.compile(r"\d")
_OFFICIAL_PAGE = re.compile(r"手册第\s*[\d一二三四五六七八九十百]+\s*[页章节]|手册规定|官方规定")


def findings(handbook_dir: Path | None = None) -> list[str]:
    """All findings, as `file:line [id] what; what would be right`; empty when everything is in order."""
    folder = handbook_dir or HANDBOOK
    found: list[str] = []
    entries: list[Entry] = []
    try:
        sources = set(load_sources())
    except KnowledgeError as error:
        found.append(str(error))
        sources = set()
    try:
        load_terms()
    except KnowledgeError as error:
        found.append(str(error))
    for file in handbook_files(folder):
        try:
            entries.append(read_entry(file))
        except KnowledgeError as error:
            found.append(str(error))
    if not entries and not found:
        found.append(f"{folder.name}:1 [-] 文件夹里没有一段手册; 应有 HB4.4-….md 这样的文件")
    ids = {entry.passage.id for entry in entries}
    for entry in entries:
        found.extend(_about(entry, sources, ids))
    found.extend(_repeated_ids(entries))
    found.extend(_repeated_sentences(entries))
    found.extend(_repeated_aliases(entries))
    return found


def _line(entry: Entry, line: int, what: str, right: str) -> str:
    return f"{entry.file.name}:{line} [{entry.passage.id}] {what}; {right}"


def _about(entry: Entry, sources: set[str], ids: set[str]) -> Iterator[str]:
    p, at = entry.passage, entry.lines
    if not entry.file.name.startswith(f"{p.id}-"):
        yield _line(entry, at["id"], f"编号 {p.id} 和文件名不一致", f"文件名应以 {p.id}- 开头")
    for source in p.sources:
        if sources and source not in sources:
            yield _line(entry, at["sources"], f"来源 {source} 不存在", "请在 sources.yaml 登记或改正编号")
    for other in p.see_also:
        if other not in ids or other == p.id:
            yield _line(entry, at["see_also"], f"see_also 里的 {other} 没有这一段", "请写已有的别的编号")
    length = len(p.text)
    if not MIN_CHARACTERS <= length <= MAX_CHARACTERS:
        right = f"应在 {MIN_CHARACTERS}–{MAX_CHARACTERS} 字,请补充或拆成两段"
        yield _line(entry, entry.text_line, f"正文 {length} 字", right)
    words = len(p.text_en.split())
    if not _ENGLISH_WORDS[0] <= words <= _ENGLISH_WORDS[1]:
        right = f"应在 {_ENGLISH_WORDS[0]}–{_ENGLISH_WORDS[1]} 词"
        yield _line(entry, entry.text_line, f"英文 {words} 词", right)
    for offset, line in enumerate(p.text.splitlines()):
        if match := _OFFICIAL_PAGE.search(line):
            right = "本库不引官方手册的页码和条文,请写默认值或注明来源"
            yield _line(entry, entry.text_line + offset, f"写了“{match.group()}”", right)
    if _NUMBER.search(p.text) and not any(s == "DEF" or s.startswith("P") for s in p.sources):
        yield _line(entry, at["sources"], "正文有数字,却没有数字的来源", "请加公开来源,自定的数加 DEF")
    if "默认值" in p.text and "DEF" not in p.sources:
        yield _line(entry, at["sources"], "正文写了默认值,来源里没有 DEF", "请在 sources 里加 DEF")
    if "DEF" in p.sources and "默认" not in p.text:
        yield _line(entry, entry.text_line, "来源有 DEF,正文没说哪些是默认值", "请在那些数后写 默认值,可改")
    if has_contacts(f"{p.title} {p.summary} {' '.join(p.aliases)}"):
        yield _line(entry, at["summary"], "含电话、账号或链接", "请删掉")
    if p.reviewed > date(2100, 1, 1) or p.reviewed < date(2021, 4, 1):
        yield _line(entry, at["reviewed"], f"复核日期 {p.reviewed} 不可能", "应为最近一次复核的日期")


def _repeated_ids(entries: list[Entry]) -> Iterator[str]:
    seen: dict[str, Entry] = {}
    for entry in entries:
        first = seen.setdefault(entry.passage.id, entry)
        if first is not entry:
            what = f"编号已被 {first.file.name} 使用"
            yield _line(entry, entry.lines["id"], what, "每段一个编号,请换一个")


def _repeated_sentences(entries: list[Entry]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for entry in entries:
        for offset, line in enumerate(entry.passage.text.splitlines()):
            for sentence in re.split(r"[。!?!?]", line):
                key = re.sub(r"\W", "", sentence)
                if len(key) < _SENTENCE:
                    continue
                first = seen.setdefault(key, entry.passage.id)
                if first != entry.passage.id:
                    what = f"句子“{sentence.strip()[:16]}…”在 {first} 里也有"
                    yield _line(entry, entry.text_line + offset, what, "请只留一处,另一处换个说法")


def _repeated_aliases(entries: list[Entry]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for entry in entries:
        for alias in entry.passage.aliases:
            first = seen.setdefault(normalise(alias).lower(), entry.passage.id)
            if first != entry.passage.id:
                what = f"问法“{alias}”在 {first} 里也有"
                yield _line(entry, entry.lines["aliases"], what, "一个问法只归一段")
