"""What tests of training with Spark share: the word with which they skip, a Java that starts fast, Parquet files."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from recommender import Ratings
from tests.conftest import IN_CI

T = TypeVar("T", bound=Callable[..., Any])
HAS_EXTRA = importlib.util.find_spec("pyspark") is not None and importlib.util.find_spec("pyarrow") is not None
HAS_JAVA = bool(os.environ.get("JAVA_HOME") or shutil.which("java"))
MASTER = "local[2]"

_has_extra = pytest.mark.skipif(not HAS_EXTRA, reason="the extra spark is not installed: make test-spark")
needs_spark = [
    pytest.mark.spark,
    pytest.mark.timeout(600),
    _has_extra,
    # In CI it fails instead: .ci/run installs Java, so its absence there is news.
    pytest.mark.skipif(not HAS_JAVA and not IN_CI, reason="no Java on this machine"),
]

# Compiling less eagerly starts a Java for small data three times as fast; it is read when the first session opens.
FAST_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def needs_parquet(test: T) -> T:
    """Mark a test that reads or writes Parquet files and starts no Java."""
    return cast(T, pytest.mark.spark(_has_extra(test)))


@pytest.fixture(scope="module")
def java_starts_fast() -> None:
    os.environ.setdefault("JDK_JAVA_OPTIONS", FAST_START)


def write_parquet(path: Path, ratings: Ratings) -> str:
    """Write ratings as `two export ratings` does, and return where."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = {
        "person": ratings.users.astype("int32"),
        "title": ratings.titles,
        "stars": ratings.stars.astype("float32"),
    }
    parquet.write_table(pa.table(columns), path)
    return str(path)
