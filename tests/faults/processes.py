"""Processes of the tests' own: started from one server that has imported everything, so that only the work counts."""

from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.context import ForkServerContext

_PRELOADED = ["tests.faults.serve", "tests.faults.workers", "scipy.sparse", "scipy.linalg", "surprise"]


def context() -> ForkServerContext:
    """Return where processes come from."""
    context = get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context
