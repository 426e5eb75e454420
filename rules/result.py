"""An evaluation as the contract's JSON: names, roundings and what is absent are fixed here."""

from __future__ import annotations

from typing import Any

from rules.conditions import conditions_of
from rules.evaluate import Evaluation, allocation_yuan
from rules.model import RuleBase
from rules.render import Texts

#: derived numbers that, computed from parts, stand under the name of the fact they replace
REPLACES = {"margin": "gross_margin", "roi_pay": "ad_roi_pay", "stock_days": "hero_stock_days",
             "campaign_in_days": "days_to_campaign"}  # fmt: skip


def decisions(evaluation: Evaluation, base: RuleBase) -> dict[str, Any]:
    """The public conclusions by key; what is undecided is absent, flags are always a list."""
    out: dict[str, Any] = {}
    for name, key in base.keys.items():
        found = evaluation.conclusions.get(name)
        if found is None or not key.public:
            continue
        out[name] = found.value
        if key.resolve == "vote":
            confidence = found.confidence or 0.0
            decided = bool(found.rules) and found.rules[0].rule.decides
            if key.needs and key.needs not in evaluation.facts and not decided:
                confidence /= 2
            out[f"{name}_confidence"] = round(confidence, 3)
        if name == "allocation" and (yuan := allocation_yuan(evaluation)):
            out["allocation_yuan"] = yuan
    if "top_creator" not in out:
        out.pop("gates_failed", None)
    links = ("traffic", "conversion", "retention")
    scores = {
        k: round(v, 3) for k in links if (v := evaluation.derived.values.get(f"snowball_{k}")) is not None
    }
    if scores:
        out["snowball"] = scores
    return out


def provisional(evaluation: Evaluation, base: RuleBase) -> list[str]:
    """The public conclusions that rest on something assumed."""
    return [
        k
        for k, key in base.keys.items()
        if key.public and k in evaluation.shaky and evaluation.value(k) != []
    ]


def derived(evaluation: Evaluation, base: RuleBase) -> tuple[dict[str, Any], dict[str, str]]:
    """Computed numbers (6 decimals), null where there is none by nature, and the reasons of the nulls."""
    out: dict[str, Any] = {}
    for name, shown in base.derived.items():
        value = evaluation.derived.values.get(name)
        if name in REPLACES and value is not None and REPLACES[name] not in evaluation.derived.facts[name]:
            out[REPLACES[name]] = _number(value)
        elif shown.public and value is not None:
            out[name] = _number(value)
        elif shown.public and name in evaluation.derived.null:
            out[name] = None
    return out, {n: r for n, r in evaluation.derived.null.items() if n in out}


def _number(value: float) -> float | int | bool:
    return value if isinstance(value, bool | int) else round(value, 6)


def trace(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The rules that fired, in the order of the strata."""
    return [
        {
            "rule": f.rule.rule.number,
            "branch": f.rule.id.partition(".")[2] or None,
            "title": f.rule.rule.title,
            "used": {n: _number(v) if isinstance(v, float) else v for n, v in f.used.items()},
            "from": list(f.sources),
            "then": f.then,
            "passage": f.rule.rule.passage,
            "source": f.rule.rule.source,
        }
        for f in evaluation.trace
    ]


def steps(evaluation: Evaluation, base: RuleBase, texts: Texts, language: str = "zh") -> list[dict[str, Any]]:
    """Steps of the rules that prevailed, by level, then stratum; each once, with the rule it comes from."""
    out: dict[str, dict[str, Any]] = {}
    for rule in sorted(prevailing(evaluation), key=lambda r: (r.rule.level, r.position)):
        for id_ in open_steps(rule.rule.steps, evaluation, base):
            out.setdefault(
                id_,
                {
                    "text": texts.step(base.steps[id_], language),
                    "rule": rule.rule.number,
                    "passage": rule.rule.passage,
                    "id": id_,
                    "when": base.steps[id_].when,
                },
            )
    return list(out.values())


def open_steps(ids: list[str], evaluation: Evaluation, base: RuleBase) -> list[str]:
    """The steps that are not done already: those whose wanted facts are all known are."""

    def done(id_: str) -> bool:
        wanted = base.steps[id_].done_when_known
        return bool(wanted) and all(n in evaluation.facts for n in wanted)

    return [i for i in ids if not done(i)]


def prevailing(evaluation: Evaluation) -> list[Any]:
    """The fired rules that carry a conclusion, in the order of the strata; without those overruled."""
    carrying = {r.id for c in evaluation.conclusions.values() for r in c.rules}
    return [f.rule for f in evaluation.trace if f.rule.id in carrying]


def used_parameters(evaluation: Evaluation, base: RuleBase) -> list[str]:
    """The parameters that what fired rests on, in the order of their files."""
    names: set[str] = set()
    for fired in evaluation.trace:
        for condition in conditions_of(fired.rule.when):
            names.update(condition.operand.names() if condition.operand else ())
            names.update(evaluation.derived.parameters.get(condition.name, ()))
        if isinstance(fired.rule.rule.weight, str):
            names.add(fired.rule.rule.weight)
        for payload in fired.rule.rule.then.values():
            if isinstance(payload, dict):
                names.update(v for v in payload.values() if isinstance(v, str))
    for name, shown in base.derived.items():
        if shown.public and (name in evaluation.derived.values or name in evaluation.derived.null):
            names.update(evaluation.derived.parameters.get(name, ()))
    return [n for n in base.parameters.all if n in names]


def defaults(evaluation: Evaluation, base: RuleBase) -> list[dict[str, Any]]:
    """Editable defaults that were used, with the value that counted; `changed` where an operator set it."""
    category = evaluation.facts.get("category")
    row = category if isinstance(category, str) else None
    out = []
    for name in used_parameters(evaluation, base):
        parameter = base.parameters.all[name]
        changed = name in base.parameters.changed
        if parameter.source != "default" and not changed:
            continue
        value = parameter.value if isinstance(parameter.value, dict) else base.parameters.number(name, row)
        out.append({"parameter": name, "value": value} | ({"changed": True} if changed else {}))
    return out


def rejected(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The values left out, with the facts to ask for instead."""
    return [
        {"fact": r.fact, "value": r.value, "reason": r.reason, "ask": list(r.ask)}
        for r in evaluation.rejected
    ]
