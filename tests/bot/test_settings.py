"""Settings: what is missing or unusable is named, its value is not; secrets show nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.demo import demo_running
from bot.settings import PROVIDER_ADDRESSES, REAL_KEYS, Settings, SettingsInvalid, load_settings

TOKEN = "987654321:" + "canaryTOKEN" * 3
PASSWORD = "canary-password"
GOOD = {
    "TELEGRAM_TOKEN": TOKEN,
    "BOOTPAY_CLIENT_KEY": "canary-client-key",
    "BOOTPAY_SECRET_KEY": "canary-secret-key",
    "PUBLIC_URL": "https://two.kr",
    "DATABASE_URL": f"mysql+aiomysql://two:{PASSWORD}@127.0.0.1/two",
}
REQUIRED = ("TELEGRAM_TOKEN", "BOOTPAY_CLIENT_KEY", "BOOTPAY_SECRET_KEY", "PUBLIC_URL")
SECRETS = (TOKEN, "canary-client-key", "canary-secret-key", PASSWORD)
PLACEHOLDERS = ("changeme", "change-me", "your-key", "<token>", "TODO", "xxx", "...", "replace_this", "dummy", "none")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give a complete environment and nothing of the machine's own."""
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal() -> str:
    """Return why the settings are refused."""
    with pytest.raises(SettingsInvalid) as caught:
        load_settings()
    # What pydantic raised holds the values: it must not be printed along.
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def test_a_complete_environment_is_taken() -> None:
    settings = load_settings()

    assert settings.telegram_token.get_secret_value() == TOKEN
    assert settings.public_url == "https://two.kr"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://two.kr:443", "https://two.kr"),
        ("https://Two.KR/", "https://two.kr"),
        ("https://투.kr/bot/", "https://xn--v27b.kr/bot"),
        ("https://two.kr:8443", "https://two.kr:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_an_address_is_kept_as_browsers_write_it(environment: pytest.MonkeyPatch, written: str, address: str) -> None:
    environment.setenv("PUBLIC_URL", written)

    assert load_settings().public_url == address


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    assert refusal() == f"{name}: is not set"


@pytest.mark.parametrize("blank", ["", "   ", "\t\n"], ids=repr)
@pytest.mark.parametrize("name", REQUIRED)
def test_a_blank_variable_is_named(environment: pytest.MonkeyPatch, name: str, blank: str) -> None:
    environment.setenv(name, blank)

    assert refusal().startswith(f"{name}: ")


@pytest.mark.parametrize("value", PLACEHOLDERS)
@pytest.mark.parametrize("name", REQUIRED[:3])
def test_a_placeholder_is_named_and_not_repeated(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)

    why = refusal()

    assert why == f"{name}: is blank or a placeholder"


BAD = {
    "TELEGRAM_TOKEN": ["canary", "123456:short", "abc:" + "canary" * 6, TOKEN + "!"],
    "PUBLIC_URL": [
        "canary.kr", "http://canary.kr", "ftp://canary.kr", "https://", "https://[canary", "https://canary\u2100.kr",
        "https://example.com", "https://two.example", "https://your-domain.kr", "https://canary.test",
    ],
    "DATABASE_URL": [
        "postgresql://canary@db/two", "sqlite:///canary.db", f"mysql+aiomysql://two:{PASSWORD}@db:port/two",
        f"mysql+aiomysql://two:{PLACEHOLDERS[1]}@db/two", "",
    ],
    "PORT": ["canary", "-1", "65536", ""],
    "LOG_LEVEL": ["canary", "7", ""],
    "SENDS_IN_FLIGHT": ["0", "31", "canary"],
    "HOLD_MINUTES": ["0", "canary"],
    "SMALLEST_BILL_WON": ["0", "1.5"],
    "OPEN_DAYS_BEFORE": ["0", "22"],
    "BOOTPAY_SANDBOX": ["canary"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_an_unusable_value_is_named_and_never_printed(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)

    why = refusal()

    assert why.startswith(f"{name}: ")
    assert "canary" not in why and "change-me" not in why


def test_every_problem_is_told_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in REQUIRED:
        environment.delenv(name)
    environment.setenv("PORT", "x")

    assert {line.split(":")[0] for line in refusal().splitlines()} == {*REQUIRED, "PORT"}


@pytest.mark.parametrize("spelling", [str.upper, str.lower, str.title])
@pytest.mark.parametrize("name", PROVIDER_ADDRESSES)
def test_the_environment_may_not_send_payments_or_messages_elsewhere(
    environment: pytest.MonkeyPatch, name: str, spelling: Callable[[str], str]
) -> None:
    environment.setenv(spelling(name), "http://127.0.0.1:1")

    why = refusal()

    assert why.startswith(f"{name.upper()}: may not be set")
    assert "127.0.0.1" not in why


def test_every_address_of_a_provider_is_covered() -> None:
    defaults = {name for name, field in Settings.model_fields.items() if str(field.default).startswith("https://")}

    assert defaults == set(PROVIDER_ADDRESSES)


@pytest.mark.parametrize("spelling", [str.upper, str.lower])
@pytest.mark.parametrize("name", REAL_KEYS)
async def test_the_demo_refuses_real_keys(
    environment: pytest.MonkeyPatch, name: str, spelling: Callable[[str], str]
) -> None:
    for key in REAL_KEYS:
        environment.delenv(key.upper())
    environment.setenv(spelling(name), "a-real-key")

    with pytest.raises(SettingsInvalid, match=name.upper()) as caught:
        async with demo_running():
            pass

    assert "a-real-key" not in str(caught.value)


def test_secrets_print_as_stars() -> None:
    settings = load_settings()

    printed = f"{settings} {settings!r} {settings.telegram_token} {vars(settings)}"

    # The database's address is a plain string with a password: it is left out as a whole where settings are printed.
    assert "***" in printed
    assert [secret for secret in SECRETS[:3] if secret in printed] == []
    assert PASSWORD not in f"{settings} {settings!r}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]  # the types forbid it, too


def test_every_purpose_has_a_key_of_its_own_that_the_secrets_decide() -> None:
    settings = load_settings()
    other = load_settings(bootpay_secret_key="another-secret-key")

    assert settings.derived_key("a") == load_settings().derived_key("a")
    assert len({settings.derived_key("a"), settings.derived_key("b"), other.derived_key("a")}) == 3
    assert len(settings.webhook_secret) == 64


@pytest.mark.parametrize("command", ["run", "tick", "check", "db upgrade"])
def test_the_command_line_ends_with_a_word_and_not_with_a_value(tmp_path: Path, command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    given = GOOD | {"PUBLIC_URL": "changeme", "BOOTPAY_SECRET_KEY": "", "LOG_LEVEL": "canary"}

    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", *command.split()],
        env=environment | given,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert "PUBLIC_URL" in said and "BOOTPAY_SECRET_KEY" in said and "LOG_LEVEL" in said
    assert "Traceback" not in said
    assert "canary" not in said and "changeme" not in said
