from collections.abc import Iterator

import jaxtyping
import pytest


@pytest.fixture
def as_released() -> Iterator[None]:
    """Without the run-time type checks of the tests, so that the library's own errors are met."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
