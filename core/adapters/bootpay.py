"""Bootpay's REST API v2 in our words: payments and cards on file; every failure becomes one of our errors."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

import aiohttp

from core.adapters.bootpay_card import BillingKey, read_billing_key
from core.adapters.bootpay_receipt import Receipt, read_receipt
from core.errors import ProviderRefused, ProviderUnclear

__all__ = ["PRODUCTION", "BillingKey", "Bootpay", "Receipt"]

PRODUCTION = "https://api.bootpay.co.kr/v2"

# Bootpay itself does not know whether these had an effect; the receipt tells.
UNCLEAR_CODES = frozenset({"RC_CONFIRM_CRITICAL_FAILED", "RC_CANCEL_CRITICAL_ERROR"})
# Time-out, too early, too many requests: HTTP's ways of saying "ask again".
UNCLEAR_STATUSES = frozenset({408, 425, 429})

# A token lives for 30 minutes; from the 25th on Bootpay gives a new one.
TOKEN_GOOD_FOR_S = 25 * 60

# Ids come back through a browser's query, so one that could change the path is never put into it.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOT_JSON = object()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: object


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    value: str
    good_until: float


class Bootpay:
    """Asks Bootpay as one merchant.

    Every method raises ProviderUnclear when the effect is not known, and ProviderRefused with Bootpay's code for a no.
    """

    def __init__(
        self,
        client_key: str,
        secret_key: str,
        *,
        base_url: str = PRODUCTION,
        session: aiohttp.ClientSession | None = None,
        timeout_s: float = 15,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client_key = client_key
        self._secret_key = secret_key
        self._base_url = base_url.rstrip("/")
        self._session = session
        self._owns_session = session is None
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._token: _Token | None = None

    def __repr__(self) -> str:
        return f"Bootpay(base_url={self._base_url!r}, secret_key='***')"

    async def receipt(self, receipt_id: str) -> Receipt:
        """Return what Bootpay knows of this receipt now."""
        body = await self._call("GET", f"receipt/{_safe(receipt_id)}?lookup_user_data=false")
        return _only(receipt_id, body)

    async def receipts_of_order(self, order_id: str) -> list[Receipt]:
        """Return every receipt that was opened for this order; none is an empty list, not an error."""
        try:
            body = await self._call("GET", f"lookup/order/{_safe(order_id)}")
        except ProviderRefused as refused:
            if refused.code == "RC_NOT_FOUND":
                return []
            raise
        if not isinstance(body, list):
            raise ProviderUnclear("lookup/order did not answer with a list")
        receipts = [read_receipt(each) for each in body]
        if any(receipt.order_id != order_id for receipt in receipts):
            raise ProviderUnclear("lookup/order answered with the receipt of another order")
        return receipts

    async def confirm(self, receipt_id: str) -> Receipt:
        """Charge an approved receipt (2 becomes 1); a second confirm is refused with RC_NOT_CONFIRM_READY."""
        body = await self._call("POST", "confirm", {"receipt_id": _safe(receipt_id)})
        return _only(receipt_id, body)

    async def cancel(self, receipt_id: str, *, cancel_id: str, amount_won: int | None, by: str, reason: str) -> Receipt:
        """Give back `amount_won`, or all that is left when None; the receipt tells the sum of all cancels so far."""
        if amount_won is not None and amount_won <= 0:
            raise ValueError("a cancel needs a positive amount")
        wish: dict[str, object] = {
            "receipt_id": _safe(receipt_id),
            "cancel_id": cancel_id,
            "cancel_username": by,
            "cancel_message": reason,
        }
        if amount_won is not None:
            wish["cancel_price"] = amount_won
        return _only(receipt_id, await self._call("POST", "cancel", wish))

    async def billing_key(self, receipt_id: str) -> BillingKey:
        """Return the billing key that was issued with this receipt."""
        key = read_billing_key(await self._call("GET", f"subscribe/billing_key/{_safe(receipt_id)}"))
        if key.receipt_id != receipt_id or not _ID.fullmatch(key.key):
            raise ProviderUnclear("Bootpay answered with a billing key that is not the one asked for")
        return key

    async def pay_with_key(self, key: str, *, order_id: str, order_name: str, amount_won: int) -> Receipt:
        """Charge a card on file, once for each call; who got no answer asks for the order's receipts."""
        wish: dict[str, object] = {
            "billing_key": key,
            "order_id": _safe(order_id),
            "order_name": order_name,
            "price": amount_won,
            "tax_free": 0,
        }
        receipt = read_receipt(await self._call("POST", "subscribe/payment", wish, hidden=key))
        if receipt.order_id != order_id:
            raise ProviderUnclear("Bootpay answered with the receipt of another order")
        return receipt

    async def delete_key(self, key: str) -> None:
        """Make a billing key useless for good; RC_NOT_FOUND or SUBSCRIBE_BK_EXPIRED when it is so already."""
        await self._call("DELETE", f"subscribe/billing_key/{_safe(key)}", hidden=key)

    async def close(self) -> None:
        """Close the HTTP session if it is our own."""
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(
        self, method: str, path: str, wish: dict[str, object] | None = None, *, hidden: str | None = None
    ) -> object:
        what = _without(hidden, f"{method} {path.partition('?')[0]}")
        try:
            # One deadline for all of it, a new token included: settle's hold counts on it.
            async with asyncio.timeout(self._timeout_s):
                answer = await self._authorised(method, path, wish)
        except TimeoutError:
            raise ProviderUnclear(f"{what}: no answer in {self._timeout_s} s") from None
        except (aiohttp.ClientError, OSError) as error:
            # Not chained: aiohttp's errors carry the request's headers, and so the secret.
            raise ProviderUnclear(f"{what}: {type(error).__name__}") from None
        return _meaning(what, answer, hidden)

    async def _authorised(self, method: str, path: str, wish: dict[str, object] | None) -> _Answer:
        token = self._token
        fresh = token is not None and self._monotonic() < token.good_until
        answer = await self._send(method, path, wish, _bearer(token) if token and fresh else self._basic())
        if answer.status != 401:
            return answer
        # Nothing happened behind a 401, so even a confirm may be sent once more.
        token = await self._issue_token()
        answer = await self._send(method, path, wish, _bearer(token))
        self._token = None if answer.status == 401 else token
        return answer

    async def _issue_token(self) -> _Token:
        asked_at = self._monotonic()
        keys: dict[str, object] = {"application_id": self._client_key, "private_key": self._secret_key}
        body = _meaning("POST request/token", await self._send("POST", "request/token", keys, None))
        value = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(value, str) or not value.isascii() or not value.isalnum():
            raise ProviderUnclear("request/token answered without a usable token")
        return _Token(value, asked_at + TOKEN_GOOD_FOR_S)

    async def _send(self, method: str, path: str, wish: dict[str, object] | None, authorization: str | None) -> _Answer:
        # The SDK headers are those of Bootpay's own Python client: the shape of the answer depends on them.
        headers = {
            "Accept": "application/json",
            "BOOTPAY-API-VERSION": "5.1.0",
            "BOOTPAY-SDK-VERSION": "2.9.0",
            "BOOTPAY-SDK-TYPE": "302",
        }
        if authorization is not None:
            headers["Authorization"] = authorization
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        async with self._session.request(
            method, f"{self._base_url}/{path}", json=wish, headers=headers, allow_redirects=False
        ) as response:
            return _Answer(response.status, _decoded(await response.read()))

    def _basic(self) -> str:
        pair = f"{self._client_key}:{self._secret_key}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


