"""One request of the bot: its method, its parameters in whatever body they came, and the files it carries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from .refusals import Json, bad_request

STRUCTURED = frozenset(
    {
        "allowed_updates",
        "caption_entities",
        "commands",
        "entities",
        "link_preview_options",
        "media",
        "menu_button",
        "message_ids",
        "reaction",
        "reply_markup",
        "reply_parameters",
        "scope",
    }
)


@dataclass(frozen=True)
class Upload:
    """A file in a multipart body."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Call:
    """A method with its parameters, typed on demand as loosely as Telegram does."""

    method: str
    params: Json = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        value = self.params.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        try:
            return int(str(self.params.get(name, default)))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        return str(self.params.get(name, "")).lower() in ("true", "yes", "1")

    def structured(self, name: str, what: str) -> Any:
        """Return the decoded JSON of a parameter, None when absent; raises Refusal for broken JSON."""
        value = self.params.get(name)
        if isinstance(value, str) and value:
            raise bad_request(f"can't parse {what} JSON object")
        return None if value == "" else value


async def read_call(method: str, request: web.Request) -> Call:
    """Read query, JSON, form and multipart parameters; structured ones are decoded where they can be."""
    params: Json = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.can_read_body:
        if request.content_type == "application/json":
            try:
                body = await request.json()
            except ValueError:
                body = None
            if not isinstance(body, dict):
                raise bad_request("failed to parse JSON object")
            params.update(body)
        elif request.content_type == "application/x-www-form-urlencoded":
            # Read by hand, for there are clients that send a form with GET.
            params.update(parse_qsl(await request.text(), keep_blank_values=True))
        else:
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    uploads[name] = Upload(value.filename, value.content_type, value.file.read())
                else:
                    params[name] = value
    return Call(method, {name: _decoded(name, value) for name, value in params.items()}, uploads)


def _decoded(name: str, value: Any) -> Any:
    if name in STRUCTURED and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
