from __future__ import annotations

import pytest

from knowledge.retrieve import Library


@pytest.fixture(scope="session")
def library() -> Library:
    library = Library.open()
    library.warm()
    return library
