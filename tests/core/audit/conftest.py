"""A till over each test's database."""

from tests.core.billing.conftest import till

__all__ = ["till"]
