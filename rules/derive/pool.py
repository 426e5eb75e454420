"""What single creators and goods come to, as numbers of the shop; before the shop's own strata."""

from __future__ import annotations

from collections.abc import Mapping

from rules.derive.core import Concluded, Deriver
from rules.model import Scope


def creators_pool(d: Deriver, items: Mapping[Scope, Mapping[str, Concluded]]) -> None:
    """How many creators are listed, are to be dropped (0–1), were never tried."""
    listed = list(items.get("creators", {}).values())
    if not listed:
        return
    d.put("creators_listed", len(listed))
    dropped = sum(c.value("creator_quadrant") == "drop" for c in listed)
    d.put("creators_drop_share", dropped / len(listed))
    d.put("creators_untried", sum(c.facts.get("kol_sessions") == 0 for c in listed))
