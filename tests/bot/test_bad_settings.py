"""Settings with which TWO does not start: the variable is named, its value never (docs/bad-input.md)."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import Settings
from tests.bad_input import Row, bad_input

CANARY = "canary"
GOOD = {
    "TELEGRAM_TOKEN": "987654321:" + f"{CANARY}TOKEN" * 3,
    "BOOTPAY_CLIENT_KEY": f"{CANARY}-client-key",
    "BOOTPAY_SECRET_KEY": f"{CANARY}-secret-key",
    "PUBLIC_URL": "https://two.kr",
}


@bad_input(
    {
        "setting-missing": ("TELEGRAM_TOKEN", None),
        "setting-blank": ("BOOTPAY_SECRET_KEY", "   "),
        "setting-placeholder": ("BOOTPAY_CLIENT_KEY", f"changeme-{CANARY}"),
        "setting-token": ("TELEGRAM_TOKEN", f"{CANARY}-token"),
        "setting-plain-http": ("PUBLIC_URL", f"http://{CANARY}.kr"),
        "setting-database": ("DATABASE_URL", f"postgresql://two:{CANARY}@127.0.0.1/two"),
        "setting-number": ("HOLD_MINUTES", CANARY),
        "setting-zero": ("RECRUIT_DAYS", "0"),
        "setting-too-much": ("SMALLEST_BILL_WON", "5000"),
        "setting-operators": ("OPERATORS", f"mina,{CANARY} kim"),
        "setting-alert-chat": ("ALERT_CHAT", f"@{CANARY}"),
        "setting-pg-host": ("PG_HOSTS", f"https://{CANARY}.kr; script-src *"),
        "setting-spark": ("SPARK_MASTER", f"local[{CANARY}]"),
        "setting-detour": ("BOOTPAY_API", f"https://{CANARY}.kr/v2"),
    }
)
def test_an_unusable_setting_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, row: Row, act: tuple[str, str | None]
) -> None:
    for name in [name for name in os.environ if name.lower() in Settings.model_fields]:
        monkeypatch.delenv(name)
    name, value = act

    stopped = CliRunner().invoke(app, ["run"], env={**GOOD, name: value})

    assert stopped.exit_code == 2
    assert row.words in " ".join(stopped.output.split())
    assert CANARY not in stopped.output
