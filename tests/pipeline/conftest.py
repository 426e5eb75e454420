"""One pipeline for the folder, with a memory of its own."""

from __future__ import annotations

import pytest

from bot.pipeline import Pipeline
from bot.service.store import MemoryStore
from knowledge.retrieve import Library
from rules.evaluate import Evaluator


@pytest.fixture(scope="session")
def talker(evaluator: Evaluator, library: Library) -> Pipeline:
    return Pipeline(evaluator, library, MemoryStore())
