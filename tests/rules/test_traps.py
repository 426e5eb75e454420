"""Each trap of the engine: the wrapper makes it impossible, by refusing at load or by preventing it."""

from __future__ import annotations

import copy
import datetime as dt
import gc
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import durable_rules_engine as core
import pytest

from rules.conditions import ConditionError, parse, rounded
from rules.errors import DataError, FactError
from rules.evaluate import Evaluator
from rules.load import load
from rules.match import durable
from rules.match.durable import MAX_ATTRIBUTES, MAX_RULES, RESERVED, DurableMatcher
from rules.match.three_valued import ThreeValuedMatcher
from rules.model import CompiledRule, Rule, RuleBase, Stratum


def _rule(number: int, when: list[Any]) -> CompiledRule:
    id_ = f"ZZ-{number % 100:02d}.n{number}"
    rule = Rule(
        id=id_, title="t", when=when, then={"k": True}, why="w", passage="HB0.1", source="default", level=6
    )
    return CompiledRule(rule, tuple(parse(c) for c in when), (), "DX", "x.yaml", 1, number)


def _stratum(rules: list[CompiledRule]) -> Stratum:
    return Stratum(0, tuple(rules), ("k",))


def _match(base: RuleBase, rules: list[CompiledRule], view: dict[str, Any]) -> list[str]:
    stratum = _stratum(rules)
    fired = DurableMatcher(base.parameters).match(stratum, view, None)
    assert fired == ThreeValuedMatcher(base.parameters).match(stratum, view, None)
    return fired


@pytest.mark.parametrize(
    "form", ["a below 5", "a above 5", "a at least 0", "a is not x", "a is x", "f lacks v"]
)
def test_an_absent_operand_never_fires(base: RuleBase, form: str) -> None:
    for _ in range(50):  # the raw engine reads uninitialised memory: once is no proof
        assert _match(base, [_rule(1, [form])], {"b": 3, "b__known": True}) == []


def test_absent_facts_fire_nothing_but_what_asks_for_absence(engine: Evaluator, today: dt.date) -> None:
    for _ in range(20):
        assert engine.evaluate({}, today=today).trace == []


def test_the_host_starts_no_threads(base: RuleBase, today: dt.date) -> None:
    before = threading.active_count()
    Evaluator(base).evaluate({"gmv_30d": 50000}, today=today)
    assert threading.active_count() == before


def test_a_session_in_which_nothing_fired_is_deleted_safely(base: RuleBase) -> None:
    matcher, stratum = DurableMatcher(base.parameters), _stratum([_rule(1, ["a above 5"])])
    for _ in range(500):
        assert matcher.match(stratum, {"a": 1}, None) == []


@pytest.mark.parametrize(
    "text", ["gmv_30d below gmv_prev_30d", "aov above unit_cost × 2", "stay_seconds at most 3 × uv_value"]
)
def test_no_fact_is_compared_with_a_fact(text: str, tmp_path: Path, broken: Any) -> None:
    data = broken(
        {
            "rules/data/catalog/stage.yaml": (
                "[gmv_30d below gs.startup_max × gs.category_factor]",
                f"[{text}]",
            )
        }
    )
    with pytest.raises(DataError, match=r"没有 \S+ 这个参数"):
        load(data)


@pytest.mark.parametrize(
    "text",
    [
        "a == b",
        "a < 5",
        "a below",
        "a between 1 and 2",
        "not a known",
        "a matches .*",
        "a below inf",
        "a above nan",
        "a below -inf",
        "a below b × c × d",
        "a below b * c",
        "",
        "known a",
        "a is",
        "concluded a and b",
        "a IS x",
    ],
)
def test_a_form_outside_the_list_is_refused(text: str) -> None:
    with pytest.raises(ConditionError):
        parse(text)


@pytest.mark.parametrize(
    "item", [5, None, True, ["a is b"], {"all": ["a is b", "c is d"]}, {"any": ["a is b"]}]
)
def test_a_condition_of_another_shape_is_refused(item: object) -> None:
    with pytest.raises(ConditionError):
        parse(item)


def test_thousands_of_evaluations_keep_memory_flat(engine: Evaluator, today: dt.date) -> None:
    from benchmarks.verify import resident_mb

    def evaluate(times: int) -> None:
        for n in range(times):
            engine.evaluate({"gmv_30d": 50_000 + n, "ad_spend_per_day": n % 7}, today=today)

    evaluate(200)
    gc.collect()
    before = resident_mb()
    evaluate(2000)
    gc.collect()
    assert resident_mb() - before < 6, "a live session costs 3–8 MB: one that stays shows"


