"""The environment, read once into one frozen object; the only place that knows about os.environ."""

from __future__ import annotations

import base64
import os
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from core.billing import Limits
from core.sealing import Seal

_OPERATOR = re.compile(r"[\w-]{1,40}")
SPARK_MASTER = re.compile(r"local(\[(\*|[1-9]\d*)\])?|yarn|(spark|k8s)://\S+")
LOG_LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
# Names that RFC 2606 keeps for documentation: nobody is reached there.
_USUAL_PORTS = {"https": 443, "http": 80}
_NOWHERE = re.compile(r"(^|\.)(example(\.(com|net|org))?|test|invalid)$")
_PLACEHOLDER = re.compile(r"^(change|replace|your|todo|xxx|example|dummy|test$|none$|null$|\.\.\.|<)", re.IGNORECASE)


class SettingsInvalid(Exception):
    """The environment lacks something; the message names variables, never their values."""


class Settings(BaseSettings):
    """Everything an operator can choose; what is secret has no default."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None)

    telegram_token: SecretStr
    bootpay_client_key: SecretStr
    bootpay_secret_key: SecretStr
    public_url: str

    database_url: str = Field("sqlite+aiosqlite:///two.sqlite3", repr=False)  # it may hold a password
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    log_level: str = "INFO"

    minimum_age: int = Field(14, ge=0)
    adult_age: int = Field(19, ge=0)
    hold_minutes: int = Field(30, ge=1)
    smallest_bill_won: int = Field(100, ge=1, le=1000)  # a whole month of the cheapest share is above it
    smallest_partial_cancel_won: int = Field(1000, ge=1)
    operator_fee_bp: int = Field(0, ge=0, le=3000)
    provider_fee_bp: int = Field(0, ge=0, le=3000)
    host_bears_provider_fee: bool = False
    grace_days: int = Field(3, ge=0)
    days_to_free: int = Field(4, ge=1)
    recruit_days: int = Field(14, ge=1)
    open_days_before: int = Field(
        7, ge=1, le=21
    )  # a new price may be asked about for thirty days, with a week to answer
    sends_in_flight: int = Field(4, ge=1, le=30)
    sealing_keys: SecretStr = SecretStr("")
    payout_minimum_won: int = Field(1000, ge=1)
    operators: str = ""
    alert_chat: str = ""
    bootpay_sandbox: bool = False
    business_notice: str = ""
    pg_hosts: str = ""
    support_contact: str = Field("", max_length=200)
    spark_master: str = ""
    spark_folder: str = ""

    # PROVIDER_ADDRESSES: the demo and the tests put the stand-ins here; the environment may not.
    telegram_api: str = "https://api.telegram.org"
    bootpay_api: str = "https://api.bootpay.co.kr/v2"
    bootpay_script: str = "https://js.bootpay.co.kr/bootpay-5.3.0.min.js"
    bootpay_hosts: str = "https://*.bootpay.co.kr"

    @field_validator("telegram_token", "bootpay_client_key", "bootpay_secret_key")
    @classmethod
    def _not_blank(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().strip()
        if not text or _PLACEHOLDER.match(text):
            raise ValueError("is blank or a placeholder")
        return SecretStr(text)

    @field_validator("telegram_token")
    @classmethod
    def _token_shape(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"\d{5,}:[A-Za-z0-9_-]{20,}", value.get_secret_value()):
            raise ValueError("is not the token that BotFather gives")
        return value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            parts = urlsplit(value.strip())
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:  # its own words would repeat the value
            host = ""
        local = host in {"127.0.0.1", "localhost"}
        if not host or (parts.scheme != "https" and not (parts.scheme == "http" and local)):
            raise ValueError("must be the https address under which the bot is reached")
        if _PLACEHOLDER.match(host) or _NOWHERE.search(host):
            raise ValueError("is a placeholder")
        # As browsers write it: the button of the payment page is pressed from this very origin, or refused.
        named = "" if port in (None, _USUAL_PORTS[parts.scheme]) else f":{port}"
        return f"{parts.scheme}://{host}{named}{parts.path.rstrip('/')}"

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value.startswith(("sqlite+aiosqlite:///", "mysql+aiomysql://")):
            raise ValueError("must begin with sqlite+aiosqlite:/// or mysql+aiomysql://")
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            raise ValueError("is not an address that can be read") from None
        if isinstance(url.password, str) and _PLACEHOLDER.match(url.password):
            raise ValueError("its password is a placeholder")
        return value

    @field_validator("sealing_keys")
    @classmethod
    def _key_ring(cls, value: SecretStr) -> SecretStr:
        try:
            if value.get_secret_value().strip():
                _seal(value)
        except ValueError:
            raise ValueError("must be name:key,... with keys as `two keys new` makes them") from None
        return value

    @field_validator("operators")
    @classmethod
    def _operator_names(cls, value: str) -> str:
        if any(not _OPERATOR.fullmatch(name) for name in _names(value)):
            raise ValueError("must be names by commas, each of letters, digits, _ and -")
        return value

    @field_validator("alert_chat")
    @classmethod
    def _chat_id(cls, value: str) -> str:
        if value.strip() and not re.fullmatch(r"-?[0-9]{1,17}", value.strip()):
            raise ValueError("must be the number of a chat")
        return value.strip()

    @field_validator("pg_hosts")
    @classmethod
    def _https_origins(cls, value: str) -> str:
        # They are written into a header: nothing but origins may stand there.
        if not all(re.fullmatch(r"https://(\*\.)?[a-z0-9.-]+(:\d+)?", origin) for origin in value.split()):
            raise ValueError("must be https origins by spaces, such as https://*.pg.kr")
        return " ".join(value.split())

    @field_validator("spark_master")
    @classmethod
    def _spark_master(cls, value: str) -> str:
        if value.strip() and not SPARK_MASTER.fullmatch(value.strip()):
            raise ValueError("must be where Spark works: local[2], local[*], spark://HOST:PORT, k8s://HOST or yarn")
        return value.strip()

    @property
    def payment_hosts(self) -> str:
        """Return the hosts whose windows a payment page may open: Bootpay's, and the PG's own."""
        return f"{self.bootpay_hosts} {self.pg_hosts}".strip()

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in LOG_LEVELS:
            raise ValueError(f"is none of {', '.join(LOG_LEVELS)}")
        return value.upper()

    def derived_key(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose, derived from the secrets, so that nobody has to invent one."""
        secret = f"{self.telegram_token.get_secret_value()}|{self.bootpay_secret_key.get_secret_value()}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"two:{purpose}".encode()).derive(secret)

    @property
    def seal(self) -> Seal | None:
        """Return what seals account numbers and cards, or None: then nothing that needs it is offered."""
        return _seal(self.sealing_keys) if self.sealing_keys.get_secret_value().strip() else None

    @property
    def operator_names(self) -> tuple[str, ...]:
        """Return who may act as an operator on the command line."""
        return _names(self.operators)

    @property
    def alert_chat_id(self) -> int | None:
        """Return the chat that is told what an operator must look at, if there is one."""
        return int(self.alert_chat) if self.alert_chat else None

    @property
    def limits(self) -> Limits:
        """Return the numbers that billing works with."""
        return Limits(
            hold=timedelta(minutes=self.hold_minutes),
            smallest_bill_won=self.smallest_bill_won,
            smallest_partial_cancel_won=self.smallest_partial_cancel_won,
            operator_fee_bp=self.operator_fee_bp,
            provider_fee_bp=self.provider_fee_bp,
            host_bears_provider_fee=self.host_bears_provider_fee,
            grace_days=self.grace_days,
            days_to_free=self.days_to_free,
            open_days_before=self.open_days_before,
            recruit_days=self.recruit_days,
            payout_minimum_won=self.payout_minimum_won,
            provider_sandbox=self.bootpay_sandbox,
        )

    def environment(self) -> dict[str, str]:
        """Return an environment in which a process of ours reads these settings, except for providers' addresses."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name not in PROVIDER_ADDRESSES}
        ours = {
            name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in values.items()
        }
        return {**os.environ, **ours}

    @property
    def webhook_secret(self) -> str:
        """Return the word that Telegram must send with each update."""
        return self.derived_key("telegram-webhook").hex()


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _seal(ring: SecretStr) -> Seal:
    pairs = [pair.strip().partition(":") for pair in ring.get_secret_value().split(",")]
    if any(not re.fullmatch(r"[A-Za-z0-9_-]{1,16}", name) for name, _, _ in pairs):
        raise ValueError("a key needs a name")
    return Seal({name: base64.urlsafe_b64decode(key) for name, _, key in pairs})


PROVIDER_ADDRESSES = ("telegram_api", "bootpay_api", "bootpay_script", "bootpay_hosts")
REAL_KEYS = ("telegram_token", "bootpay_client_key", "bootpay_secret_key")


def real_keys_present() -> list[str]:
    """Return the variables with keys of real services that stand in the environment."""
    return [
        name.upper() for name in REAL_KEYS if any(name == given.lower() and os.environ[given] for given in os.environ)
    ]


def load_settings(**overrides: Any) -> Settings:
    """Read the environment; SettingsInvalid names each variable that is missing or unusable."""
    # Case is nothing: the settings are read without regard to it, too.
    present = {name.lower() for name in os.environ}
    diverted = [name.upper() for name in PROVIDER_ADDRESSES if name in present]
    if diverted:
        raise SettingsInvalid("\n".join(f"{name}: may not be set: payments would go elsewhere" for name in diverted))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [
            f"{'_'.join(str(part) for part in problem['loc']).upper()}: {_reason(problem['type'], problem['msg'])}"
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise SettingsInvalid("\n".join(lines)) from None


def _reason(kind: str, message: str) -> str:
    return "is not set" if kind == "missing" else message.removeprefix("Value error, ")
