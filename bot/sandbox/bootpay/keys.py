"""Bootpay's two ways of proving who asks: Basic with the keys, or a token that lives for half an hour."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.sandbox.bootpay.refusals import Refusal

LIVES = timedelta(minutes=30)
# Asked again within this time, Bootpay gives the same token.
SAME_FOR = timedelta(minutes=25)


class Keys:
    """The one merchant's keys and the tokens given out for them."""

    def __init__(self, client_key: str, secret_key: str, now: Callable[[], datetime]) -> None:
        self.client_key = client_key
        self.accepts_basic = True
        self.tokens_issued = 0
        self._secret_key = secret_key
        self._now = now
        self._tokens: list[tuple[str, datetime]] = []

    def issue(self, application_id: object, private_key: object) -> dict[str, object]:
        """Answer `request/token`."""
        self._check_pair(application_id, private_key)
        self.tokens_issued += 1
        now = self._now()
        if not self._tokens or now - self._tokens[-1][1] >= SAME_FOR:
            self._tokens.append((secrets.token_hex(32), now))
        return {"access_token": self._tokens[-1][0], "expire_in": int(LIVES.total_seconds())}

    def revoke_tokens(self) -> None:
        """Forget every token, as if each had expired."""
        self._tokens.clear()

    def check(self, authorization: str) -> None:
        """Let this header pass or raise the 401 that Bootpay gives."""
        kind, _, value = authorization.partition(" ")
        if kind == "Basic" and self.accepts_basic:
            client_key, _, secret_key = _decoded(value).partition(":")
            self._check_pair(client_key, secret_key)
        elif kind != "Bearer" or not self._is_live(value):
            raise Refusal("TOKEN_KEY_INVALID")

    def _check_pair(self, client_key: object, secret_key: object) -> None:
        if client_key != self.client_key:
            raise Refusal("APP_KEY_NOT_FOUND")
        if secret_key != self._secret_key:
            raise Refusal("APP_SK_NOT_MATCHED")

    def _is_live(self, token: str) -> bool:
        now = self._now()
        return any(known == token and now - since < LIVES for known, since in self._tokens)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal("TOKEN_KEY_INVALID") from None
