from __future__ import annotations

import datetime as dt

import pytest

from rules.evaluate import Evaluator
from rules.load import load
from rules.match.three_valued import ThreeValuedMatcher
from rules.model import RuleBase

TODAY = dt.date(2026, 11, 24)


@pytest.fixture(scope="session")
def today() -> dt.date:
    return TODAY


@pytest.fixture(scope="session")
def base() -> RuleBase:
    return load()


@pytest.fixture(scope="session")
def engine(base: RuleBase) -> Evaluator:
    return Evaluator(base)


@pytest.fixture(scope="session")
def oracle(base: RuleBase) -> Evaluator:
    return Evaluator(base, ThreeValuedMatcher)
