"""Numbers from facts: everything that is computed before a rule is asked, a module for each group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from rules.derive.ads import ads
from rules.derive.core import Derived, Deriver, imply, missing
from rules.derive.deal import deal
from rules.derive.money import money
from rules.derive.room import room
from rules.derive.scale import time
from rules.derive.snowball import snowball
from rules.facts import Value
from rules.parameters import Parameters

__all__ = ["Derived", "derive", "imply", "missing"]

#: in this order: a later group reads the numbers of earlier ones
_GROUPS = (time, room, ads, money, deal, snowball)


def derive(
    facts: Mapping[str, Value], parameters: Parameters, assumed: Mapping[str, str], today: dt.date
) -> Derived:
    """All numbers that `facts` support. `assumed` maps a fact to the code of the assumption it rests on."""
    deriver = Deriver(facts, parameters, assumed, today)
    for group in _GROUPS:
        group(deriver)
    return deriver.out
