"""What the rule data is once loaded: rules, conclusion keys, steps, wording, and the strata they run in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from rules.conditions import Clause
from rules.facts import Fact
from rules.parameters import Parameters, Source

Weight = StrictInt | StrictFloat | StrictStr
Resolve = Literal["choose", "vote", "flags", "transfer", "score", "gaps"]
Scope = Literal["creators", "goods"]
#: what the names of an item's facts and numbers begin with, so that `kol_gpm` is never the shop's `gpm`
PREFIXES: dict[Scope, str] = {"creators": "kol_", "goods": "item_"}


class Title(BaseModel):
    """What a value is called in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: str
    en: str


class Key(BaseModel):
    """A conclusion key: what it may hold, and how several rules that write it become one conclusion.

    choose    one value: the first in `order` of the values that rules fired; without `order` the
              value of the rule that stands first in the catalogue
    vote      one value: a deciding rule, else the highest sum of weights, a tie to the first in `order`
    flags     every value, in the order of `values`; with `most`, the first few by the level of their rules
    transfer  shares in whole points, moved from field to field in the order of the rules
    score     0–100: the points of the parts that rules give, by a table of weights, over the weight known
    gaps      role → whole points off the row of a table, where it is off by more than the tolerance

    A key with `each` is concluded for every item of that list, before the shop's own keys.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    title: str
    title_en: str
    resolve: Resolve
    values: list[str] | Literal["bool"]
    each: Scope | None = None
    titles: dict[str, Title] = Field(
        default={}, description="each value by name, for the one wording `key.*` that serves all of them"
    )
    order: list[str] = []
    most: StrictInt | None = Field(default=None, ge=1)
    empty_with: list[str] | None = Field(
        default=None, description="of flags: an empty list is said only where one of these facts is known"
    )
    part_of: str | None = Field(default=None, description="the object of the results this key is a part of")
    scored_by: str | None = Field(default=None, description="the score shown with the value, and its reasons")
    weights: str | None = Field(default=None, description="of a score: the table of weights")
    row_by: str | None = Field(
        default=None, description="of a score: the key that names the row of the table"
    )
    known_at_least: str | None = Field(
        default=None, description="of a score: share of the weight to be known"
    )
    otherwise: str | None = Field(default=None, description="the value where no rule fires")
    public: StrictBool = Field(
        default=True, description="shown in `decisions`; else an intermediate conclusion"
    )
    beside: str | None = Field(default=None, description="the key without which it is not shown")
    reports: StrictBool = Field(default=True, description="whether a rule that lost is reported as overruled")
    needs: str | None = Field(default=None, description="a fact without which every value is provisional")
    only_with: list[str] = Field(
        default=[], description="facts or numbers of which one must be known, else nobody asks for it"
    )
    asked_by: list[str] = Field(
        default=[], description="what asks for it as well: an intent, or a `client_row`"
    )


class Rule(BaseModel):
    """One rule of the catalogue, as written."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    id: str = Field(pattern=r"^[A-Z]{2}-\d{2}(\.[a-z_0-9]+)?$")
    title: str
    when: list[Any] = Field(min_length=1)
    then: dict[str, Any] = Field(min_length=1)
    why: str
    passage: str
    source: Source
    ref: list[str] = []
    level: StrictInt = Field(ge=1, le=6)
    weight: Weight = 1
    decides: StrictBool = False
    confidence: float | None = None
    assumes: Literal["duration", "implied", "proxy"] | None = None
    provisional_while: list[Any] = []
    rests_on: list[str] = Field(
        default=[], description="facts or numbers it rests on without asking for a value: assumed, so is it"
    )
    steps: list[str] = []
    note: str | None = None

    @property
    def number(self) -> str:
        """The id of the document's rule; `PT-16.cut` is a branch of PT-16."""
        return self.id.partition(".")[0]


class Step(BaseModel):
    """A concrete next step. Of the texts the first whose every {placeholder} is known is used; a step whose
    `done_when_known` facts are all known is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    when: Literal["tonight", "this_week", "later"]
    text: list[str] = Field(min_length=1)
    text_en: list[str] = Field(min_length=1)
    done_when_known: list[str] = []

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: Any) -> Any:
        return {k: [v] if k in {"text", "text_en"} and isinstance(v, str) else v for k, v in data.items()}

    @model_validator(mode="after")
    def _pairs(self) -> Step:
        if len(self.text) != len(self.text_en):
            raise PydanticCustomError("variants_unequal", "variants")
        return self


class Shown(BaseModel):
    """A derived number as people read it: its name, type and unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    title_en: str
    type: Literal["ratio", "money", "number", "int", "seconds", "flag", "index"]
    unit: str | None = None
    digits: int = 2
    each: Scope | None = None
    public: StrictBool = Field(default=False, description="shown under `derived` in the results")
    needs: list[list[str]] = Field(
        default=[], description="what would make it known: alternatives, each of facts or derived numbers"
    )


class Task(BaseModel):
    """One task of a campaign plan: what is done in which days around the campaign (day 0), by whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    period: Literal["preparation", "warmup", "day", "after"]
    area: Literal["goods", "field", "people"]
    first: StrictInt = Field(ge=-60, le=60, description="first day, counted from the campaign date")
    last: StrictInt = Field(ge=-60, le=60)
    text: str
    text_en: str
    owner: Literal["lead", "content", "goods", "creators", "ads", "service"]

    @model_validator(mode="after")
    def _ordered(self) -> Task:
        if self.first > self.last:
            raise PydanticCustomError("task_reversed", "first")
        return self


class Sum(BaseModel):
    """The arithmetic behind a number as a person reads it; of the variants the first that can be filled.

    `only_for`: a conclusion code without which it says nothing; `unless`: a derived number that says it
    better.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: list[str] = Field(min_length=1)
    en: list[str] = Field(min_length=1)
    only_for: str | None = None
    unless: str | None = None


@dataclass(frozen=True)
class CompiledRule:
    """A rule with its conditions parsed and the place it was read from."""

    rule: Rule
    when: tuple[Clause, ...]
    provisional_while: tuple[Clause, ...]
    decision: str
    file: str
    line: int
    position: int
    each: Scope | None = None

    @property
    def id(self) -> str:
        return self.rule.id


@dataclass(frozen=True)
class Stratum:
    """Rules that may run together, since none reads what another of them writes."""

    index: int
    rules: tuple[CompiledRule, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class ItemKind:
    """What `creators` or `goods` are: their facts by the names people give them, and their strata."""

    facts: dict[str, Fact]
    prefix: str
    strata: tuple[Stratum, ...]


@dataclass(frozen=True)
class RuleBase:
    """Everything the rules room knows, loaded and checked. `version` is a hash of the data files."""

    facts: dict[str, Fact]
    constraints: tuple[dict[str, Any], ...]
    parameters: Parameters
    derived: dict[str, Shown]
    keys: dict[str, Key]
    rules: dict[str, CompiledRule]
    strata: tuple[Stratum, ...]
    steps: dict[str, Step]
    tasks: dict[str, Task]
    wording: dict[str, dict[str, str]]
    sums: dict[str, Sum]
    units: dict[str, str]
    version: str
    overrides_version: str | None = None
    writers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    items: dict[Scope, ItemKind] = field(default_factory=dict)
