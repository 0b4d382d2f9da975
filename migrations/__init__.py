"""The history of the schema; `two db upgrade` brings a database to its head."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

FOLDER = Path(__file__).parent


def config(url: str) -> Config:
    """Return Alembic's configuration for one database."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings


def head() -> str:
    """Return the one newest revision."""
    revision = ScriptDirectory.from_config(config("")).get_current_head()
    if revision is None:
        raise RuntimeError("there is no migration")
    return revision
