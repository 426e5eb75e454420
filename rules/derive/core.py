"""What every group of derived numbers stands on: facts in, numbers out, with what each rests on.

The engine never divides; formulas and their worked checks are those of `decisions` §0. What would make a
number known stands with its title in `rules/data/derived`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rules.facts import Value
from rules.parameters import Parameters

Number = int | float
Needs = Mapping[str, Sequence[Sequence[str]]]

ROOM = (
    "impressions",
    "views_session",
    "uv_session",
    "avg_online",
    "stay_seconds",
    "entry_rate",
    "interact_rate",
    "follow_rate",
    "click_rate",
    "cvr_click",
    "cvr_view",
    "pay_rate",
    "gpm",
    "uv_value",
    "orders_per_day",
)


@dataclass
class Derived:
    """Derived numbers by name, and for each the facts and parameters it rests on.

    `null` names those that have no value by their nature, with the reason; `shaky` those that rest on an
    assumption, with its code.
    """

    values: dict[str, bool | Number] = field(default_factory=dict)
    facts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    null: dict[str, str] = field(default_factory=dict)
    shaky: dict[str, str] = field(default_factory=dict)


def imply(facts: Mapping[str, Value]) -> dict[str, tuple[Value, tuple[str, ...]]]:
    """Facts that follow from stated ones (§24, confidence .7): value, and the facts it follows from."""
    out: dict[str, tuple[Value, tuple[str, ...]]] = {}
    seen = [n for n in ("days_since_first_live", *ROOM) if n in facts]
    if _number(facts, "live_days_30d"):
        seen.insert(0, "live_days_30d")
    if seen and "first_live_done" not in facts:
        out["first_live_done"] = (True, (seen[0],))
    sells = seen[:1] or (["gmv_30d"] if _number(facts, "gmv_30d") else [])
    if facts.get("first_live_done") is True:
        sells = sells or ["first_live_done"]
    if sells and "shop_opened" not in facts:
        out["shop_opened"] = (True, (sells[0],))
    return out


def _number(facts: Mapping[str, Value], name: str) -> Number | None:
    value = facts.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def missing(name: str, known: Iterable[str], needs: Needs) -> tuple[str, ...]:
    """The facts whose absence keeps `name` (a fact or a derived number) unknown: the shortest way to it.

    `needs` holds for each derived number what would make it known: alternatives, each a set of facts or
    other derived numbers.
    """
    have = set(known)
    if name in have:
        return ()
    if name not in needs:
        return (name,)
    ways = [tuple(dict.fromkeys(f for n in way for f in missing(n, have, needs))) for way in needs[name]]
    return min((w for w in ways if w), key=len, default=())


class Deriver:
    """One derivation under way: `get` reads a number, `put` adds one with what it rests on."""

    def __init__(self, facts: Mapping[str, Value], parameters: Parameters, assumed: Mapping[str, str],
                 today: dt.date, on_top_of: Derived | None = None) -> None:  # fmt: skip
        self.facts, self.p, self.assumed, self.today = facts, parameters, assumed, today
        category = facts.get("category")
        self.category = category if isinstance(category, str) else None
        self.out = on_top_of or Derived()
        self.numbers = {n: v for n in facts if (v := _number(facts, n)) is not None}
        self.numbers |= {n: v for n, v in self.out.values.items() if not isinstance(v, bool)}

    def get(self, name: str) -> Number | None:
        return self.numbers.get(name)

    def put(self, name: str, value: bool | Number, *uses: str, parameters: tuple[str, ...] = (),
            shaky: str | None = None) -> None:  # fmt: skip
        out = self.out
        out.values[name] = value
        if not isinstance(value, bool):
            self.numbers[name] = value
        out.facts[name] = tuple(
            dict.fromkeys(f for u in uses for f in out.facts.get(u, (u,) if u in self.facts else ()))
        )
        out.parameters[name] = tuple(
            dict.fromkeys([*parameters, *(p for u in uses for p in out.parameters.get(u, ()))])
        )
        why = shaky or next((s for u in uses if (s := self.assumed.get(u) or out.shaky.get(u))), None)
        if why:
            out.shaky[name] = why

    def param(self, name: str) -> Number:
        return self.p.number(name, self.category)

    def kept(self, margin: Number, refund: Number, costs: Number) -> Number:
        """What a yuan of sales leaves: (1 − r)·(m − costs) − r·ρ (`decisions` §0)."""
        return (1 - refund) * (margin - costs) - refund * (self.get("return_cost_share") or 0)

    def fees(self) -> tuple[Number, list[str]]:
        """Fees on own sales as far as they were given (c of §0), and which."""
        given = [n for n in ("platform_fee_rate", "commission_rate") if self.get(n) is not None]
        return sum(self.get(n) or 0 for n in given), given

    def deal_fee(self) -> tuple[Number, tuple[str, ...]]:
        """The platform's fee in a deal not yet signed: as given, else the default, and its parameter."""
        given = self.get("platform_fee_rate")
        if given is not None:
            return given, ()
        return self.param("money.platform_fee"), ("money.platform_fee",)

    def bench(self, metric: str) -> tuple[Number, tuple[str, ...], tuple[str, ...], str | None]:
        """The pass line of `metric`: value, facts, parameters, and why it is shaky (B-01, B-03, B-04)."""
        peer = _number(self.facts, f"peer_{metric}")
        if peer:
            return peer, (f"peer_{metric}",), (), None
        name = f"bench.{metric}"
        own_row = self.p.has_row(name, self.category)
        uses = ("category",) if own_row else ()
        return (
            self.param(name),
            uses,
            (name,),
            None if own_row else "no_row" if self.category else "generic_row",
        )


class ItemDeriver(Deriver):
    """The numbers of one creator or one of the goods, on top of a copy of the shop's."""

    def __init__(self, own: Mapping[str, Value], shop: Mapping[str, Value], parameters: Parameters,
                 assumed: Mapping[str, str], derived: Derived) -> None:  # fmt: skip
        copy = Derived(
            dict(derived.values),
            dict(derived.facts),
            dict(derived.parameters),
            dict(derived.null),
            dict(derived.shaky),
        )
        super().__init__({**shop, **own}, parameters, assumed, dt.date.min, copy)
        self.peers: tuple[ItemDeriver, ...] = (self,)

    def pool(self, name: str) -> list[Number]:
        """The known values of a fact, or of a number of an earlier group, over all items of the kind."""
        return [v for peer in self.peers if (v := peer.get(name)) is not None]


class Concluded(Protocol):
    """What the pool reads of an item: its facts and numbers, and the value of each key."""

    facts: dict[str, Value]
    derived: Derived

    def value(self, key: str) -> Any:
        """The value concluded for `key`, or None."""
