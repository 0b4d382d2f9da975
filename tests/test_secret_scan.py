"""The secret scan finds what must never be committed, says where and not what, and is quiet about the rest.

The seeds are made at run time, so that none of them stands in a file.
"""

from __future__ import annotations

import base64
import string
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).parents[1]
DICE = Random(20_26)
ALPHANUMERIC = string.ascii_letters + string.digits


def some(length: int, of: str = ALPHANUMERIC) -> str:
    return "".join(DICE.choices(of, k=length))


def base64_of(length: int) -> str:
    return base64.b64encode(DICE.randbytes(length)).decode()


TELEGRAM = f"{some(10, '123456789')}:{some(35)}"
BOOTPAY = base64_of(32)
CLOUD = "AKIA" + some(16, string.ascii_uppercase + "234567")
FORGE = "ghp_" + some(36)
TMDB = ".".join(
    base64.urlsafe_b64encode(text).decode().rstrip("=")
    for text in (b'{"alg":"HS256"}', b'{"sub":"somebody","aud":"something"}', DICE.randbytes(32))
)
HEX_KEY = some(64, "0123456789abcdef")
PASSWORD = some(6) + "!" + some(6)

SEEDS = {
    "a Telegram token in a shell line": (TELEGRAM, f"export TELEGRAM_TOKEN={TELEGRAM}\n", "deploy.sh"),
    "a Telegram token in an address": (TELEGRAM, f"curl https://api.telegram.org/bot{TELEGRAM}/getMe\n", "notes.md"),
    "a Bootpay key without quotes": (BOOTPAY, f"BOOTPAY_SECRET_KEY={BOOTPAY}\n", "production.env"),
    "a Bootpay key in code": (BOOTPAY, f'Settings(bootpay_client_key="{BOOTPAY}")\n', "settings.py"),
    "a password in a database address": (
        PASSWORD,
        f'URL = "mysql+aiomysql://two:{PASSWORD}@db.internal/two?charset=utf8mb4"\n',
        "settings.py",
    ),
    "a password in an address in YAML": (PASSWORD, f"  DATABASE_URL: mysql://root:{PASSWORD}@db/two\n", "stack.yaml"),
    "a cloud key": (CLOUD, f"aws_access_key_id = {CLOUD}\n", "config.ini"),
    "a forge token": (FORGE, f"git clone https://{FORGE}@github.com/some/where\n", "Makefile"),
    "a private key": ("PRIVATE KEY", f"-----BEGIN {'RSA'} PRIVATE KEY-----\n{base64_of(48)}\n", "server.pem"),
    "a TMDB read token": (TMDB, f"headers = {{'Authorization': 'Bearer {TMDB}'}}\n", "client.py"),
    "a key in hex": (HEX_KEY, f'{{"credential_key": "{HEX_KEY}"}}\n', "keys.json"),
}


def scan(*files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "utf8", ".ci/secret_scan.py", *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What the scan says about one folder with every seed in a file of its own, between harmless lines."""
    files = []
    for kind, (_, line, name) in SEEDS.items():
        file = tmp_path_factory.mktemp("seed") / kind.replace(" ", "-") / name
        file.parent.mkdir()
        file.write_text(f"# 아무 일도 없는 줄\n{line}")
        files.append(file)
    return scan(*files)


@pytest.mark.parametrize("kind", SEEDS)
def test_a_seeded_secret_is_found(kind: str, report: subprocess.CompletedProcess[str]) -> None:
    _, _, name = SEEDS[kind]

    assert f"{kind.replace(' ', '-')}/{name}:2: " in report.stdout
    assert report.returncode == 1


def test_the_report_never_repeats_a_secret(report: subprocess.CompletedProcess[str]) -> None:
    said = report.stdout + report.stderr

    assert [kind for kind, (secret, _, _) in SEEDS.items() if kind != "a private key" and secret in said] == []


@pytest.mark.parametrize(
    "line",
    [
        "DATABASE_URL: mysql+aiomysql://two:${MARIADB_PASSWORD:?set it in .env}@database/two?charset=utf8mb4",
        "DATABASE_URL=mysql+aiomysql://USER:PASSWORD@HOST/two",
        'url = f"mysql+aiomysql://{user}:{password}@{host}/two"',
        "log: mysql+aiomysql://two:***@database/two",
        "TELEGRAM_TOKEN=",
        "telegram_token=settings.telegram_token.get_secret_value()",
        "bootpay_secret_key: SecretStr",
        'setWebhook(secret_token="S3cret-token_of_a_test")',
        'Settings(telegram_token="***", bootpay_secret_key="blank-on-purpose")',
        "    --hash=sha256:" + "0123456789abcdef" * 4,
        "https://example.com:8080/path@2x.png",
        'ALPHABET = "abcdefghjkmnpqrstuvwxyz' + "ABCDEFGHJKMNPQRSTUVWXYZ" + '23456789"',
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(line: str, tmp_path: Path) -> None:
    file = tmp_path / "harmless.py"
    file.write_text(line + "\n")

    done = scan(file)

    assert done.returncode == 0, done.stdout


def test_the_tracked_tree_holds_none() -> None:
    done = scan()

    assert done.stdout == ""
    assert done.returncode == 0, done.stderr
