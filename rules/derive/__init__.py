"""Numbers from facts: everything that is computed before a rule is asked, a module for each group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from rules.derive.ads import ads
from rules.derive.alliance import alliance
from rules.derive.campaign import campaign
from rules.derive.core import Concluded, Derived, Deriver, ItemDeriver, imply, missing
from rules.derive.counts import counts
from rules.derive.creators import compared, creators
from rules.derive.deal import deal
from rules.derive.goods import candidates, goods
from rules.derive.money import money
from rules.derive.people import people
from rules.derive.pool import creators_pool, goods_pool
from rules.derive.provider import provider
from rules.derive.room import room
from rules.derive.scale import time
from rules.derive.session import session
from rules.derive.snowball import snowball
from rules.facts import Value
from rules.model import Scope
from rules.parameters import Parameters

__all__ = ["Derived", "derive", "derive_items", "imply", "missing", "pool"]

#: in this order: a later group reads the numbers of earlier ones
_GROUPS = (
    counts,
    time,
    room,
    session,
    ads,
    money,
    deal,
    snowball,
    people,
    alliance,
    campaign,
    provider,
)
_ITEM_GROUPS: dict[Scope, tuple[Callable[[ItemDeriver], None], ...]] = {
    "creators": (creators, compared),
    "goods": (goods, candidates),
}
_POOL_GROUPS: tuple[Callable[[Deriver, Mapping[Scope, Mapping[str, Concluded]]], None], ...] = (
    creators_pool,
    goods_pool,
)


def derive(
    facts: Mapping[str, Value], parameters: Parameters, assumed: Mapping[str, str], today: dt.date
) -> Derived:
    """All numbers that `facts` support. `assumed` maps a fact to the code of the assumption it rests on."""
    deriver = Deriver(facts, parameters, assumed, today)
    for group in _GROUPS:
        group(deriver)
    return deriver.out


def derive_items(
    scope: Scope,
    items: Mapping[str, Mapping[str, Value]],
    shop: Mapping[str, Value],
    parameters: Parameters,
    assumed: Mapping[str, str],
    derived: Derived,
) -> dict[str, Derived]:
    """The numbers of every item by its name, on top of the shop's; each group for all items in turn."""
    derivers = {n: ItemDeriver(own, shop, parameters, assumed, derived) for n, own in items.items()}
    peers = tuple(derivers.values())
    for group in _ITEM_GROUPS[scope]:
        for deriver in peers:
            deriver.peers = peers
            group(deriver)
    return {name: deriver.out for name, deriver in derivers.items()}


def pool(
    facts: Mapping[str, Value],
    parameters: Parameters,
    assumed: Mapping[str, str],
    today: dt.date,
    derived: Derived,
    items: Mapping[Scope, Mapping[str, Concluded]],
) -> tuple[str, ...]:
    """Adds to the shop's numbers those drawn from its items and what they came to; their names."""
    deriver = Deriver(facts, parameters, assumed, today, derived)
    before = set(derived.values)
    for group in _POOL_GROUPS:
        group(deriver, items)
    return tuple(n for n in derived.values if n not in before)
