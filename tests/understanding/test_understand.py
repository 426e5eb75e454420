"""Every labelled message of the YAML files beside this one, read exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.conversation.understand import Understanding, understand
from rules.facts import Fact, load_facts

HERE = Path(__file__).parent
FACTS: dict[str, Fact] = load_facts()
MISS = pytest.mark.xfail(strict=True, reason="a message that is still misread")
CASES = [
    pytest.param(case, id=f"{path.stem}-{i}", marks=[MISS] if case.get("known_miss") else [])
    for path in sorted(HERE.glob("*.yaml"))
    for i, case in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")), 1)
]


def read(case: dict[str, Any]) -> Understanding:
    asked = tuple(case.get("asked", ()))
    return understand(case["text"], facts=FACTS, known=case.get("known", {}), asked=asked)


@pytest.mark.parametrize("case", CASES)
def test_message_is_read_exactly(case: dict[str, Any]) -> None:
    got = read(case)
    assert {r.fact: r.value for r in got.readings} == case["facts"]
    assert {r.fact: r.reason for r in got.rejected} == case.get("rejected", {})
    assert got.unclear == tuple(case.get("unclear", ()))
    assert got.retracted == tuple(case.get("retracted", ()))
    assert got.set_aside == tuple(case.get("set_aside", ()))
    # what the examples alone take for another matter is looked up before it is refused
    assert got.guessed or got.refused == case.get("refused")
    for key in ("language", "role", "correction"):
        if key in case:
            assert getattr(got, key) == case[key], key
    if "supposed" in case:
        assert {r.fact: r.value for r in got.supposed} == case["supposed"]
    if "assumed" in case:
        assert {r.fact: r.assumed for r in got.readings if r.assumed} == case["assumed"]
    if intents := case.get("intents"):
        assert got.intents[0] == intents[0]
        assert set(intents) <= set(got.intents)


def test_there_are_enough_messages() -> None:
    assert len(CASES) >= 200


def test_values_have_the_types_of_their_facts() -> None:
    for param in CASES:
        for reading in read(param.values[0]).readings:
            assert FACTS[reading.fact].read(reading.value) == reading.value
            assert 0 < reading.confidence <= 1
            assert reading.quote
