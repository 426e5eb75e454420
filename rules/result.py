"""An evaluation as the contract's JSON: names, roundings and what is absent are fixed here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rules.conditions import conditions_of
from rules.evaluate import Evaluation, allocation_yuan
from rules.model import CompiledRule, Key, RuleBase
from rules.parameters import Parameters
from rules.plan import campaign_plan
from rules.render import Texts, placeholders

#: derived numbers that, computed from parts, stand under the name of the fact they replace
REPLACES = {"margin": "gross_margin", "roi_pay": "ad_roi_pay", "roi_net": "ad_roi_net",
             "stock_days": "hero_stock_days", "campaign_in_days": "days_to_campaign"}  # fmt: skip


def decisions(evaluation: Evaluation, base: RuleBase, language: str = "zh") -> dict[str, Any]:
    """The public conclusions by key; what is undecided is absent, flags are always a list.

    `language` is that of the texts inside `campaign_plan` and `tools`.
    """
    out: dict[str, Any] = {}
    for name, key in base.keys.items():
        if key.each and key.public and evaluation.items.get(key.each):
            items = evaluation.items[key.each].items()
            if concluded := {n: _of_item(i, key) for n, i in items if name in i.conclusions}:
                out[name] = concluded
        found = evaluation.conclusions.get(name)
        if found is None or not key.public or _unsaid(found.value, key, evaluation):
            continue
        if key.part_of:
            out.setdefault(key.part_of, {})[name.removeprefix(f"{key.part_of}_")] = found.value
        else:
            out[name] = found.value
        if key.resolve == "vote":
            confidence = found.confidence or 0.0
            decided = bool(found.rules) and found.rules[0].rule.decides
            if key.needs and key.needs not in evaluation.facts and not decided:
                confidence /= 2
            out[f"{name}_confidence"] = round(confidence, 3)
        if name == "allocation" and (yuan := allocation_yuan(evaluation)):
            out["allocation_yuan"] = yuan
    if "tools" in out:
        texts = Texts(base, evaluation)
        out["tools"] = [{"tool": t, "look": texts.wording(f"tools.{t}", language)} for t in out["tools"]]
    for name, key in base.keys.items():
        if key.beside and key.beside not in out:
            out.pop(name, None)
    links = ("traffic", "conversion", "retention")
    scores = {
        k: round(v, 3) for k in links if (v := evaluation.derived.values.get(f"snowball_{k}")) is not None
    }
    if scores:
        out["snowball"] = scores
    if plan := campaign_plan(evaluation, base, language):
        out["campaign_plan"] = plan
    return out


def _unsaid(value: Any, key: Key, evaluation: Evaluation) -> bool:
    """Whether an empty list says nothing, since what it is drawn from is unknown."""
    return value == [] and key.empty_with is not None and not set(key.empty_with) & set(evaluation.facts)


def _of_item(item: Evaluation, key: Key) -> Any:
    """The value of `key` for one item; with its score and the rules behind it, where it has one."""
    found = item.conclusions[key.name]
    if not key.scored_by:
        return found.value
    score = item.conclusions.get(key.scored_by)
    behind = dict.fromkeys(r.rule.number for c in (score, found) if c for r in c.rules)
    graded: dict[str, Any] = {key.name.rpartition("_")[2]: found.value, "reasons": list(behind)}
    return graded | ({"score": round(score.value, 3)} if score else {})


def evaluations(evaluation: Evaluation) -> list[Evaluation]:
    """The items' evaluations, then the shop's, in the order of running."""
    return [*(i for kind in evaluation.items.values() for i in kind.values()), evaluation]


def provisional(evaluation: Evaluation, base: RuleBase) -> list[str]:
    """The public conclusions that rest on something assumed."""

    def hidden(key: Key) -> bool:
        return key.beside is not None and key.beside not in evaluation.conclusions

    names = [
        key.part_of or k
        for k, key in base.keys.items()
        if key.public
        and not hidden(key)
        and any(k in e.shaky and e.value(k) != [] for e in evaluations(evaluation))
    ]
    if "campaign_tasks" in evaluation.shaky:
        names.append("campaign_plan")
    return list(dict.fromkeys(names))


def value_at_risk(evaluation: Evaluation, base: RuleBase) -> float | None:
    """The share of a month's GMV, in yuan, counted as at risk by the client's priority (PV-14)."""
    priority, sold = evaluation.value("priority"), evaluation.facts.get("gmv_30d")
    if priority is None or not isinstance(sold, int | float):
        return None
    return sold * base.parameters.table("pv.severity")["share"][priority]


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
    for name, value in evaluation.derived.values.items():
        if name in base.facts:  # a rate made from counts
            out[name] = _number(value)
    if (at_risk := value_at_risk(evaluation, base)) is not None:
        out["value_at_risk"] = _number(at_risk)
    return out, {n: r for n, r in evaluation.derived.null.items() if n in out}


def _number(value: float) -> float | int | bool:
    return value if isinstance(value, bool | int) else round(value, 6)


def trace(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The rules that fired, in the order of the strata; those of items first, with the item's name."""
    named = {id(i): {s: n} for s, kind in evaluation.items.items() for n, i in kind.items()}
    return [
        ({"item": named[id(e)]} if id(e) in named else {})
        | {
            "rule": f.rule.rule.number,
            "branch": f.rule.id.partition(".")[2] or None,
            "title": f.rule.rule.title,
            "used": {n: _number(v) if isinstance(v, float) else v for n, v in f.used.items()},
            "from": list(f.sources),
            "then": f.then,
            "passage": f.rule.rule.passage,
            "source": f.rule.rule.source,
        }
        for e in evaluations(evaluation)
        for f in e.trace
    ]


