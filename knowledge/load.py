"""Read the handbook folder, sources.yaml and terms.yaml; every error names file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from knowledge.clean import strip_contacts
from knowledge.errors import DataError, PassageError
from knowledge.model import Head, Outside, Passage, Source, Terms

HERE = Path(__file__).parent
HANDBOOK = HERE / "handbook"
ENGLISH = "<!-- en -->"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C: the prompt waits for a hundred heads
_Model = TypeVar("_Model", bound=BaseModel)
_RIGHT = {
    "missing": "请补上这一项",
    "extra_forbidden": "没有这个字段,请删掉或改正拼写",
    "string_too_long": "请缩短",
    "string_too_short": "请写完整",
    "string_type": "应为一段文字",
    "list_type": "应为一个列表,如 [甲, 乙]",
    "too_short": "请再补几项",
    "literal_error": "请用允许的值之一",
    "date_type": "应为日期,如 2026-11-24",
    "dict_type": "应为 名字: 内容",
    "int_type": "应为一个整数",
    "int_parsing": "应为一个整数",
    "date_from_datetime_parsing": "应为日期,如 2026-11-24",
    "string_pattern_mismatch": "编号应如 HB4.4",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage with where it stands, for `check`. `lines` maps a head field to its line."""

    passage: Passage
    file: Path
    lines: dict[str, int]
    text_line: int


def _line_of(text: str, key: str, first: int) -> int:
    for number, line in enumerate(text.splitlines(), first):
        if re.match(rf"{re.escape(key)}\s*:", line):
            return number
    return first


def _explain(error: ValidationError) -> tuple[str, str, str]:
    """The first finding as (field, what, what would be right)."""
    first = error.errors()[0]
    field = str(first["loc"][0]) if first["loc"] else "-"
    kind = first["type"]
    context = first.get("ctx", {})
    what = {
        "missing": f"缺少字段 {field}",
        "extra_forbidden": f"不认识的字段 {field}",
        "string_too_long": f"{field} 超过 {context.get('max_length')} 字",
        "string_too_short": f"{field} 不足 {context.get('min_length')} 字",
        "too_short": f"{field} 不足 {context.get('min_length')} 项",
    }.get(kind, f"字段 {field} 的值“{str(first.get('input'))[:40]}”不对")
    right = _RIGHT.get(kind, "请照同一文件里别的条目写")
    if kind == "literal_error":
        right = "应为 " + str(context.get("expected")).replace("'", "").replace(" or ", "、")
    return field, what, right


def read_entry(file: Path) -> Entry:
    """One handbook file. Raises PassageError: unreadable, no head, bad YAML, a field missing or wrong."""
    name = file.name
    guess = name.split("-")[0]
    try:
        raw = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PassageError(name, 1, guess, f"第 {error.start} 字节不是 UTF-8", "请另存为 UTF-8") from None
    parts = re.split(r"^---\s*$", raw, maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise PassageError(name, 1, guess, "没有 YAML 头", "文件应以一行 --- 开始,头之后再一行 ---")
    head_text, body = parts[1].lstrip("\n"), parts[2]
    try:
        data: Any = yaml.load(head_text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 2 + (mark.line if mark else 0)
        raise PassageError(name, line, guess, "YAML 头写错了", "请检查这一行的缩进、冒号和引号") from None
    if not isinstance(data, dict):
        raise PassageError(name, 2, guess, "YAML 头不是 字段: 值", "请按 id: HB4.4 这样逐行写")
    try:
        head = Head.model_validate(data)
    except ValidationError as error:
        field, what, right = _explain(error)
        raise PassageError(
            name, _line_of(head_text, field, 2), str(data.get("id", guess)), what, right
        ) from None
    body_line = 3 + head_text.count("\n") + (len(body) - len(body.lstrip("\n")))
    if body.count(ENGLISH) != 1:
        raise PassageError(
            name, body_line, head.id, f"正文里应恰有一行 {ENGLISH}", "中文在前,这一行之后是英文"
        )
    chinese, english = (strip_contacts(part).strip() for part in body.split(ENGLISH))
    if not chinese or not english:
        raise PassageError(name, body_line, head.id, "缺中文或英文正文", f"{ENGLISH} 前后都要有内容")
    passage = Passage(
        id=head.id, title=head.title, title_en=head.title_en, path=tuple(head.path), text=chinese,
        summary=head.summary, text_en=english, aliases=tuple(head.aliases), sources=tuple(head.sources),
        tag=head.tag, reviewed=head.reviewed, see_also=tuple(head.see_also),
    )  # fmt: skip
    lines = {key: _line_of(head_text, key, 2) for key in data}
    return Entry(passage, file, lines, body_line)


def handbook_files(folder: Path) -> list[Path]:
    """All passage files below `folder`, in a fixed order."""
    return sorted(folder.rglob("HB*.md"), key=lambda p: p.name)


def order(id: str) -> tuple[int, ...]:
    """The order of the handbook: HB4.10 after HB4.9."""
    return tuple(int(n) for n in re.findall(r"\d+", id))


def load_passages(folder: Path) -> tuple[Passage, ...]:
    """All passages in order. Raises PassageError, also for an id used twice or an empty folder."""
    seen: dict[str, Entry] = {}
    for file in handbook_files(folder):
        entry = read_entry(file)
        name = entry.passage.id
        if name in seen:
            raise PassageError(
                file.name,
                entry.lines["id"],
                name,
                f"编号已被 {seen[name].file.name} 使用",
                "每段一个编号,请换一个",
            )
        seen[name] = entry
    if not seen:
        raise PassageError(folder.name, 1, "-", "文件夹里没有一段手册", "应有 HB4.4-….md 这样的文件")
    return tuple(seen[name].passage for name in sorted(seen, key=order))


def _load(file: Path) -> Any:
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError:
        raise DataError(file.name, 1, "没有这个文件", "请从安装包恢复") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 + (mark.line if mark else 0)
        raise DataError(file.name, line, "YAML 写错了", "请检查缩进、冒号和引号") from None


def _validated(file: Path, model: type[_Model], data: Any, line: int) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        _, what, right = _explain(error)
        raise DataError(file.name, line, what, right) from None


@lru_cache(maxsize=4)
def load_sources(file: Path = HERE / "sources.yaml") -> dict[str, Source]:
    """Every source by its id. Raises DataError."""
    data = _load(file)
    text = file.read_text(encoding="utf-8")
    if not isinstance(data, dict):
        raise DataError(file.name, 1, "应为 编号: {title, year, grade}", "请按已有的条目写")
    return {
        str(key): _validated(file, Source, value, _line_of(text, str(key), 1)) for key, value in data.items()
    }


@lru_cache(maxsize=4)
def load_terms(file: Path = HERE / "terms.yaml") -> Terms:
    """Synonyms, words and patterns. Raises DataError."""
    return _validated(file, Terms, _load(file), 1)


@lru_cache(maxsize=4)
def load_outside(file: Path = HERE / "outside.yaml") -> Outside:
    """Examples of what is not answered, and where to look instead. Raises DataError."""
    return _validated(file, Outside, _load(file), 1)
