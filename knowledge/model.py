"""The shapes that this package hands out: a passage, a hit, a search result, a source, the terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Tag = Literal["seed", "public", "default"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Head(_Strict):
    """The YAML head of a handbook file, as written."""

    id: str = Field(pattern=r"^HB\d+\.\d+$")
    title: str = Field(min_length=2, max_length=40)
    title_en: str = Field(min_length=2, max_length=90)
    path: list[str] = Field(min_length=1, max_length=4)
    summary: str = Field(min_length=20, max_length=140)
    aliases: list[str] = Field(min_length=3)
    sources: list[str] = Field(min_length=1)
    tag: Tag
    reviewed: date
    see_also: list[str] = []


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage of the handbook.

    `text` is the whole Chinese passage, `summary` a forwardable digest of at most 140 characters, `text_en`
    an English rendering, `aliases` ways people ask for it, `sources` ids into sources.yaml, `see_also` the
    passages a reader of this one wants next.
    """

    id: str
    title: str
    title_en: str
    path: tuple[str, ...]
    text: str
    summary: str
    text_en: str
    aliases: tuple[str, ...]
    sources: tuple[str, ...]
    tag: Tag | Literal["own"]
    reviewed: date
    document: str = "handbook"
    see_also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. `score` lies in 0–1, falls down the list, and is rounded to 4 decimals.

    `reply`: what can be forwarded as an answer, below 150 characters, from the passage alone.
    """

    passage: Passage
    score: float
    reply: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`hits` is empty where nothing answers; then `nearest` holds up to three titles, and `look_up` the kind
    of thing asked where it is of the field and has to be looked up at its source."""

    query: str
    grounded: bool
    hits: tuple[Hit, ...]
    nearest: tuple[str, ...]
    look_up: LookUp | None = None


class Source(_Strict):
    """One entry of sources.yaml. `grade`: A official … D unverified numbers; S seed; DEF our own default."""

    title: str = Field(min_length=2)
    year: int | None = None
    grade: Literal["S", "A", "A-", "B", "C", "D", "DEF"]


class OutOfScope(_Strict):
    """Questions that have nothing to do with the field, per language."""

    zh: list[str] = Field(min_length=1)
    en: list[str] = Field(min_length=1)


class LookUp(_Strict):
    """Questions of the field whose answer changes by day, account or person, and where it stands."""

    id: str
    zh: list[str] = Field(min_length=1)
    en: list[str] = Field(min_length=1)
    where: str = Field(min_length=20)
    where_en: str = Field(min_length=20)


class Outside(_Strict):
    """outside.yaml: what the handbook must not answer; the refusal is calibrated on the examples."""

    out_of_scope: OutOfScope
    look_up: list[LookUp]


class Terms(_Strict):
    """terms.yaml.

    `synonyms`: what people write → words of the handbook; `words`: kept whole by the segmenter; `elsewhere`
    without `home` in a question means another platform;
    `asking`, `bare`: patterns of a clause that asks, and of one that asks for what is said before it.
    """

    synonyms: dict[str, str]
    words: list[str]
    stopwords: list[str]
    elsewhere: list[str]
    home: list[str]
    asking: list[str]
    bare: list[str]