def test_more_sessions_than_the_engine_holds_pass_through(base: RuleBase) -> None:
    matcher, stratum = DurableMatcher(base.parameters), _stratum([_rule(1, ["a above 5"])])
    assert all(matcher.match(stratum, {"a": 6}, None) for _ in range(1500))


def test_more_rules_than_a_ruleset_holds_all_fire(base: RuleBase) -> None:
    rules = [_rule(n, [f"a above {n}"]) for n in range(200)]
    assert len(_match(base, rules, {"a": 1000})) == 200
    assert len(_match(base, rules, {"a": 100.5})) == 101


def test_identical_conditions_do_not_crash(base: RuleBase) -> None:
    assert len(_match(base, [_rule(n, ["a above 5"]) for n in range(300)], {"a": 6})) == 300


def test_shards_stay_within_the_limits(base: RuleBase, engine: Evaluator, today: dt.date) -> None:
    matcher = engine.matcher
    assert isinstance(matcher, DurableMatcher)
    for category in (None, "apparel"):
        for stratum in base.strata:
            for shard in matcher._compiled(stratum, category):
                assert len(shard.rules) <= MAX_RULES
                assert len(shard.attributes) <= MAX_ATTRIBUTES < 128


def test_more_properties_than_a_fact_may_have(base: RuleBase) -> None:
    rules = [_rule(n, [f"a{n} above 5"]) for n in range(300)]
    view = {f"a{n}": n for n in range(300)}
    assert len(_match(base, rules, view)) == 294


def test_alternatives_that_both_hold_fire_once(base: RuleBase) -> None:
    rule = _rule(1, [{"any": ["a above 1", "b above 1", ["a above 2", "b above 2"]]}])
    assert _match(base, [rule], {"a": 5, "b": 5}) == [rule.id]


def test_alternatives_fire_once_in_the_trace(engine: Evaluator, today: dt.date) -> None:
    found = engine.evaluate(
        {"penalty_flag": True, "complaint_flag": True, "shop_score": 1, "ad_spend_per_day": 9}, today=today
    )
    ids = [f.rule.id for f in found.trace]
    assert len(ids) == len(set(ids))
    assert "PT-25" in ids


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("cvr_view", "0.1"),
        ("cvr_view", True),
        ("gmv_30d", "1"),
        ("gmv_30d", None),
        ("gmv_30d", [1]),
        ("goods_count", 1.5),
        ("shop_opened", 1),
        ("shop_opened", "true"),
        ("category", 1),
        ("category", "Apparel"),
        ("category", True),
        ("category", ["apparel"]),
        ("team", "ads"),
        ("team", ["nobody"]),
        ("gmv_30d", math.nan),
        ("gmv_30d", math.inf),
        ("gmv_30d", -math.inf),
        ("gmv_30d", 10**400),
        ("creator_tiers", {"head": True}),
        ("creator_tiers", {"head": -1}),
        ("campaign_date", "tomorrow"),
        ("campaign_date", 20261124),
        ("no_such_fact", 1),
        ("id", 1),
        ("sid", 1),
        ("always", 1),
    ],
)
def test_loose_types_are_refused(engine: Evaluator, today: dt.date, fact: str, value: object) -> None:
    with pytest.raises(FactError) as error:
        engine.evaluate({fact: value}, today=today)
    assert error.value.field == fact
    assert error.value.expected


@pytest.mark.parametrize(
    "value", [1e-05, 1e-9, 5e-324, 0.00005, 1e22, 1e16, 123456789012.5, 1e299, 0.1 + 0.2]
)
def test_numbers_the_engine_cannot_read_are_rounded_before(base: RuleBase, value: float) -> None:
    view = {"a": rounded(value)}
    fired = _match(
        base, [_rule(1, ["a at least 0"]), _rule(2, ["a above 0.0001"]), _rule(3, ["a below 100"])], view
    )
    assert [f[-1] for f in fired] == ["1"] + ["2"] * (value > 0.001) + ["3"] * (value < 100)


