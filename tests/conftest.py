"""What several rooms' tests share: one library and one pipeline, since loading the model takes seconds."""

from __future__ import annotations

import pytest

from bot.conversation import intents
from bot.pipeline import Pipeline
from bot.service.store import MemoryStore
from knowledge.retrieve import Library
from rules.evaluate import Evaluator
from rules.load import load


@pytest.fixture(scope="session")
def library() -> Library:
    found = Library.open()
    found.warm()
    intents.warm(found.encoder, found.cache_dir)
    return found


@pytest.fixture(scope="session")
def evaluator() -> Evaluator:
    return Evaluator(load())


@pytest.fixture(scope="session")
def pipeline(evaluator: Evaluator, library: Library) -> Pipeline:
    return Pipeline(evaluator, library, MemoryStore())
