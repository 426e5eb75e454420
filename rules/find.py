"""Finding rules by words, and what differs between two rule bases."""

from __future__ import annotations

import unicodedata
from typing import Any

from rules.describe import Describer
from rules.model import CompiledRule, RuleBase


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def search(base: RuleBase, words: str) -> list[tuple[CompiledRule, float]]:
    """Rules that speak of the words, best first, with a score above 0.

    Looked through: id, title, reason, note, what is concluded, and the names and titles of the facts, numbers
    and parameters a rule reads. Every word counts; a longer Chinese word that stands nowhere whole counts by
    its pairs of characters.
    """
    describer = Describer(base)
    wanted = _plain(words).split()
    found = []
    for rule in base.rules.values():
        names = [*describer.facts_of(rule), *describer.parameters_of(rule), *rule.rule.then]
        titles = [
            base.parameters.all[n].title if n in base.parameters.all else describer.name(n) for n in names
        ]
        called = [w for n in names if n in describer.facts for w in describer.facts[n].words]
        chief = _plain(f"{rule.id} {rule.rule.title}")
        parts = [rule.rule.why, rule.rule.note or "", *names, *titles, *called]
        rest = _plain(" ".join([*parts, *(str(v) for v in rule.rule.then.values())]))
        scores = [max(3 * _share(w, chief), _share(w, rest)) for w in wanted]
        if scores and all(scores):
            found.append((rule, sum(scores) + (10 if _plain(rule.id) == " ".join(wanted) else 0)))
    return sorted(found, key=lambda pair: -pair[1])


def _share(word: str, text: str) -> float:
    if word in text:
        return 1.0
    pairs = [word[i : i + 2] for i in range(len(word) - 1)] if not word.isascii() else []
    share = sum(p in text for p in pairs) / len(pairs) if len(pairs) > 1 else 0.0
    return share if share >= 0.3 else 0.0


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
