"""COVERAGE.md is what the lists, the catalogue, the cases and the handbook make of it, and names nothing that
is not there. A rule or a passage that is still to come is no failure."""

from __future__ import annotations

from collections import Counter

import pytest

from tools import coverage
from tools.coverage_lists import World, problems, read


@pytest.fixture(scope="module")
def world() -> World:
    return read()


def test_the_page_is_fresh(world: World) -> None:
    assert coverage.PAGE.read_text(encoding="utf-8") == coverage.page(world), "stale: run make coverage"


def test_nothing_is_listed_that_does_not_exist(world: World) -> None:
    assert problems(world) == []


def test_the_lists_are_whole(world: World) -> None:
    assert len(world.rules) == 305
    assert Counter(e["source"] for e in world.rules.values()) == {"default": 224, "seed": 56, "public": 25}
    assert len(world.lines) == 244
    assert set(coverage.GROUPS) == {i.partition("-")[0] for i in world.rules}


def test_a_thing_that_is_gone_is_noticed(world: World) -> None:
    rules = {**world.rules, "GR-01": {**world.rules["GR-01"], "test": "tests/cli/test_ask.py::test_nowhere"}}
    lines = {**world.lines, "T03": {"about": "x", "in": {"HB4.4": "正反馈"}, "rules": ["PT-99"]}}
    found = problems(World(rules, lines, world.catalogue, world.cases, world.passages))
    assert found == ["GR-01: there is no test tests/cli/test_ask.py::test_nowhere", "T03: PT-99 is no rule"]
