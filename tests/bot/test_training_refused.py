"""`two train` and `two export ratings` with what cannot work: exit code 2, a sentence on stderr, nothing stored."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.exporting import SparkRefused
from bot.settings import load_settings
from bot.training import Spark
from core.clock import ManualClock
from core.db import Database
from core.titles import usable_snapshots
from tests.bot.recommended import demo_settings
from tests.sparks import needs_parquet


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "two.sqlite3")
    return f"sqlite+aiosqlite:///{tmp_path / 'two.sqlite3'}"


def two(url: str, *words: str, **more: str) -> Result:
    return CliRunner().invoke(app, words, env={**demo_settings(url).environment(), **more})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--ratings", "file.parquet"], "go with --engine spark"),
        (["--engine", "own", "--master", "local[2]"], "go with --engine spark"),
        (["--engine", "spark", "--tier", "full"], "--tier goes with --engine own"),
        (["--engine", "spark", "--tier", "full"], "goes with --engine own"),
        (["--engine", "spark", "--master", "nowhere"], "no place where Spark works"),
        (["--engine", "spark", "--master", "spark://far:7077"], "do not see this machine's temporary files"),
    ],
)
def test_options_that_contradict_one_another_are_refused(url: str, words: list[str], sentence: str) -> None:
    done = two(url, "train", *words)

    assert done.exit_code == 2
    assert sentence in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("words", [["train", "--engine", "spark"], ["export", "ratings", "never.parquet"]])
def test_without_the_extra_the_way_to_it_is_named(
    url: str, words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pyspark", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "recommender.spark", raising=False)

    done = two(url, *words)

    assert done.exit_code == 2
    assert "make setup-spark" in done.stderr
    assert not (tmp_path / "never.parquet").exists()


@needs_parquet
def test_without_java_the_sentence_asks_for_it(url: str) -> None:
    environment = {**demo_settings(url).environment(), "JAVA_HOME": "/nowhere"}

    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "train", "--engine", "spark"], env=environment, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert "Spark does not start; it needs Java 17 or 21" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_refused_training_gives_its_turn_back(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.training import train

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "recommender.spark", raising=False)
    db, clock = Database(url), ManualClock()

    with pytest.raises(SparkRefused):
        await train(db, clock, Spark("local[2]"))

    assert await train(db, clock) is not None
    async with db.read() as session:
        assert len(await usable_snapshots(session)) == 1
    await db.close()


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]", "spark://host:7077", "k8s://https://host", "yarn"])
def test_a_master_that_spark_knows_is_a_setting(url: str, master: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in demo_settings(url).environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SPARK_MASTER", f" {master} ")

    assert load_settings().spark_master == master
