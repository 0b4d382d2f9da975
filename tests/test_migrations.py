"""The schema: one head, up and down and up again, and no difference to the models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

import migrations
from tests.conftest import mysql_url


@pytest.fixture
def empty_url(db_kind: str, tmp_path: Path, worker_id: str) -> Iterator[str]:
    if db_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    with mysql_url(f"two_migrate_{worker_id}") as url:
        yield url


def test_base_to_head_to_base_to_head_leaves_what_the_models_say(empty_url: str) -> None:
    settings = migrations.config(empty_url)

    command.upgrade(settings, "head")
    command.downgrade(settings, "base")
    command.upgrade(settings, "head")

    command.check(settings)


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(migrations.config("")).get_heads()) == 1
