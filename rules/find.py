"""Finding rules by words, and what differs between two rule bases."""

from __future__ import annotations

import unicodedata
from typing import Any

from rules.describe import Describer
from rules.model import CompiledRule, RuleBase
from rules.told import conclusion

#: how much a word counts by where it stands
_WEIGHTS = {"title": 8, "steps": 4, "then": 3, "why": 3, "when": 2, "parameters": 2, "facts": 1}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def search(base: RuleBase, words: str) -> list[tuple[CompiledRule, float, str]]:
    """Rules that speak of the words, best first: with a score above 0, and where they speak of them most.

    Every word counts, in each place by its weight; a longer Chinese word that stands nowhere whole counts by
    its pairs of characters, for half.
    """
    describer = Describer(base)
    wanted = _plain(words).split()
    found = []
    for rule in base.rules.values():
        places = {place: _plain(text) for place, text in _places(describer, rule).items()}
        scores = [{p: _WEIGHTS[p] * _share(w, text) for p, text in places.items()} for w in wanted]
        if scores and all(any(one.values()) for one in scores):
            total = {p: sum(one[p] for one in scores) for p in places}
            best = max(total, key=lambda p: total[p])
            exact = 100 if _plain(rule.id) == " ".join(wanted) else 0
            found.append((rule, sum(total.values()) + exact, best))
    return sorted(found, key=lambda one: (-one[1], one[0].rule.level))


def _places(describer: Describer, rule: CompiledRule) -> dict[str, str]:
    """The texts of a rule by where they stand."""
    base, one = describer.base, rule.rule
    facts, parameters = describer.facts_of(rule), describer.parameters_of(rule)
    called = [w for n in facts if n in describer.facts for w in describer.facts[n].words]
    clauses = [describer.clause(c) for c in (*rule.when, *rule.provisional_while)]
    told = [s for k, v in one.then.items() for s in conclusion(base, k, v, one.number)]
    return {
        "title": f"{rule.id} {one.title}",
        "steps": " ".join(map(describer.step, one.steps)),
        "then": " ".join([*told, *one.then, *(str(v) for v in one.then.values())]),
        "why": f"{one.why} {one.note or ''}",
        "when": " ".join([*clauses, *map(str, one.when)]),
        "parameters": " ".join([*parameters, *(base.parameters.all[n].title for n in parameters)]),
        "facts": " ".join([*facts, *map(describer.name, facts), *called]),
    }


def _share(word: str, text: str) -> float:
    if word in text:
        return 1.0
    pairs = [word[i : i + 2] for i in range(len(word) - 1)] if not word.isascii() else []
    share = sum(p in text for p in pairs) / len(pairs) if len(pairs) > 1 else 0.0
    return share / 2 if share >= 0.3 else 0.0


def differences(old: RuleBase, new: RuleBase) -> list[dict[str, Any]]:
    """What `new` has other than `old`: kind, id, how it changed, and each field with both values.

    A parameter that an operator changed carries who and why; a parameter names the rules that read it.
    """
    parts: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "parameter": (_dumped(old.parameters.all), _dumped(new.parameters.all)),
        "rule": (_rules(old), _rules(new)),
        "wording": (old.wording, new.wording),
        "step": (_dumped(old.steps), _dumped(new.steps)),
        "fact": (_dumped(old.facts), _dumped(new.facts)),
        "number": (_dumped(old.derived), _dumped(new.derived)),
        "conclusion": (_dumped(old.keys), _dumped(new.keys)),
    }
    readers: dict[str, list[str]] = {}
    for base in (old, new):
        describer = Describer(base)
        for rule in base.rules.values():
            for name in describer.parameters_of(rule):
                readers.setdefault(name, []).append(rule.id)
    out: list[dict[str, Any]] = []
    for kind, (before, after) in parts.items():
        for id_ in dict.fromkeys([*before, *after]):
            was, is_ = before.get(id_), after.get(id_)
            if was == is_:
                continue
            how = "added" if was is None else "removed" if is_ is None else "changed"
            fields = {f: {"from": (was or {}).get(f), "to": (is_ or {}).get(f)}
                      for f in dict.fromkeys([*(was or {}), *(is_ or {})])
                      if how == "changed" and (was or {}).get(f) != (is_ or {}).get(f)}  # fmt: skip
            one: dict[str, Any] = {"kind": kind, "id": id_, "change": how, "fields": fields}
            one["title"] = (is_ or was or {}).get("title") or (is_ or was or {}).get("zh")
            if kind == "parameter":
                one["rules"] = list(dict.fromkeys(readers.get(id_, [])))
                if by := new.parameters.changed.get(id_):
                    one["by"] = {"why": by.why, "by": by.by, "on": by.on.isoformat()}
            out.append(one)
    return out


def _dumped(models: Any) -> dict[str, Any]:
    return {name: one.model_dump(mode="json", exclude={"name", "id"}) for name, one in models.items()}


def _rules(base: RuleBase) -> dict[str, Any]:
    return {i: {**r.rule.model_dump(mode="json", exclude={"id"}), "decision": r.decision, "each": r.each}
            for i, r in base.rules.items()}  # fmt: skip
