"""A stranger's opinion: aiogram's models and teremok's rules judge every request, reply and update."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import aiogram.methods
from aiogram import Bot
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from pydantic import BaseModel, TypeAdapter, ValidationError
from teremok import validation

from bot.sandbox.telegram import Entry, TelegramStandIn

METHODS: dict[str, type[TelegramMethod[Any]]] = {
    cls.__api_method__: cls
    for cls in vars(aiogram.methods).values()
    if isinstance(cls, type) and issubclass(cls, TelegramMethod) and cls is not TelegramMethod
}
# Newer than teremok's list: Bot API 9.5.
validation._HTML_ALLOWED.setdefault("tg-time", frozenset({"unix", "format"}))
_BOT = Bot("1:STRANGER")


class Judge:
    """Collects every breach it is shown; `assert_clean` at the end of a test tells them all."""

    def __init__(self) -> None:
        self.breaches: list[str] = []
        self.seen = 0

    def watch(self, server: TelegramStandIn) -> None:
        """Judge everything that passes this stand-in from now on."""
        server.on_request(self.judge_request)
        server.on_update(self.judge_update)

    def judge_request(self, entry: Entry) -> None:
        """Judge a logged request, and its reply where one was given."""
        self.seen += 1
        self.breaches += request_breaches(entry.method or "", entry.params)
        if isinstance(entry.reply, dict):
            self.breaches += reply_breaches(entry.method or "", entry.reply)

    def judge_update(self, entry: Entry) -> None:
        """Judge an update as it is handed to the bot; what a test injected is the test's own word and passes."""
        if entry.injected:
            return
        self.seen += 1
        self.breaches += update_breaches(entry.update or {})

    def assert_clean(self) -> None:
        """Raise AssertionError with every breach found so far."""
        assert not self.breaches, "\n".join(self.breaches)


def request_breaches(method: str, params: dict[str, Any]) -> list[str]:
    """Say what is wrong with a request: method, parameters, unknown fields at any depth, documented rules."""
    cls = METHODS.get(method)
    if cls is None:
        return [f"{method}: no such method in the Bot API"]
    try:
        request = cls.model_validate(params)
    except ValidationError as error:
        return [f"{method}: {error}"]
    breaches = [f"{method}: unknown field {path}" for path in unknown_fields(request)]
    # teremok measures before the tags are taken out; the stand-in measures what is left, as Telegram does.
    if len(str(params.get("text", ""))) <= validation.MAX_TEXT and len(str(params.get("caption", ""))) <= 1024:
        try:
            validation.validate_method(_BOT, request)
        except validation.ApiRuleViolation as violation:
            breaches.append(f"{method}: {violation.description}: {params}")
    return breaches


def reply_breaches(method: str, reply: dict[str, Any]) -> list[str]:
    """Say what is wrong with a reply: its frame, and its result against the method's return type."""
    if not reply.get("ok"):
        whole = isinstance(reply.get("error_code"), int) and isinstance(reply.get("description"), str)
        return [] if whole else [f"{method}: not an error reply: {reply}"]
    if method not in METHODS:
        return [f"{method}: accepted although the Bot API has no such method"]
    if method == "getUpdates":
        # Each update is judged by itself, and what a test injected among them is not.
        return [] if isinstance(reply["result"], list) else ["getUpdates reply: not a list"]
    adapter: TypeAdapter[Any] = TypeAdapter(METHODS[method].__returning__)
    try:
        result = adapter.validate_python(reply["result"])
    except ValidationError as error:
        return [f"{method} reply: {error}"]
    return [f"{method} reply: unknown field {path}" for path in unknown_fields(result)]


def update_breaches(update: dict[str, Any]) -> list[str]:
    """Say what is wrong with an update."""
    try:
        parsed = Update.model_validate(update)
    except ValidationError as error:
        return [f"update {update.get('update_id')}: {error}"]
    breaches = [f"update {parsed.update_id}: unknown field {path}" for path in unknown_fields(parsed)]
    kinds = [name for name in update if name != "update_id"]
    return breaches if len(kinds) == 1 else [*breaches, f"update {parsed.update_id}: {len(kinds)} kinds in one"]


def unknown_fields(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every field that the models do not know."""
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or {})
        for name in cast("dict[str, Any]", type(value).model_fields):
            yield from unknown_fields(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from unknown_fields(item, f"{path}[{index}]")