def steps(evaluation: Evaluation, base: RuleBase, texts: Texts, language: str = "zh") -> list[dict[str, Any]]:
    """Steps of the rules that prevailed, by level, then stratum; each once, with the rule it comes from."""
    out: dict[str, dict[str, Any]] = {}
    for rule in sorted(prevailing(evaluation), key=lambda r: (r.rule.level, r.position)):
        for id_ in open_steps(rule.rule.steps, evaluation, base):
            out.setdefault(
                id_,
                {
                    "text": texts.step(base.steps[id_], language, applies_to(evaluation, rule)),
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
        return bool(wanted) and all(n in evaluation.facts or n in evaluation.derived.values for n in wanted)

    return [i for i in ids if not done(i)]


def prevailing(evaluation: Evaluation) -> list[CompiledRule]:
    """The fired rules that carry a conclusion, each once, items first, then in the order of the strata;
    without those overruled."""
    out: dict[str, CompiledRule] = {}
    for one in evaluations(evaluation):
        carrying = {r.id for c in one.conclusions.values() for r in c.rules}
        out |= {f.rule.id: f.rule for f in one.trace if f.rule.id in carrying and f.rule.id not in out}
    return list(out.values())


def applies_to(evaluation: Evaluation, rule: CompiledRule) -> list[str]:
    """The names of the items for which `rule` carries a conclusion; empty for a rule of the shop."""
    return (
        [
            name
            for name, item in evaluation.items.get(rule.each, {}).items()
            if any(r.id == rule.id for c in item.conclusions.values() for r in c.rules)
        ]
        if rule.each
        else []
    )


def used_parameters(evaluation: Evaluation, base: RuleBase) -> list[str]:
    """The parameters that what fired rests on, in the order of their files."""
    names: set[str] = set()
    for one, fired in ((e, f) for e in evaluations(evaluation) for f in e.trace):
        for condition in conditions_of(fired.rule.when):
            names.update(condition.operand.names() if condition.operand else ())
            names.update(one.derived.parameters.get(condition.name, ()))
        if isinstance(fired.rule.rule.weight, str):
            names.add(fired.rule.rule.weight)
        for payload in fired.rule.rule.then.values():
            if isinstance(payload, dict):
                names.update(v for v in payload.values() if isinstance(v, str))
        for key in (base.keys[k] for k in fired.rule.rule.then):
            names.update(n for n in (key.weights, key.known_at_least) if n)
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


def changed_lines(evaluation: Evaluation, base: RuleBase, shown: Iterable[str]) -> list[tuple[str, Any, Any]]:
    """The lines used here that count otherwise than by default: name, value now, value by default.

    `shown` are the steps that were told; the lines in their texts count as used too.
    """
    used = set(used_parameters(evaluation, base))
    for name in (n for id_ in shown for text in base.steps[id_].text for n in placeholders(text)):
        used |= {name, *evaluation.derived.parameters.get(name, ())}
    category = evaluation.facts.get("category")
    row = category if isinstance(category, str) else None
    plain = Parameters(base.parameters.plain)
    out = []
    for name in (n for n in base.parameters.changed if n in used):
        table = isinstance(plain.all[name].value, dict)
        was, now = (p.table(name) if table else p.number(name, row) for p in (plain, base.parameters))
        if was != now:
            out.append((name, now, was))
    return out


def rejected(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The values left out, with the facts to ask for instead."""
    return [
        {"fact": r.fact, "value": r.value, "reason": r.reason, "ask": list(r.ask)}
        for r in evaluation.rejected
    ]
