"""Short logs: structlog's own tracebacks show every local variable, which takes a second each."""

from __future__ import annotations

import pytest
import structlog


@pytest.fixture(autouse=True, scope="session")
def short_tracebacks() -> None:
    """Print a failure that a test provokes in a few lines."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