def _bearer(token: _Token) -> str:
    return f"Bearer {token.value}"


def _safe(outside_id: str) -> str:
    if not _ID.fullmatch(outside_id):
        raise ProviderRefused("RC_NOT_FOUND", "no id of Bootpay's looks like this")
    return outside_id


def _decoded(raw: bytes) -> object:
    try:
        decoded: object = json.loads(raw, parse_float=Decimal, parse_constant=_no_such_number)
    except (ValueError, RecursionError):
        return _NOT_JSON
    return decoded


def _no_such_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _without(hidden: str | None, words: str) -> str:
    """Return words that may be logged: errors repeat addresses, and refusals what they refuse."""
    return words.replace(hidden, "***") if hidden else words


def _meaning(what: str, answer: _Answer, hidden: str | None = None) -> object:
    body = answer.body
    said: object = body.get("error_code") if isinstance(body, dict) else None
    code = None if said is None else str(said)
    if answer.status >= 500 or answer.status in UNCLEAR_STATUSES or code in UNCLEAR_CODES:
        raise ProviderUnclear(f"{what}: HTTP {answer.status} {code or ''}".rstrip())
    if code is not None:
        message = body.get("message") if isinstance(body, dict) else None
        raise ProviderRefused(code, _without(hidden, str(message or ""))[:200])
    if answer.status >= 400:
        raise ProviderRefused(f"HTTP_{answer.status}", "a refusal without Bootpay's own code")
    if answer.status >= 300 or body is _NOT_JSON:
        raise ProviderUnclear(f"{what}: HTTP {answer.status} without a usable body")
    return body


def _only(receipt_id: str, body: object) -> Receipt:
    receipt = read_receipt(body)
    if receipt.receipt_id != receipt_id:
        raise ProviderUnclear("Bootpay answered with another receipt")
    return receipt
