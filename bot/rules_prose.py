"""The catalogue of rules as people read it who do not program: sentences first, code at the end."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rules.conditions import AnyOf
from rules.describe import SOURCES, Describer
from rules.errors import shown
from rules.model import CompiledRule
from rules.parameters import written
from rules.told import number, words

PLACES = {"title": "标题", "steps": "下一步", "then": "结论", "why": "为什么", "when": "条件",
          "parameters": "用到的线", "facts": "要看的数"}  # fmt: skip


def _wide(text: str, columns: int) -> str:
    """`text` filled up to a number of columns; a Chinese character takes two."""
    taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * (columns - taken)


def listed(chosen: Sequence[CompiledRule]) -> Iterator[str]:
    """Rules by decision, after a line on what the levels mean."""
    levels, decisions = words()["levels"], words()["decisions"]
    told = ",".join(f"{n} {title}" for n, title in levels.items())
    yield f"级别:{told}。两条规则说得相反,听级别数字小的。"
    longest = max((len(r.id) for r in chosen), default=0)
    by = Counter(r.decision for r in chosen)
    for name in sorted(by, key=lambda d: (len(d), d)):
        yield f"\n{name} {decisions[name]}({by[name]} 条)"
        for rule in (r for r in chosen if r.decision == name):
            source = _wide(SOURCES[rule.rule.source], 8)
            yield f"  {_wide(rule.id, longest)}  {rule.rule.level} 级  {source}  {rule.rule.title}"
    sources = Counter(SOURCES[r.rule.source] for r in chosen)
    numbers = len({r.rule.number for r in chosen})
    told = ",".join(f"{s} {n}" for s, n in sources.most_common())
    yield f"\n共 {len(chosen)} 条(规则号 {numbers} 个){':' if told else ''}{told}"


def found(hits: Sequence[tuple[CompiledRule, float, str]], top: int) -> Iterator[str]:
    """Rules that were searched for, with the place that speaks of the words."""
    longest = max((len(rule.id) for rule, _, _ in hits[:top]), default=0)
    for rule, _, place in hits[:top]:
        yield f"{_wide(rule.id, longest)}  {rule.rule.title}〔{PLACES[place]}里有〕"
    if len(hits) > top:
        yield f"还有 {len(hits) - top} 条,加 --top {len(hits)} 能看到全部。"
    if not hits:
        yield "没有找到;换个词,或用 rules list 看全部。"


def whole(told: dict[str, Any], rule: CompiledRule, describer: Describer) -> str:
    """One rule in sentences; its code and place in the last lines."""
    level, decision = words()["levels"][str(told["level"])], words()["decisions"][told["decision"]]
    out = [
        f"{told['id']}  {told['title']}",
        f"管的是:{decision}。第 {told['level']} 级({level})。依据:{SOURCES[told['source']]}。",
        f"为什么:{told['why']}",
        "",
        "什么时候成立:" + ("" if len(rule.when) == 1 else "下面几条都要有"),
    ]
    for index, clause in enumerate(rule.when, 1):
        parts = describer.alternatives(clause)
        if isinstance(clause, AnyOf):
            out += [f"  {index}. 有一样就算:", *(f"     · {part}" for part in parts)]
        else:
            out.append(f"  {index}. {parts[0]}")
    out += ["就下这个结论:", *(f"  · {t}" for t in told["then_zh"])]
    if told["provisional_while"]:
        out += ["先当假设,只要:", *(f"  · {t}" for t in told["provisional_while"])]
    if told["steps"]:
        out += ["接着做:", *(f"  {n}. {s['zh']}" for n, s in enumerate(told["steps"], 1))]
    if told["parameters"]:
        out += ["用到的线(要改,在 overrides.yaml 里写它的编号):"]
        out += [f"  · {_parameter(one, describer)}" for one in told["parameters"]]
    out += ["", *_basis(told), f"写在:{told['place']}"]
    steps = "、".join(s["id"] for s in told["steps"])
    code = "; ".join(one["text"] for one in told["when"])
    then = ", ".join(f"{k}: {shown(v)}" for k, v in told["then"].items())
    return "\n".join([*out, f"原文:当 {code} → {then}" + (f" → {steps}" if steps else "")])


def _basis(told: dict[str, Any]) -> Iterator[str]:
    """The passage, the sources, the note and the cases of a rule."""
    passage = told["passage"]
    yield f"手册:{passage['passage']} {passage['title'] or '(还没有这一段)'}"
    for ref in told["ref"]:
        yield f"来源:{ref['id']} {ref.get('title', '')}" + (f"({ref['year']})" if ref.get("year") else "")
    if told["note"]:
        yield f"备注:{told['note']}"
    cases = told["cases"]
    yield f"用例 {len(cases)} 个:{';'.join(cases[:5])}" if cases else "用例:没有"


def _parameter(one: dict[str, Any], describer: Describer) -> str:
    parameters = describer.base.parameters
    parameter = parameters.all[one["parameter"]]
    plain = parameters.plain.get(one["parameter"], parameter)
    low, high = map(written, one["range"])
    value = parameter.value
    hint = ""
    if parameter.unit is None and not isinstance(value, dict):
        hint = f"({written(value)} 就是 {number(parameter, value)})"
    refs = f"({'、'.join(one['ref'])})" if one["ref"] else ""
    changed = one.get("changed")
    state = (
        f"默认 {describer.shown(plain)},已改,{changed['by']} {changed['on']}:{changed['why']}"
        if changed
        else f"{one['state']},{one['reviewed']} 复核"
    )
    return (
        f"{one['title']}:{describer.shown(parameter)}。{state}。来自{SOURCES[one['source']]}{refs};"
        f"可写 {low} 到 {high}{hint};编号 {one['parameter']}"
    )
