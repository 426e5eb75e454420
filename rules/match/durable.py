"""The engine: durable_rules behind a wrapper that makes its traps impossible.

What the raw engine does wrong, and what stands against it here:

    an absent operand may fire          every test is guarded by `$ex`; no fact is compared with a fact
    timer threads walk freed sessions   the host starts none
    deleting a session nothing fired    every ruleset has a rule that always fires
    live sessions cost memory, collide  one transient session an evaluation, deleted in `finally`, one lock
    over 64 matching rules fire nothing at most 60 engine rules a ruleset; the rest goes to the next shard
    `$or` fires twice, `$not` depends   alternatives become rules of their own; absence is decided before
      on order                            and enters as `x__known`
    1e-05, inf, nan are parse errors    numbers are rounded and bounded before; the encoder refuses others
    "0.1" < 0.2, 1 == True fire         names are typed at load; booleans travel as words
    the key `id` is the fact's identity reserved names are refused at load
    a condition on `sid` refires for    the rule that always fires reads an attribute of our own, since the
      ever: the state has one too         state that an action writes back is matched like a fact
    over 128 properties a fact: error 302 a ruleset is sent only what its rules read, at most 100 names
    errors in an action are swallowed   actions do nothing; the host itself reads which rule they belong to
    facts and rulesets are mutated      both get fresh dictionaries

The C code holds the GIL: threads give no parallelism, so one lock around it costs nothing.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import durable_rules_engine as core
from durable.engine import Host

from rules.conditions import Scalar, Test, View, compile_clauses
from rules.model import CompiledRule, Stratum
from rules.parameters import Parameters

MAX_RULES = 60
MAX_ATTRIBUTES = 100
MAX_TESTS = 16
RESERVED = frozenset({"id", "sid", "always"})
_ALWAYS = "always"

_OPS = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


class _QuietHost(Host):  # type: ignore[misc]
    """A host without the timer threads, which walk sessions after they were deleted."""

    def _run(self) -> None:
        pass

    def run(self, name: str, fact: str, note: Callable[[str], None]) -> None:
        """Assert a fact, as JSON, and tell `note` the rule of every action, in the order of the engine.

        What the library does around an action (a closure, the state read and written back, two trees of JSON)
        costs more than the matching, and an action here only says its name: the first key of the message.
        """
        ruleset = self.get_ruleset(name)
        handle = ruleset._handle
        session = ruleset._handle_result(core.assert_fact(handle, fact), fact)
        found = core.start_action_for_state(handle, session)
        message = found[1] if found else None
        while message:
            try:
                note(message[2 : message.index('"', 2)])
            except BaseException:
                core.abandon_action(handle, session)
                raise
            message = core.complete_and_start_action(handle, session)


def engine_rules(rule: CompiledRule, parameters: Parameters, category: str | None) -> list[list[Test]]:
    """The rule as conjunctions of tests, one engine rule each."""
    clauses = compile_clauses(rule.when, parameters, category)
    return [list(dict.fromkeys(itertools.chain(*combo))) for combo in itertools.product(*clauses)]


def _word(value: Scalar) -> float | int | str:
    """A value as the engine reads it. Booleans travel as words, since 1 == True == "1" there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and not -1e12 <= value <= 1e12:
        raise ValueError(f"{value!r} is no number the engine can read")
    return value


def _member(attribute: str, value: Scalar) -> str:
    """An attribute with its value, as it stands in the JSON of a fact."""
    word = _word(value)
    return f'"{attribute}":{_quoted(word) if isinstance(word, str) else repr(word)}'


_quoted = functools.lru_cache(maxsize=512)(json.dumps)


def _pattern(conjunction: list[Test]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"$ex": {a: 1}} for a in dict.fromkeys(t.attribute for t in conjunction)]
    for test in conjunction:
        pair = {test.attribute: _word(test.constant)}
        parts.append(pair if test.op == "==" else {_OPS[test.op]: pair})
    return {"$and": parts}


