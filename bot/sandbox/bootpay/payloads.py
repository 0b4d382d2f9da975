"""Checks what the browser hands to `Bootpay.requestPayment`, as Bootpay's own script does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.bootpay.refusals import Refusal

Number = int | float
CARD, PHONE, VIRTUAL_ACCOUNT = "카드", "휴대폰", "가상계좌"


@dataclass(frozen=True)
class PaymentWish:
    """One checked payload: what is to be paid and how the window shall behave."""

    order_id: str
    order_name: str
    price: Number
    tax_free: Number
    currency: str
    metadata: Mapping[str, Any]
    redirect_url: str
    separately_confirmed: bool
    timeout_minutes: Number
    common_event_webhook: bool
    enable_error_webhook: bool
    webhook_delay_s: Number
    method: str = CARD


def is_price(value: object) -> bool:
    """Tell whether this is a positive JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**12


def read_payload(payload: object, client_key: str) -> PaymentWish:
    """Return the checked payload, or raise the Refusal that Bootpay's script would give."""
    if not isinstance(payload, dict):
        raise Refusal("INVALID_REQUEST_PARAMS")
    key = payload.get("client_key") or payload.get("application_id")
    if not key:
        raise Refusal("NEED_CLIENT_KEY")
    for name in ("order_name", "price", "order_id"):
        if payload.get(name) in (None, ""):
            raise Refusal("NEED_MORE_PARAMS", f"{name} 값이 필요합니다.")
    if not is_price(payload["price"]):
        raise Refusal("INVALID_REQUEST_PARAMS", "price는 0보다 큰 숫자여야 합니다.")
    if not isinstance(payload["order_id"], str) or not isinstance(payload["order_name"], str):
        raise Refusal("INVALID_REQUEST_PARAMS", "order_id와 order_name은 문자열이어야 합니다.")
    _check_items(payload.get("items"), payload["price"])
    extra = payload.get("extra") or {}
    if not isinstance(extra, dict):
        raise Refusal("INVALID_REQUEST_PARAMS", "extra는 객체여야 합니다.")
    if extra.get("open_type") != "redirect":
        raise Refusal("INVALID_REQUEST_PARAMS", "모의 결제창은 open_type 'redirect'만 지원합니다.")
    if key != client_key:
        raise Refusal("APP_KEY_NOT_FOUND")
    return PaymentWish(
        order_id=payload["order_id"],
        order_name=payload["order_name"],
        price=payload["price"],
        tax_free=payload.get("tax_free") or 0,
        currency=str(payload.get("currency") or "KRW"),
        metadata=payload.get("metadata") or {},
        redirect_url=read_redirect_url(extra.get("redirect_url") or payload.get("redirect_url")),
        method=_read_method(payload.get("method")),
        separately_confirmed=extra.get("separately_confirmed") is True,
        timeout_minutes=_number(extra, "timeout", 30),
        common_event_webhook=extra.get("common_event_webhook") is True,
        enable_error_webhook=extra.get("enable_error_webhook") is True,
        webhook_delay_s=min(_number(extra, "webhook_delay_duration", 0), 600),
    )


def _check_items(items: object, price: Number) -> None:
    if not items:
        return
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal("INVALID_REQUEST_PARAMS", "items는 객체의 배열이어야 합니다.")
    for item in items:
        for name in ("id", "name", "qty", "price"):
            if item.get(name) in (None, ""):
                raise Refusal(f"NEED_ITEM_{name.upper()}")
        if not is_price(item["qty"]) or not is_price(item["price"]):
            raise Refusal("INVALID_REQUEST_PARAMS", "items의 qty와 price는 0보다 큰 숫자여야 합니다.")
    if sum(item["qty"] * item["price"] for item in items) != price:
        raise Refusal("NEED_ITEM_TOTAL_PRICE_NOT_MATCH")


def read_redirect_url(value: object) -> str:
    """Return the address to which the browser comes back, or raise the Refusal that Bootpay's script would give."""
    if not value:
        raise Refusal("NEED_MORE_PARAMS", "redirect_url 값이 필요합니다.")
    if not isinstance(value, str):
        raise Refusal("INVALID_REQUEST_PARAMS", "redirect_url은 문자열이어야 합니다.")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refusal("INVALID_REQUEST_PARAMS", "redirect_url은 http(s) 주소여야 합니다.")
    return value


def _read_method(value: object) -> str:
    """Return how somebody pays: of several ways that may be chosen from, the first one."""
    if not value:
        return CARD
    methods = value if isinstance(value, list) else [value]
    if not all(isinstance(method, str) for method in methods):
        raise Refusal("INVALID_REQUEST_PARAMS", "method는 문자열이거나 문자열의 배열이어야 합니다.")
    return str(methods[0])


def _number(extra: Mapping[str, Any], name: str, default: Number) -> Number:
    value = extra.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise Refusal("INVALID_REQUEST_PARAMS", f"extra.{name}은 0 이상의 숫자여야 합니다.")
    return value