@pytest.mark.parametrize(
    "facts", [{"cvr_view": 1e-05}, {"test_roi_ratio": 1e-05}, {"gmv_30d": 1e10, "gmv_prev_30d": 1e-05}]
)
def test_tiny_and_huge_facts_pass_the_engine(
    engine: Evaluator, today: dt.date, facts: dict[str, Any]
) -> None:
    assert engine.evaluate(facts, today=today).facts == facts


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e13])
def test_the_encoder_refuses_what_was_not_rounded(base: RuleBase, value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        DurableMatcher(base.parameters).match(_stratum([_rule(1, ["a above 1"])]), {"a": value}, None)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (0.00005, 0.0001),
        (0.00004999, 0),
        (0.79995, 0.8),
        (0.79994, 0.7999),
        (-0.15, -0.15),
        (2.0, 2),
        (0.08 / 0.1, 0.8),
    ],
)
def test_numbers_are_rounded_half_up_to_four_places(value: float, want: float) -> None:
    assert rounded(value) == want


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_rule_may_not_read_a_reserved_name(name: str, broken: Any) -> None:
    old = "[gmv_30d below gs.startup_max × gs.category_factor]"
    with pytest.raises(DataError, match=f"没有 {name};"):
        load(broken({"rules/data/catalog/stage.yaml": (old, f"[{name} above 0]")}))


def test_the_rule_that_always_fires_reads_an_attribute_of_our_own(base: RuleBase) -> None:
    """On `sid` it would fire for ever, since the state that an action writes back has one too."""
    ruleset = DurableMatcher(base.parameters)._ruleset({})
    assert [rule["all"] for rule in ruleset.values()] == [[{"m": {"$ex": {"always": 1}}}]]
    assert "always" in RESERVED


def test_an_exception_inside_the_engine_surfaces(base: RuleBase, monkeypatch: pytest.MonkeyPatch) -> None:
    matcher, stratum = DurableMatcher(base.parameters), _stratum([_rule(1, ["a above 1"])])
    with monkeypatch.context() as patch:

        def broken(*_: Any) -> None:
            raise ValueError("inside the engine")

        patch.setattr(core, "complete_and_start_action", broken)
        for _ in range(3):
            with pytest.raises(ValueError, match="inside the engine"):
                matcher.match(stratum, {"a": 5}, None)
    assert matcher.match(stratum, {"a": 5}, None) == ["ZZ-01.n1"]


def test_an_engine_that_runs_nothing_is_noticed(base: RuleBase, monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = DurableMatcher(base.parameters)
    monkeypatch.setattr(core, "start_action_for_state", lambda *_: None)
    with pytest.raises(RuntimeError, match="ran no rule"):
        matcher.match(_stratum([_rule(1, ["a above 1"])]), {"a": 5}, None)


def test_the_next_evaluation_is_right_after_a_failed_one(base: RuleBase) -> None:
    matcher, stratum = DurableMatcher(base.parameters), _stratum([_rule(1, ["a above 1"])])
    for _ in range(20):
        with pytest.raises(ValueError, match="no number"):
            matcher.match(stratum, {"a": math.inf}, None)
        assert matcher.match(stratum, {"a": 5}, None) == ["ZZ-01.n1"]


def test_what_was_given_is_not_changed(engine: Evaluator, base: RuleBase, today: dt.date) -> None:
    facts: dict[str, Any] = {"team": ["ads"], "creator_tiers": {"head": 1}, "gmv_30d": 50000, "cvr_view": 1.5}
    assumed = {"gmv_30d": "low_confidence"}
    before = copy.deepcopy((facts, assumed))
    engine.evaluate(facts, today=today, assumed=assumed, statuses=True)
    assert (facts, assumed) == before
    rules = copy.deepcopy({i: r.rule.model_dump() for i, r in base.rules.items()})
    engine.evaluate({"gmv_30d": 820000}, today=today)
    assert {i: r.rule.model_dump() for i, r in base.rules.items()} == rules


def test_one_evaluation_leaves_nothing_for_the_next(engine: Evaluator, today: dt.date) -> None:
    rich = {"gmv_30d": 5000000, "penalty_flag": True, "ad_spend_per_day": 900, "shop_score": 3}
    engine.evaluate(rich, today=today)
    assert engine.evaluate({}, today=today).trace == []
    assert engine.evaluate({"gmv_30d": 50000}, today=today).value("stage") == "startup"


def test_eight_threads_give_right_answers(engine: Evaluator, base: RuleBase, today: dt.date) -> None:
    from benchmarks.verify import FactSets, outcome

    sets = FactSets(base, 8)
    facts = sorted((sets.draw() for _ in range(80)), key=len)[:40]
    want = [outcome(engine.evaluate(f, today=today)) for f in facts]

    def work(start: int) -> bool:
        return all(
            outcome(engine.evaluate(facts[n % 40], today=today)) == want[n % 40]
            for n in range(start, start + 200)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_the_engine_is_imported_in_one_place() -> None:
    package = Path(durable.__file__).parents[1]
    texts = {p.name: p.read_text(encoding="utf-8") for p in package.rglob("*.py")}
    importers = [n for n, text in texts.items() if "from durable" in text or "import durable" in text]
    assert importers == ["durable.py"]
