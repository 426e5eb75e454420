"""One evaluation: facts in, conclusions with their trace out.

An evaluation is a function of the facts, the data, the overrides and today's date alone. Each stratum is
three pure steps: derive (once, up front), match, resolve.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rules.conditions import Scalar, Test, View, compile_clauses, rounded
from rules.derive import Derived, derive, derive_items, imply, missing, pool
from rules.errors import FactError
from rules.facts import Fact, Rejected, Value
from rules.match.durable import DurableMatcher
from rules.match.three_valued import State, Status, ThreeValuedMatcher, status
from rules.model import CompiledRule, ItemKind, Key, RuleBase, Scope, Stratum
from rules.resolve import Conclusion, Overruled, resolve, to_yuan

#: by stratum, category, rules fired so far and keys withheld: what enters the view, and the conclusions
Memo = dict[tuple[int, str | None, tuple[str, ...], frozenset[str]], tuple[dict[str, Scalar], dict[str, Any]]]


class Matcher(Protocol):
    """Which rules of a stratum fire against a view."""

    def match(self, stratum: Stratum, view: View, category: str | None) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Fired:
    """One rule that fired: what it read, whose conclusions it rests on, what it concluded."""

    rule: CompiledRule
    used: dict[str, Any]
    sources: tuple[str, ...]
    then: dict[str, Any]
    shaky: str | None


@dataclass
class Evaluation:
    """The result of one evaluation: of the shop, or of one creator or one of the goods.

    `assumed` maps facts to the code of the assumption they rest on; `conclusions` holds every key that
    was concluded, intermediate ones too; `provisional` the public ones that rest on an assumption.
    """

    facts: dict[str, Value]
    rejected: list[Rejected]
    assumed: dict[str, str]
    derived: Derived
    conclusions: dict[str, Conclusion]
    shaky: dict[str, str]
    trace: list[Fired]
    view: dict[str, Scalar]
    statuses: dict[str, Status] = field(default_factory=dict)
    items: dict[Scope, dict[str, Evaluation]] = field(default_factory=dict)
    pooled: tuple[str, ...] = ()  #: the derived numbers that come from the items
    today: dt.date = dt.date.min
    asked: frozenset[str] = frozenset()  #: intents; they ask for keys that the facts alone don't

    @property
    def overruled(self) -> list[Overruled]:
        """Rules that lost to another, those of items first."""
        kinds = [i.overruled for kind in self.items.values() for i in kind.values()]
        mine = [o for c in self.conclusions.values() for o in c.overruled]
        return list(dict.fromkeys([*(o for found in kinds for o in found), *mine]))

    def value(self, key: str) -> Any:
        """The value concluded for `key`, or None."""
        found = self.conclusions.get(key)
        return found.value if found else None


class Evaluator:
    """Evaluates facts against one rule base with one matcher. Safe to call from several threads."""

    def __init__(self, base: RuleBase, matcher: Callable[[Any], Matcher] = DurableMatcher) -> None:
        self.base = base
        self.matcher = matcher(base.parameters)
        self._oracle = ThreeValuedMatcher(base.parameters)
        self._facts = dict(base.facts)
        for kind in base.items.values():
            self._facts |= {kind.prefix + name: fact for name, fact in kind.facts.items()}
        self._nothing: dict[str, Scalar] = {f"{n}__known": False for n in [*self._facts, *base.derived]}
        self.needs = {n: d.needs for n, d in base.derived.items()}
        self._clauses: dict[tuple[str, str | None], tuple[Any, tuple[str, ...] | None, Any]] = {}

    def read(self, given: Mapping[str, object]) -> tuple[dict[str, Value], list[Rejected]]:
        """Facts as the rules hold them, and the values left out. Raises `FactError` for unreadable ones."""
        facts, rejected = read_facts(self.base.facts, given)
        return facts, rejected + self._contradictions(facts)

    def evaluate(
        self,
        given: Mapping[str, object],
        *,
        today: dt.date,
        assumed: Mapping[str, str] | None = None,
        statuses: bool = False,
        items: Mapping[Scope, Sequence[Mapping[str, object]]] | None = None,
        asked: Iterable[str] = (),
    ) -> Evaluation:
        """Conclusions from facts. `statuses` adds how every rule stands (fires, blocked, open).

        `items` are creators and goods, each with a `name`; they are concluded one by one before the shop,
        whose rules read numbers drawn from all of them. `asked` are intents: a key with `only_with` is
        concluded only where one of those names is known, or an intent of its `asked_by` was asked.

        Raises:
            FactError: an unknown fact, or a value of the wrong type.
        """
        facts, rejected = self.read(given)
        base = self.base
        implied = imply(facts)
        working: dict[str, Value] = {**facts, **{n: v for n, (v, _) in implied.items()}}
        notes = {n: c for n, c in (assumed or {}).items() if n in facts}
        for name, value in facts.items():
            scale = base.facts[name].rescale
            if scale and base.facts[name].rescales(given[name]):
                notes.setdefault(name, scale.code)
            confirm = base.facts[name].confirm
            if confirm and isinstance(value, int | float) and confirm.holds(value):
                notes.setdefault(name, "to_confirm")
        notes |= dict.fromkeys(implied, "implied")
        derived = derive(working, base.parameters, notes, today)
        out = Evaluation(facts, rejected, notes, derived, {}, {}, [], self._view(working, derived))
        out.today, out.asked = today, frozenset(asked)
        category = working.get("category")
        category = category if isinstance(category, str) else None
        if items:
            self._items(items, working, out, category)
            out.pooled = pool(working, base.parameters, notes, today, derived, out.items)
            out.view |= self._numbers(derived, out.pooled)
        withheld = self._withheld(out.view, out.asked)
        for stratum in base.strata:
            fired = [base.rules[i] for i in self.matcher.match(stratum, out.view, category)]
            if statuses:
                out.statuses |= self._oracle.statuses(stratum, out.view, category)
                idle = [r.id for r in stratum.rules if withheld.issuperset(r.rule.then)]
                out.statuses |= dict.fromkeys(idle, Status("blocked"))
            self._conclude(stratum, fired, out, category, withheld)
        if statuses:
            self._mark_open(out, withheld)
        return out

    def _items(
        self,
        given: Mapping[Scope, Sequence[Mapping[str, object]]],
        working: Mapping[str, Value],
        shop: Evaluation,
        category: str | None,
    ) -> None:
        """Conclude every item of every kind, and put the results into `shop.items`."""
        for scope, kind in self.base.items.items():
            read = {str(i["name"]): read_item(kind, scope, i) for i in given.get(scope, ())}
            shop.rejected += [r for _, rejected in read.values() for r in rejected]
            facts = {name: own for name, (own, _) in read.items()}
            numbers = derive_items(scope, facts, working, self.base.parameters, shop.assumed, shop.derived)
            found = shop.items.setdefault(scope, {})
            for name, own in facts.items():
                view = self._view({**working, **own}, numbers[name])
                one = Evaluation({**shop.facts, **own}, [], shop.assumed, numbers[name], {}, {}, [], view)
                for stratum in kind.strata:
                    ids = self.matcher.match(stratum, view, category)
                    self._conclude(stratum, [self.base.rules[i] for i in ids], one, category)
                found[name] = one

    def outcome(
        self,
        facts: Mapping[str, Value],
        today: dt.date,
        like: Evaluation | None = None,
        memo: Memo | None = None,
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """What read facts come to, without trace: conclusions by key, and the rules that fired.

        For invented facts (`explore`); it matches with the three-valued matcher, which is much faster. The
        numbers that come from items are those of `like`: items are not concluded again. `memo` spares many
        evaluations of one `like` the resolving: the same rules fired come to the same conclusions.
        """
        working: dict[str, Value] = {**facts, **{n: v for n, (v, _) in imply(facts).items()}}
        view = self._view(working, derive(working, self.base.parameters, {}, today))
        if like:
            view |= self._numbers(like.derived, like.pooled)
        category = working.get("category")
        category = category if isinstance(category, str) else None
        withheld = self._withheld(view, like.asked if like else frozenset())
        concluded: dict[str, Any] = {}
        ids: list[str] = []
        for stratum in self.base.strata:
            matched = [self.base.rules[i] for i in self._oracle.match(stratum, view, category)]
            fired = [r for r in matched if not withheld.issuperset(r.rule.then)]
            ids += [r.id for r in fired]
            known = (stratum.index, category, tuple(ids), withheld)
            if memo is None or known not in memo:
                entered: dict[str, Scalar] = {}
                values: dict[str, Any] = {}
                for name in stratum.keys:
                    key = self.base.keys[name]
                    mine = [r for r in fired if name in r.rule.then]
                    found = (
                        None
                        if name in withheld
                        else resolve(key, mine, self.base.parameters, category, concluded, view)
                    )
                    self._enter(entered, key, found)
                    if found is not None:
                        values[name] = found.value
                if memo is not None:
                    memo[known] = entered, values
            else:
                entered, values = memo[known]
            view |= entered
            concluded |= values
        return concluded, tuple(ids)

    # -- the steps ------------------------------------------------------------------------------------

    def _view(self, facts: Mapping[str, Value], derived: Derived) -> dict[str, Scalar]:
        """What both matchers see: flat, typed, rounded once."""
        view = dict(self._nothing)
        for name, given in facts.items():
            fact = self._facts[name]
            view[f"{name}__known"] = True
            if fact.type == "set" and isinstance(given, list):
                view |= {f"{name}__{v}": v in given for v in fact.values}
            elif isinstance(given, bool | str):
                view[name] = given
            elif isinstance(given, int | float):
                view[name] = rounded(given)
        return view | self._numbers(derived, derived.values)

    @staticmethod
    def _numbers(derived: Derived, names: Iterable[str]) -> dict[str, Scalar]:
        view: dict[str, Scalar] = {}
        for name in names:
            value = derived.values[name]
            view[f"{name}__known"] = True
            view[name] = value if isinstance(value, bool) else rounded(value)
        return view

    def _withheld(self, view: View, asked: frozenset[str]) -> frozenset[str]:
        """The keys nobody asks for: none of their `only_with` is known, none of their intents was asked."""
        return frozenset(
            name
            for name, key in self.base.keys.items()
            if key.only_with
            and not asked.intersection(key.asked_by)
            and not any(view.get(f"{n}__known") for n in key.only_with)
        )

    def _conclude(
        self,
        stratum: Stratum,
        matched: list[CompiledRule],
        out: Evaluation,
        category: str | None,
        withheld: frozenset[str] = frozenset(),
    ) -> None:
        fired = [r for r in matched if not withheld.issuperset(r.rule.then)]
        traced = {r.id: self._trace(r, out, category) for r in fired}
        concluded = {k: c.value for k, c in out.conclusions.items()}
        writers: dict[str, list[CompiledRule]] = {}
        for rule in fired:
            for name in rule.rule.then:
                writers.setdefault(name, []).append(rule)
        for name in stratum.keys:
            key, mine = self.base.keys[name], writers.get(name, [])

            def again(
                rules: list[CompiledRule], key: Key = key, concluded: dict[str, Any] = concluded
            ) -> Conclusion | None:
                return resolve(key, rules, self.base.parameters, category, concluded, out.view)

            found = None if name in withheld else again(mine)
            self._enter(out.view, key, found)
            if found is None:
                continue
            out.conclusions[name] = found
            self._mark_shaky(key, found, mine, traced, out, again)
        out.trace += traced.values()

    @staticmethod
    def _enter(view: dict[str, Scalar], key: Key, found: Conclusion | None) -> None:
        """A conclusion as later strata read it; flags by value, so that an empty list has none."""
        name = key.name
        view[f"{name}__known"] = found is not None and found.value != []
        if key.resolve == "flags":
            view |= {f"{name}__{v}": found is not None and v in found.value for v in key.values}
        elif found is not None and isinstance(found.value, bool | str | float):
            view[name] = rounded(found.value) if isinstance(found.value, float) else found.value

    def _mark_shaky(
        self,
        key: Key,
        found: Conclusion,
        mine: list[CompiledRule],
        traced: dict[str, Fired],
        out: Evaluation,
        again: Callable[[list[CompiledRule]], Conclusion | None],
    ) -> None:
        """A value is provisional unless the rules that rest on nothing assumed come to it alone."""
        solid = [r for r in mine if traced[r.id].shaky is None]
        alone = found if len(solid) == len(mine) else again(solid)
        shaky = None
        if alone is None or alone.value != found.value:
            shaky = next(s for r in found.rules + mine if (s := traced[r.id].shaky))
        exempt = any(r.rule.decides and r.rule.confidence == 1 for r in found.rules[:1])
        if not shaky and found.rules and not exempt and key.needs and key.needs not in out.facts:
            shaky = f"without_{key.needs}"
        if shaky:
            out.shaky[key.name] = shaky

    def _trace(self, rule: CompiledRule, out: Evaluation, category: str | None) -> Fired:
        clauses, read, unsettled = self._compiled(rule, category)
        if read is None:
            read = status(clauses, out.view).read
        used: dict[str, Any] = {}
        sources: list[str] = []
        shaky: str | None = rule.rule.assumes
        for name in read:
            if name in self.base.keys:
                found = out.conclusions.get(name)
                sources += [r.rule.number for r in found.rules] if found else []
                shaky = shaky or out.shaky.get(name)
                if found:
                    used[name] = found.value
                continue
            shaky = shaky or out.assumed.get(name) or out.derived.shaky.get(name)
            if name in out.derived.values:
                used[name] = out.derived.values[name]
                used |= {f: out.facts[f] for f in out.derived.facts[name] if f in out.facts}
            elif name in out.facts:
                used[name] = out.facts[name]
        for name in (n for k in rule.rule.then for n in self.base.keys[k].only_with):
            parts = out.derived.facts.get(name, (name,))
            used |= {f: out.facts[f] for f in parts if f in out.facts and f not in used}
        for name in rule.rule.rests_on:
            shaky = shaky or out.assumed.get(name) or out.derived.shaky.get(name)
        if not shaky and any(status([c], out.view).state == "fires" for c in unsettled):
            shaky = "unsettled"
        return Fired(rule, used, tuple(dict.fromkeys(sources)), dict(rule.rule.then), shaky)

    def clauses(self, rule: CompiledRule, evaluation: Evaluation) -> list[list[list[Test]]]:
        """The conditions of `rule` as tests, their numbers resolved for the category of `evaluation`."""
        category = evaluation.facts.get("category")
        found: list[list[list[Test]]]
        found = self._compiled(rule, category if isinstance(category, str) else None)[0]
        return found

    def _compiled(self, rule: CompiledRule, category: str | None) -> tuple[Any, tuple[str, ...] | None, Any]:
        """The clauses of `when`, the names read if there are no alternatives, `provisional_while`."""
        key = (rule.id, category)
        if key not in self._clauses:
            clauses = compile_clauses(rule.when, self.base.parameters, category)
            plain = all(len(alternatives) == 1 for alternatives in clauses)
            names = dict.fromkeys(t.name for alternatives in clauses for c in alternatives for t in c)
            unsettled = compile_clauses(rule.provisional_while, self.base.parameters, category)
            self._clauses[key] = clauses, tuple(names) if plain else None, unsettled
        return self._clauses[key]

    def _mark_open(self, out: Evaluation, withheld: frozenset[str]) -> None:
        """A rule that waits for a conclusion waits for the facts that the rules behind it wait for.

        One that waits for what nobody asks for is blocked.
        """
        base = self.base
        known = (
            set(out.derived.values) | set(out.facts) | {n for n, c in out.assumed.items() if c == "implied"}
        )
        needs: dict[str, tuple[str, ...]] = {}
        lacks: dict[str, tuple[str, ...]] = {}
        for stratum in base.strata:
            for rule in stratum.rules:
                stand = out.statuses[rule.id]
                if stand.state != "open":
                    continue
                facts: list[str] = []
                for name in stand.waits_for:
                    if name in base.keys:
                        facts += needs.get(name, ())
                    elif name not in out.derived.null:
                        if name not in lacks:
                            lacks[name] = missing(name, known, self.needs)
                        facts += lacks[name]
                if withheld.intersection(stand.waits_for):
                    facts = []
                state: State = "open" if facts else "blocked"
                out.statuses[rule.id] = Status(state, (), tuple(dict.fromkeys(facts)))
            for key in stratum.keys:
                if key not in out.conclusions:
                    waiting = [out.statuses[r] for r in base.writers[key] if out.statuses[r].state == "open"]
                    needs[key] = tuple(dict.fromkeys(f for s in waiting for f in s.waits_for))

    # -- impossible values ----------------------------------------------------------------------------

    def _contradictions(self, facts: dict[str, Value]) -> list[Rejected]:
        """Facts that cannot all be true are all left out (contract, `rejected`)."""
        bad: dict[str, None] = {}
        for rule in self.base.constraints:
            bad |= dict.fromkeys(self._broken(rule, facts))
        return [
            Rejected(n, facts.pop(n), "contradictory", tuple(self.base.facts[n].instead) or (n,)) for n in bad
        ]

    def _broken(self, rule: dict[str, Any], facts: Mapping[str, Value]) -> Iterator[str]:
        def number(name: str) -> float | None:
            value = facts.get(name)
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None

        if "ordered" in rule:
            low, high = (number(n) for n in rule["ordered"])
            if (
                low is not None
                and high is not None
                and low > high * (1 + rule.get("slack", 0)) + rule.get("plus", 0)
            ):
                yield from rule["ordered"]
        elif "shares" in rule:
            given = [n for n in rule["shares"] if number(n) is not None]
            if sum(number(n) or 0 for n in given) > rule["at_most"]:
                yield from given
        elif facts.get(rule["denied"]) is False:
            against = [n for n in rule["excludes"] if facts.get(n) is True or (number(n) or 0) > 0]
            if against:
                yield rule["denied"]
                yield from against


def read_facts(
    known: Mapping[str, Fact], given: Mapping[str, object]
) -> tuple[dict[str, Value], list[Rejected]]:
    """Values as the facts hold them, and those left out as impossible. Raises `FactError`."""
    facts: dict[str, Value] = {}
    rejected: list[Rejected] = []
    for name, fact in known.items():
        if name not in given:
            continue
        value = fact.read(given[name])
        if fact.rescales(value):
            value = fact.rescaled(value)  # type: ignore[arg-type]
        if reason := fact.out_of_range(value):
            rejected.append(Rejected(name, value, reason, tuple(fact.instead) or (name,)))
        else:
            facts[name] = value
    unknown = next((n for n in given if n not in known), None)
    if unknown is not None:
        raise FactError(unknown, given[unknown], _nearest(unknown, known))
    return facts, rejected


def read_item(
    kind: ItemKind, scope: Scope, given: Mapping[str, object]
) -> tuple[dict[str, Value], list[Rejected]]:
    """One creator or one of the goods, its facts under their prefixed names. Raises `FactError`."""
    where = f"{scope}[{given['name']}]"
    try:
        facts, rejected = read_facts(kind.facts, {n: v for n, v in given.items() if n != "name"})
    except FactError as error:
        raise FactError(f"{where}.{error.field}", error.value, error.expected) from None
    return (
        {kind.prefix + n: v for n, v in facts.items()},
        [Rejected(f"{where}.{r.fact}", r.value, r.reason, r.ask) for r in rejected],
    )


def _nearest(name: str, known: Mapping[str, Fact]) -> str:
    former = {old: f.name for f in known.values() for old in [f.name, *f.formerly]}
    close = difflib.get_close_matches(name, former, n=1, cutoff=0.5)
    return f"a fact's name; the nearest is {former[close[0]]}" if close else "a fact's name"


def allocation_yuan(evaluation: Evaluation) -> dict[str, int] | None:
    """The shares of `allocation` in whole yuan of the budget, or None without one of them."""
    shares, budget = evaluation.value("allocation"), evaluation.facts.get("budget_total")
    if shares is None or not isinstance(budget, int | float):
        return None
    return to_yuan(shares, budget)