@dataclass
class _Shard:
    """One ruleset of the engine: its rules by name and the attributes they read.

    An attribute is marked where no rule asks anything of it but whether it is true: false is not sent for it,
    and absence, which fires nothing, says the same. Most attributes of most evaluations are such.
    """

    name: str
    rules: dict[str, list[Test]] = field(default_factory=dict)
    attributes: dict[str, bool] = field(default_factory=dict)

    def takes(self, tests: list[Test]) -> bool:
        read = self.attributes.keys() | {t.attribute for t in tests}
        return len(self.rules) < MAX_RULES and len(read) <= MAX_ATTRIBUTES

    def add(self, name: str, tests: list[Test]) -> None:
        self.rules[name] = tests
        for test in tests:
            truth = test.op == "==" and test.constant is True
            self.attributes[test.attribute] = truth and self.attributes.get(test.attribute, True)


class DurableMatcher:
    """Matches strata of one rule base with durable_rules; same signature as the three-valued matcher."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self._host = _QuietHost()
        self._lock = threading.Lock()
        self._shards: dict[tuple[int, str | None], list[_Shard]] = {}
        self._order: dict[int, list[str]] = {}
        self._session = itertools.count(1)

    def match(self, stratum: Stratum, view: View, category: str | None) -> list[str]:
        """Ids of the rules that fire, in catalogue order."""
        with self._lock:
            shards = self._compiled(stratum, category)
            said: dict[str, str] = {}
            fired: set[str] = set()
            for shard in shards:
                fact = []
                for name, true_only in shard.attributes.items():
                    value = view.get(name)
                    if value is None or (value is False and true_only):
                        continue
                    if name not in said:
                        said[name] = _member(name, value)
                    fact.append(said[name])
                fired |= {e.partition("|")[0] for e in self._evaluate(shard.name, fact)}
        return [i for i in self._ids(stratum) if i in fired]

    def _ids(self, stratum: Stratum) -> list[str]:
        if stratum.index not in self._order:
            self._order[stratum.index] = [r.rule.id for r in stratum.rules]
        return self._order[stratum.index]

    def _evaluate(self, ruleset: str, members: list[str]) -> list[str]:
        session = f"s{next(self._session)}"
        fact = ",".join([*members, _member(_ALWAYS, 1), _member("sid", session)])
        fired: list[str] = []
        try:
            self._host.run(ruleset, f"{{{fact}}}", fired.append)
        except Exception:
            with contextlib.suppress(Exception):  # the session may not have come to be
                self._host.delete_state(ruleset, session)
            raise
        if _ALWAYS not in fired:  # and its session is left: to delete one in which nothing fired aborts
            raise RuntimeError(f"{ruleset}: the engine ran no rule")
        self._host.delete_state(ruleset, session)
        return [e for e in fired if e != _ALWAYS]

    def _compiled(self, stratum: Stratum, category: str | None) -> list[_Shard]:
        key = (stratum.index, category)
        if key not in self._shards:
            shards: list[_Shard] = []
            for rule in stratum.rules:
                for n, conjunction in enumerate(engine_rules(rule, self.parameters, category)):
                    if not shards or not shards[-1].takes(conjunction):
                        shards.append(_Shard(f"stratum{stratum.index}_{len(shards)}_{category or 'any'}"))
                    shards[-1].add(f"{rule.id}|{n}", conjunction)
            for shard in shards:
                self._host.set_rulesets({shard.name: self._ruleset(shard.rules)})
            self._shards[key] = shards
        return self._shards[key]

    def _ruleset(self, engine: dict[str, list[Test]]) -> dict[str, Any]:
        rules = {_ALWAYS: {"all": [{"m": {"$ex": {_ALWAYS: 1}}}], "run": _nothing}}
        for name, conjunction in engine.items():
            rules[name] = {"all": [{"m": _pattern(conjunction)}], "run": _nothing}
        return rules


def _nothing(_c: Any) -> None:
    """The action of every rule: the host reads which rule it belongs to."""
