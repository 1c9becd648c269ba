"""What the tests of sends share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.emails.limits import LimitedRenderer


@pytest.fixture(scope="session")
def renderer() -> Iterator[LimitedRenderer]:
    """One limited process for all tests of a test process, because starting one takes a second."""
    made = LimitedRenderer()
    yield made
    made.close()
