"""Reads the rule data strictly: every name, value and form is checked before anything runs.

`load()` gives a `RuleBase` or raises `DataError`, whose findings say `file:line [id] what; what would be
right`. Nothing is ever half-loaded: a broken edit leaves the caller with the base it had.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rules.conditions import conditions_of
from rules.errors import DataError, Finding, explain, near
from rules.facts import DATA, Choice, Fact, load_facts
from rules.model import PREFIXES, CompiledRule, ItemKind, Key, Rule, RuleBase, Scope, Shown, Step, Sum, Task
from rules.overrides import apply_overrides
from rules.parameters import Parameter, Parameters, load_parameters
from rules.place import Place
from rules.strata import stratify
from rules.yaml_lines import Mapping, read_yaml

#: arithmetic that belongs to no derived number
_OTHER_SUMS = frozenset({"allocation", "never_break_even"})


def load(data: Path = DATA, overrides: Path | None = None) -> RuleBase:
    """The rule base from its folder, with the operator's overrides on top. Raises `DataError`."""
    return _Loader(data).load(overrides)


class _Loader:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.findings: list[Finding] = []
        self.names: set[str] = set()  #: of all entries, the broken ones too
        self.places: dict[tuple[str, str], tuple[str, int]] = {}

    def load(self, overrides: Path | None) -> RuleBase:
        facts = self._try(load_facts, self.data / "facts")
        plain = self._try(load_parameters, self.data / "parameters")
        if facts is None or plain is None:
            raise DataError(self.findings)
        items = {scope: self._try(load_facts, self.data / "items", scope) for scope in PREFIXES}
        if None in items.values():
            raise DataError(self.findings)
        categories = facts["category"].values if "category" in facts else {}
        self._check_rows(plain, categories)
        parameters, mistakes = apply_overrides(plain, overrides, categories)
        derived = dict(self._entries("derived", Shown))
        keys = dict(self._entries("keys", Key, named=True))
        self._check_keys(keys, facts, derived)
        steps = dict(self._entries("steps", Step, id_field="id"))
        tasks = dict(self._entries("tasks", Task, id_field="id"))
        self._check_tasks(keys, tasks, parameters)
        wording = self._wording()
        sums = self._sums(derived)
        units = self._units(facts, parameters, derived)
        constraints = self._constraints(facts)
        scoped = {s: {PREFIXES[s] + n: f for n, f in own.items()} for s, own in items.items()}
        self._check_needs(derived, {**facts, **{n: f for own in scoped.values() for n, f in own.items()}})
        if any(f.id in {"file", "yaml"} for f in self.findings):
            raise DataError(
                [*self.findings, *mistakes], overrides
            )  # the rules would only repeat what it lacks
        rules = self._rules(facts, scoped, parameters, derived, keys, steps, wording)
        if self.findings or mistakes:
            raise DataError([*mistakes, *self.findings], overrides)
        kinds: dict[Scope, ItemKind] = {}
        first = 0
        for scope, prefix in PREFIXES.items():
            mine = {n: k for n, k in keys.items() if k.each == scope}
            own = stratify([r for r in rules if r.each == scope], mine, first)
            kinds[scope] = ItemKind(items[scope], prefix, own)
            first += len(own)
        shops = {n: k for n, k in keys.items() if k.each is None}
        strata = stratify([r for r in rules if r.each is None], shops, first)
        writers = {k: tuple(r.id for r in rules if k in r.rule.then) for k in keys}
        return RuleBase(
            facts,
            constraints,
            parameters,
            derived,
            keys,
            {r.id: r for r in rules},
            strata,
            steps,
            tasks,
            wording,
            sums,
            units,
            self._hash(),
            hashlib.sha256(overrides.read_bytes()).hexdigest()[:12] if overrides else None,
            writers,
            kinds,
        )

    # -- reading --------------------------------------------------------------------------------------

    def _try(self, read: Any, *arguments: Any) -> Any:
        try:
            return read(*arguments)
        except DataError as error:
            self.findings += error.findings
            return None

    def _files(self, folder: str) -> Iterator[tuple[str, Any]]:
        for path in sorted((self.data / folder).glob("*.yaml")):
            shown = f"rules/data/{folder}/{path.name}"
            content, bad = read_yaml(path, shown)
            self.findings += bad
            if not bad:
                yield shown, content

    def _entries(
        self, folder: str, model: type[BaseModel], *, named: bool = False, id_field: str | None = None
    ) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for shown, content in self._files(folder):
            if not isinstance(content, Mapping):
                self._find(shown, 1, "file", "file_not_a_mapping", example="名字: {…}")
                continue
            for name, entry in content.items():
                line = content.lines[name]
                if name in seen:
                    self._find(shown, line, name, "twice")
                seen.add(name)
                self.names.add(name)
                self.places[folder, name] = (shown, line)
                extra = {"name": name} if named else {id_field: name} if id_field else {}
                made = self._validate(model, entry, extra, shown, line, name)
                if made is not None:
                    yield name, made

    def _validate(
        self, model: type[BaseModel], entry: Any, extra: dict[str, Any], file: str, line: int, id_: str
    ) -> Any:
        if not isinstance(entry, dict):
            self._find(file, line, id_, "not_a_mapping", example="{栏目: 内容}")
            return None
        try:
            return model.model_validate({**entry, **extra})
        except ValidationError as error:
            self.findings += explain(error, entry, model.model_fields, file, line, id_)
            return None

    def _wording(self) -> dict[str, dict[str, str]]:
        out: dict[str, dict[str, str]] = {}
        for shown, content in self._files("wording"):
            if not isinstance(content, Mapping):
                self._find(shown, 1, "file", "file_not_a_mapping", example="结论.取值: {zh: …, en: …}")
                continue
            for code, texts in content.items():
                line = content.lines[code]
                self.names.add(code)
                if not isinstance(texts, dict) or set(texts) != {"zh", "en"}:
                    self._find(shown, line, code, "wording_pair")
                elif code in out:
                    self._find(shown, line, code, "twice")
                else:
                    out[code] = dict(texts)
        return out

    def _sums(self, derived: dict[str, Shown]) -> dict[str, Sum]:
        out = dict(self._entries("sums", Sum))
        for name in out:
            if name not in derived and name not in _OTHER_SUMS:
                self._find(*self.places["sums", name], name, "no_derived", near=near(name, derived))
        return out

    def _units(
        self, facts: dict[str, Fact], parameters: Parameters, derived: dict[str, Shown]
    ) -> dict[str, str]:
        content, bad = read_yaml(self.data / "units.yaml", "rules/data/units.yaml")
        self.findings += bad
        units = {} if bad else {str(k): str(v) for k, v in content.items()}
        used = {f.unit for f in facts.values()} | {p.unit for p in parameters.all.values()}
        used |= {d.unit for d in derived.values()}
        for unit in sorted(u for u in used - set(units) if u):
            self._find("rules/data/units.yaml", 1, unit, "no_unit", unit=unit)
        return units

    def _constraints(self, facts: dict[str, Fact]) -> tuple[dict[str, Any], ...]:
        shown = "rules/data/constraints.yaml"
        content, bad = read_yaml(self.data / "constraints.yaml", shown)
        self.findings += bad
        out: list[dict[str, Any]] = []
        if not bad and not isinstance(content, list):
            self._find(shown, 1, "file", "file_not_a_list", example="- {ordered: [甲, 乙]}")
            return ()
        for item in content if not bad else ():
            if not isinstance(item, Mapping) or not {"ordered", "shares", "denied"} & set(item):
                self._find(shown, getattr(item, "line", 1), "file", "no_form")
                continue
            names = [*item.get("ordered", ()), *item.get("shares", ()), *item.get("excludes", ())]
            names += [item["denied"]] if "denied" in item else []
            for name in names:
                if name not in facts:
                    self._find(shown, item.line, name, "no_fact", near=near(name, facts))
            out.append(dict(item))
        return tuple(out)

    def _check_tasks(self, keys: dict[str, Key], tasks: dict[str, Task], parameters: Parameters) -> None:
        """Every task a rule may write exists and the other way round; its {names} are parameters."""
        values = keys["campaign_tasks"].values if "campaign_tasks" in keys else []
        for name in set(values) - set(tasks):
            self._find(*self.places["keys", "campaign_tasks"], name, "no_task", near=near(name, tasks))
        for name, task in tasks.items():
            if name not in values:
                self._find(*self.places["tasks", name], name, "task_unused")
            for used in re.findall(r"\{([^}]*)\}", task.text + task.text_en):
                if used not in parameters.all:
                    right = near(used, parameters.all)
                    self._find(*self.places["tasks", name], name, "no_parameter", name=used, near=right)

    def _check_keys(self, keys: dict[str, Key], facts: dict[str, Fact], derived: dict[str, Shown]) -> None:
        for name, key in keys.items():
            where = self.places["keys", name]
            values = ["true", "false"] if key.values == "bool" else key.values
            listed = ", ".join(values)
            if name in facts:
                self._find(*where, name, "key_is_fact")
            if key.resolve in {"choose", "vote"} and key.order and sorted(key.order) != sorted(values):
                self._find(*where, name, "order_incomplete", values=listed)
            if key.resolve == "vote" and not key.order:
                self._find(*where, name, "vote_without_order", values=listed)
            if key.otherwise is not None and key.otherwise not in values:
                self._find(*where, name, "none_of_values", value=key.otherwise, values=listed)
            for fact in key.empty_with or ():
                if fact not in facts:
                    self._find(*where, name, "empty_with_no_fact", name=fact, near=near(fact, facts))
            if key.beside is not None and key.beside not in keys:
                self._find(*where, name, "beside_no_key", name=key.beside, near=near(key.beside, keys))
            if key.titles and sorted(key.titles) != sorted(values):
                self._find(*where, name, "titles_incomplete", values=listed)
            if key.needs is not None and key.needs not in facts:
                self._find(*where, name, "needs_no_fact", name=key.needs, near=near(key.needs, facts))
            for wanted in key.only_with:
                if wanted not in facts and wanted not in derived:
                    self._find(*where, name, "only_with_no_fact", name=wanted, near=near(wanted, facts))

    def _check_needs(self, derived: dict[str, Shown], facts: dict[str, Fact]) -> None:
        for name, shown in derived.items():
            for need in (n for way in shown.needs for n in way):
                if need not in derived and need not in facts:
                    values = {"name": need, "near": near(need, {**facts, **derived})}
                    self._find(*self.places["derived", name], name, "needs_no_fact", **values)

    def _check_rows(self, parameters: dict[str, Parameter], categories: dict[str, Choice]) -> None:
        """A row for a category that does not exist would silently never count."""
        for name, parameter in parameters.items():
            for row in parameter.by_category:
                if row not in categories:
                    self._find(
                        "rules/data/parameters", 1, name, "no_category", row=row, near=near(row, categories)
                    )

    # -- rules ----------------------------------------------------------------------------------------

    def _rules(
        self,
        shop: dict[str, Fact],
        scoped: dict[Scope, dict[str, Fact]],
        parameters: Parameters,
        all_derived: dict[str, Shown],
        all_keys: dict[str, Key],
        steps: dict[str, Step],
        wording: dict[str, dict[str, str]],
    ) -> list[CompiledRule]:
        out: list[CompiledRule] = []
        seen: set[str] = set()
        for shown, content in self._files("catalog"):
            if not isinstance(content, Mapping) or "decision" not in content or "rules" not in content:
                self._find(shown, 1, "file", "no_decision")
                continue
            each, listed = content.get("each"), ", ".join(scoped)
            if each is not None and each not in scoped:
                self._find(shown, content.lines["each"], "file", "no_scope", scope=each, scopes=listed)
                continue
            # an item reads the shop's facts and numbers, never its conclusions; the shop reads no item's
            facts = {**shop, **scoped[each]} if each else shop
            derived = {n: d for n, d in all_derived.items() if d.each in {None, each}}
            keys = {n: k for n, k in all_keys.items() if k.each == each}
            names = {**facts, **derived, **keys}
            if not isinstance(content["rules"], list):
                self._find(shown, content.lines["rules"], "file", "rules_no_list")
                continue
            for entry in content["rules"]:
                id_ = str(entry.get("id", "?")) if isinstance(entry, Mapping) else "?"
                line = entry.line if isinstance(entry, Mapping) else 1
                extra = (
                    {"level": entry.get("level", content.get("level", 6))} if isinstance(entry, dict) else {}
                )
                rule = self._validate(Rule, entry, extra, shown, line, id_)
                if rule is None:
                    continue
                if id_ in seen:
                    self._find(shown, line, id_, "twice")
                seen.add(id_)
                at = Place(self.findings, self.names, shown, entry, id_)
                when = tuple(at.clause(c, i) for i, c in enumerate(rule.when))
                while_ = tuple(at.clause(c, i) for i, c in enumerate(rule.provisional_while))
                if at.broken:
                    continue
                for condition in conditions_of((*when, *while_)):
                    at.check_condition(condition, names, facts, derived, keys, parameters)
                for key, payload in rule.then.items():
                    at.check_conclusion(key, payload, keys, parameters, wording)
                if isinstance(rule.weight, str):
                    at.check_parameter(rule.weight, parameters)
                at.check_rests_on(rule.rests_on, {**facts, **derived})
                for step in rule.steps:
                    if step not in steps and step not in self.names:
                        at.find("no_step", "steps", step=step, near=near(step, steps))
                compiled = CompiledRule(
                    rule, when, while_, str(content["decision"]), shown, line, len(out), each
                )
                if not at.broken:
                    at.check_engine(compiled, parameters)
                out.append(compiled)
        return out

    def _find(self, file: str, line: int, id_: str, code: str, /, **values: object) -> None:
        self.findings.append(Finding(file, line, id_, code, values))

    def _hash(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self.data.rglob("*.yaml")):
            digest.update(path.relative_to(self.data).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:12]
