from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.evaluate import Evaluator
from rules.facts import DATA
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


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[dict[str, tuple[str, str]]], Path]:
    """A copy of the data with one text in a file replaced by another: `{file: (old, new)}`."""

    def make(changes: dict[str, tuple[str, str]]) -> Path:
        data = tmp_path / "data"
        shutil.copytree(DATA, data)
        for name, (old, new) in changes.items():
            path = data / name.removeprefix("rules/data/")
            text = path.read_text(encoding="utf-8")
            assert old in text, f"{name} has no {old!r}"
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return data

    return make
