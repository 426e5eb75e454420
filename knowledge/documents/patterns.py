"""tidy.yaml, read strictly: what advertising, furniture and machine translation look like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.errors import DataError

FILE = Path(__file__).parent / "tidy.yaml"


class Rules(BaseModel):
    """tidy.yaml as written; the file itself says what each list does."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    terms: dict[str, str]
    advertising: list[str]
    advertising_lines: list[str]
    obscene: list[str]
    forbids: list[str]
    furniture_lines: list[str]
    furniture_sentences: list[str]
    furniture_words: list[str]
    contact_rest: list[str]
    instructions: list[str]


@dataclass(frozen=True, slots=True)
class Patterns:
    """The same, compiled."""

    terms: re.Pattern[str]
    term: dict[str, str]
    advertising: re.Pattern[str]
    advertising_lines: re.Pattern[str]
    obscene: re.Pattern[str]
    forbids: re.Pattern[str]
    furniture_lines: re.Pattern[str]
    furniture_sentences: re.Pattern[str]
    furniture_words: re.Pattern[str]
    contact_rest: re.Pattern[str]
    instructions: re.Pattern[str]


def _expression(phrase: str) -> str:
    """A phrase as an expression: `*` stands for up to 30 characters, a blank for one or more."""
    if len(phrase) > 2 and phrase[0] == phrase[-1] == "/":
        return f"(?:{phrase[1:-1]})"
    words = [r"\s+".join(map(re.escape, part.split())) for part in phrase.split("*")]
    return r"[^。!?\n]{0,30}?".join(words)


def _compile(name: str, phrases: list[str]) -> re.Pattern[str]:
    for phrase in phrases:
        try:
            found = re.compile(_expression(phrase), re.IGNORECASE).match("")
        except re.error as error:
            raise DataError(
                FILE.name, 1, f"{name} 里的 {phrase!r} 写错了({error})", "请改正或去掉两边的 /"
            ) from None
        if found:
            raise DataError(FILE.name, 1, f"{name} 里的 {phrase!r} 什么都能匹配", "请写具体的词") from None
    return re.compile("|".join(map(_expression, phrases)) or r"(?!)", re.IGNORECASE)


def _read(file: Path) -> Rules:
    try:
        data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(file.name, 1, "没有这个文件", "请从安装包恢复") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise DataError(
            file.name, mark.line + 1 if mark else 1, "YAML 写错了", "请检查缩进、冒号和引号"
        ) from None
    try:
        return Rules.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "-"
        raise DataError(file.name, 1, f"{place} 不对", "请按文件里已有的写法改") from None


@lru_cache(maxsize=2)
def patterns(file: Path = FILE) -> Patterns:
    """The compiled patterns. Raises DataError."""
    rules = _read(file)
    for wrong, right in rules.terms.items():
        if re.search(_expression(wrong), right, re.IGNORECASE):
            raise DataError(file.name, 1, f"terms 里 {wrong!r} 换成的词又含它自己", "请换一个写法")
    longest = sorted(rules.terms, key=len, reverse=True)
    lists = {name: _compile(name, getattr(rules, name)) for name in Rules.model_fields if name != "terms"}
    return Patterns(
        terms=re.compile("|".join(map(_expression, longest)) or r"(?!)", re.IGNORECASE),
        term={" ".join(wrong.lower().split()): right for wrong, right in rules.terms.items()},
        **lists,
    )
