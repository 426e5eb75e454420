"""Fired rules → conclusions: one way of resolving per kind of key, and who was overruled by whom."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.conditions import View, rounded
from rules.errors import phrase, shown
from rules.model import CompiledRule, Key
from rules.parameters import Parameters

FIELDS = ("F", "A", "C", "T")
Problem = tuple[str, dict[str, object]]  #: the code of a finding and its values


@dataclass(frozen=True, slots=True)
class Overruled:
    """`rule` would have said otherwise; `by` prevailed."""

    rule: str
    by: str


@dataclass
class Conclusion:
    """What a key holds: the value, the rules it rests on, and the figures of how it was found."""

    value: Any
    rules: list[CompiledRule]
    overruled: list[Overruled] = field(default_factory=list)
    confidence: float | None = None


def resolve(key: Key, fired: Sequence[CompiledRule], parameters: Parameters, category: str | None,
            concluded: Mapping[str, Any], view: View) -> Conclusion | None:  # fmt: skip
    """The conclusion of `key` from the rules that fired and write it; None where nothing can choose.

    `concluded` holds what earlier strata came to, `view` the numbers the rules were matched against.
    """
    if key.resolve == "flags":
        return _flags(key, fired)
    if key.resolve == "transfer":
        return _transfer(key, fired, parameters, concluded)
    if key.resolve == "score":
        return _score(key, fired, parameters, concluded)
    if key.resolve == "gaps":
        return _gaps(key, fired, parameters, concluded, view)
    found = _vote(key, fired, parameters, category) if key.resolve == "vote" else _choose(key, fired)
    if found is None and key.otherwise is not None:
        return Conclusion(key.otherwise, [], confidence=0.0 if key.resolve == "vote" else None)
    return found


def _value(rule: CompiledRule, key: Key) -> Any:
    return rule.rule.then[key.name]


def _choose(key: Key, fired: Sequence[CompiledRule]) -> Conclusion | None:
    if not fired:
        return None

    def rank(rule: CompiledRule) -> tuple[int, int]:
        return (key.order.index(_value(rule, key)) if key.order else 0, rule.position)

    ordered = sorted(fired, key=rank)
    value = _value(ordered[0], key)
    winners = [r for r in ordered if _value(r, key) == value]
    return Conclusion(value, winners, _losers(key, ordered, winners))


def _losers(key: Key, fired: Sequence[CompiledRule], winners: Sequence[CompiledRule]) -> list[Overruled]:
    if not key.reports:
        return []
    best = min(winners, key=lambda r: (r.rule.level, r.position))
    return _overruled(fired, winners, best)


def _overruled(
    fired: Sequence[CompiledRule], winners: Sequence[CompiledRule], by: CompiledRule
) -> list[Overruled]:
    """Rules that lost, each once; a branch that lost to another branch of its own rule is no conflict."""
    won = {r.rule.number for r in winners}
    lost = dict.fromkeys(r.rule.number for r in fired if r not in winners and r.rule.number not in won)
    return [Overruled(number, by.rule.number) for number in lost]


def _vote(
    key: Key, fired: Sequence[CompiledRule], parameters: Parameters, category: str | None
) -> Conclusion | None:
    deciding = [r for r in fired if r.rule.decides]
    if deciding:
        first = deciding[0]
        value = _value(first, key)
        winners = [first, *(r for r in fired if r is not first and _value(r, key) == value)]
        return Conclusion(value, winners, _overruled(fired, winners, first), first.rule.confidence)
    if not fired:
        return None
    sums: dict[str, float] = {}
    for rule in fired:
        weight = rule.rule.weight
        number = parameters.number(weight, category) if isinstance(weight, str) else weight
        sums[_value(rule, key)] = sums.get(_value(rule, key), 0) + number
    value = min(sums, key=lambda v: (-sums[v], key.order.index(v)))
    winners = [r for r in fired if _value(r, key) == value]
    return Conclusion(value, winners, _losers(key, fired, winners), sums[value] / sum(sums.values()))


def _flags(key: Key, fired: Sequence[CompiledRule]) -> Conclusion:
    said: dict[str, None] = {}
    by_level = sorted(fired, key=lambda r: (r.rule.level, r.position)) if key.most else fired
    for rule in by_level:
        value = _value(rule, key)
        said |= dict.fromkeys(value if isinstance(value, list) else [value])
    if key.most:
        return Conclusion(list(said)[: key.most], list(fired))
    return Conclusion([v for v in key.values if v in said], list(fired))


def _score(
    key: Key, fired: Sequence[CompiledRule], parameters: Parameters, concluded: Mapping[str, Any]
) -> Conclusion | None:
    """Points of the known parts over their weight × 100, less penalties; None where too little is known."""
    rows = parameters.table(key.weights or "")
    weights = rows[row] if (row := concluded.get(key.row_by or "")) in rows else rows["default"]
    points = known = penalty = 0.0
    for rule in fired:
        payload = _value(rule, key)
        if "penalty" in payload:
            penalty += _points(payload["penalty"], parameters)
        elif weight := weights.get(payload["part"], 0):
            known += weight
            points += weight * payload["share"]
    enough = _points(key.known_at_least, parameters) if key.known_at_least else 0
    if not known or rounded(known / sum(weights.values())) < enough:
        return None
    return Conclusion(max(points / known * 100 - penalty, 0.0), list(fired))


def _gaps(
    key: Key, fired: Sequence[CompiledRule], parameters: Parameters, concluded: Mapping[str, Any], view: View
) -> Conclusion | None:
    """Role → whole points that its share is off the row of the stage, where that exceeds the tolerance."""
    if not fired:
        return None
    payload = _value(fired[0], key)
    row = parameters.table(payload["against"]).get(concluded.get(payload["stage"], ""))
    if row is None:
        return None
    gaps = {r: rounded(float(view.get(payload["share"] + r, 0)) * 100 - points) for r, points in row.items()}
    most = parameters.number(payload["tolerance"]) * 100
    found = {r: math.floor(g + 0.5) for r, g in gaps.items() if abs(g) > most}  # half up, as everywhere
    return Conclusion(found, list(fired))


def check_payload(key: Key, payload: Any, parameters: Parameters) -> list[Problem]:
    """What is wrong with the `then` of a rule that gives points or compares with a table."""
    if key.resolve == "gaps":
        wanted = {"against", "stage", "share", "tolerance"}
        if not isinstance(payload, dict) or set(payload) != wanted:
            return [("gaps_fields", {"payload": shown(payload)})]
        found = parameters.all.get(payload["against"])
        known = found is not None and isinstance(found.value, dict)
        return [] if known else [("no_table", {"table": shown(payload["against"])})]
    table = parameters.all.get(key.weights or "")
    if table is None or not isinstance(table.value, dict) or "default" not in table.value:
        return [("no_weights", {"table": key.weights})]
    parts = {p for row in table.value.values() for p in row}
    if isinstance(payload, dict) and set(payload) == {"part", "share"}:
        out: list[Problem] = []
        if payload["part"] not in parts:
            out.append(("no_weight", {"part": shown(payload["part"]), "table": key.weights}))
        share = payload["share"]
        right = isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1
        return out if right else [*out, ("no_share", {"share": shown(share)})]
    if isinstance(payload, dict) and set(payload) == {"penalty"} and payload["penalty"] in parameters.all:
        return []
    return [("score_fields", {"payload": shown(payload)})]


# -- transfers ------------------------------------------------------------------------------------------


def _transfer(
    key: Key, fired: Sequence[CompiledRule], parameters: Parameters, concluded: Mapping[str, Any]
) -> Conclusion | None:
    """Shares in whole points: each rule moves points; a donor gives what it has above its floor (F 30)."""
    ordered = sorted(fired, key=lambda r: (key.order.index(r.rule.number), r.position))
    if not ordered or "start" not in _value(ordered[0], key):
        return None
    shares: dict[str, int] = {}
    winners = []
    for rule in ordered:
        before = dict(shares)
        for name, argument in _value(rule, key).items():
            _MOVES[name](shares, argument, parameters, concluded)
        if shares != before:
            winners.append(rule)
    return Conclusion({f: shares[f] for f in FIELDS}, winners)


def _give(shares: dict[str, int], donor: str, to: str, points: int, keep: int, parameters: Parameters) -> int:
    floor = max(keep, int(parameters.number("fa.floor_f")) if donor == "F" else 0)
    given = max(0, min(points, shares[donor] - floor))
    shares[donor] -= given
    shares[to] += given
    return given


def _start(shares: dict[str, int], table: str, parameters: Parameters, concluded: Mapping[str, Any]) -> None:
    shares.update({f: int(n) for f, n in parameters.table(table)[concluded["stage"]].items()})


def _move(
    shares: dict[str, int], moves: list[dict[str, Any]], parameters: Parameters, _: Mapping[str, Any]
) -> None:
    for move in moves:
        left = 100 if move.get("points", "all") == "all" else int(_points(move["points"], parameters))
        donors = move["from"] if isinstance(move["from"], list) else [move["from"]]
        for donor in donors:
            left -= _give(shares, donor, move["to"], left, move.get("keep", 0), parameters)


def _points(value: int | str, parameters: Parameters) -> float:
    return parameters.number(value) if isinstance(value, str) else value


def _halve(shares: dict[str, int], fields: list[str], parameters: Parameters, _: Mapping[str, Any]) -> None:
    for name in fields:
        _give(shares, name, "F", shares[name] - shares[name] // 2, 0, parameters)


def _fill(shares: dict[str, int], spec: dict[str, Any], parameters: Parameters, _: Mapping[str, Any]) -> None:
    """The donors give in proportion until `to` holds `until`; the first donor's part is rounded half up."""
    need = int(_points(spec["until"], parameters)) - shares[spec["to"]]
    first, second = spec["from"]
    have = shares[first] + shares[second]
    if need <= 0 or not have:
        return
    need = min(need, have)
    part = min((2 * need * shares[first] + have) // (2 * have), shares[first])
    _give(shares, first, spec["to"], part, 0, parameters)
    _give(shares, second, spec["to"], need - part, 0, parameters)


def _cap(shares: dict[str, int], table: str, parameters: Parameters, _: Mapping[str, Any]) -> None:
    for name, most in parameters.table(table)["most"].items():
        _give(shares, name, "F", shares[name] - int(most), 0, parameters)


_MOVES: dict[str, Callable[[dict[str, int], Any, Parameters, Mapping[str, Any]], None]] = {
    "start": _start,
    "move": _move,
    "halve": _halve,
    "fill": _fill,
    "cap": _cap,
}


def check_transfer(payload: Any, parameters: Parameters) -> list[Problem]:
    """What is wrong with the `then` of a transfer rule."""
    if not isinstance(payload, dict) or len(payload) != 1 or next(iter(payload)) not in _MOVES:
        return [("no_transfer", {"payload": shown(payload)})]
    name, argument = next(iter(payload.items()))
    out: list[Problem] = []

    def fields(values: Any, many: int | None = None) -> None:
        if not isinstance(values, list) or (many and len(values) != many):
            out.append(
                ("no_fields", {"payload": shown(values), "many": phrase("two_fields") if many else ""})
            )
            return
        out.extend(("no_field", {"value": shown(v)}) for v in values if v not in FIELDS)

    def points(value: Any) -> None:
        whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100
        named = (
            isinstance(value, str)
            and value in parameters.all
            and not isinstance(parameters.all[value].value, dict)
        )
        if not whole and not named:
            out.append(("no_points", {"value": shown(value)}))

    if name in {"start", "cap"}:
        out += _check_table(name, argument, parameters)
    elif name == "halve":
        fields(argument)
    else:
        moves = argument if name == "move" else [argument]
        allowed = {"from", "to", "points", "keep"} if name == "move" else {"from", "to", "until"}
        for move in moves if isinstance(moves, list) else [moves]:
            if not isinstance(move, dict) or not {"from", "to"} <= set(move) <= allowed:
                values: dict[str, object] = {"payload": shown(move), "allowed": ", ".join(sorted(allowed))}
                out.append(("transfer_fields", values))
                continue
            donors = move["from"] if isinstance(move["from"], list) else [move["from"]]
            fields(donors, 2 if name == "fill" else None)
            fields([move["to"]])
            if name == "fill" or move.get("points", "all") != "all":
                points(move.get("until", move.get("points")))
            points(move.get("keep", 0))
    return out


def _check_table(name: str, table: Any, parameters: Parameters) -> list[Problem]:
    found = parameters.all.get(table) if isinstance(table, str) else None
    if found is None or not isinstance(found.value, dict):
        return [("no_table", {"table": shown(table)})]
    if name == "cap":
        whole = set(found.value.get("most", {"": 0})) <= set(FIELDS)
        return [] if whole else [("no_most", {"table": table})]
    return [
        ("shares_not_100", {"table": table, "row": row})
        for row, cells in found.value.items()
        if set(cells) != set(FIELDS) or sum(cells.values()) != 100 or any(n != int(n) for n in cells.values())
    ]


def to_yuan(shares: dict[str, int], budget: float) -> dict[str, int]:
    """Whole yuan for each field, summing to the budget: largest remainder first, ties F, A, C, T."""
    total = math.floor(budget + 0.5)
    exact = {f: shares[f] * total for f in FIELDS}
    yuan = {f: exact[f] // 100 for f in FIELDS}
    left = total - sum(yuan.values())
    for name in sorted(FIELDS, key=lambda f: (-(exact[f] % 100), FIELDS.index(f)))[:left]:
        yuan[name] += 1
    return yuan
