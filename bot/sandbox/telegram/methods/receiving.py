"""Methods about how updates reach the bot: by long poll or by webhook, never by both."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ..calls import Call
from ..refusals import Json, bad_request, conflict
from ..updates import KINDS
from ..world import World

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_POLL_SECONDS = 50
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class Polling:
    """The one long poll a bot may have open."""

    def __init__(self) -> None:
        self._turn = 0

    async def get_updates(self, world: World, call: Call) -> list[Json]:
        """Wait for updates; a newer poll or a webhook ends this one with 409."""
        if world.webhook.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        _allow(world, call)
        limit = min(max(call.integer("limit", 100), 1), 100)
        seconds = min(max(call.integer("timeout"), 0), MAX_POLL_SECONDS)
        self._turn += 1
        turn = self._turn
        world.bell.ring()
        world.updates.confirm(call.integer("offset"))

        def is_over() -> bool:
            return bool(world.updates.waiting()) or self._turn != turn or bool(world.webhook.url)

        await world.bell.until(is_over, seconds)
        if self._turn != turn:
            raise conflict("terminated by other getUpdates request; make sure that only one bot instance is running")
        if world.webhook.url:
            raise conflict("terminated by setWebhook request")
        batch = world.updates.poll(max(call.integer("offset"), 0), limit)
        for update in batch:
            world.log.write("update", update=update.body, via="poll", injected=update.injected or None)
        return [update.body for update in batch]


def set_webhook(world: World, call: Call) -> bool:
    """Have updates sent to an address; http is taken for this machine only."""
    url = call.text("url")
    if not url:
        return delete_webhook(world, call)
    _check_webhook_url(url)
    secret = call.text("secret_token")
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _allow(world, call)
    if call.flag("drop_pending_updates"):
        world.updates.drop_all()
    hook = world.webhook
    hook.url, hook.secret_token, hook.ip_address = url, secret, call.text("ip_address") or None
    hook.max_connections = min(max(call.integer("max_connections", 40), 1), 100)
    hook.last_error_date = hook.last_error_message = None
    hook.generation += 1
    world.bell.ring()
    return True


def delete_webhook(world: World, call: Call) -> bool:
    """Go back to polling."""
    if call.flag("drop_pending_updates"):
        world.updates.drop_all()
    world.webhook.url = world.webhook.secret_token = ""
    world.webhook.generation += 1
    world.bell.ring()
    return True


def get_webhook_info(world: World, call: Call) -> Json:
    """Return where updates go, how many wait and what went wrong last."""
    hook = world.webhook
    body: Json = {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.waiting()),
    }
    if hook.url:
        body["max_connections"] = hook.max_connections
        body["ip_address"] = hook.ip_address or "127.0.0.1"
    if hook.last_error_date is not None:
        body |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error_message}
    if world.updates.allowed:
        body["allowed_updates"] = world.updates.allowed
    return body


def _allow(world: World, call: Call) -> None:
    if "allowed_updates" not in call.params:
        return
    wanted: Any = call.structured("allowed_updates", "allowed updates")
    if wanted is not None and (not isinstance(wanted, list) or not all(isinstance(kind, str) for kind in wanted)):
        raise bad_request("expected an Array of Strings as allowed updates")
    # Names Telegram does not know are passed over; an empty list means the default again.
    world.updates.allowed = [kind for kind in wanted or [] if kind in KINDS] or None


def _check_webhook_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise bad_request("bad webhook: Wrong HTTP URL") from None
    if not host:
        raise bad_request("invalid webhook URL specified")
    if host in LOOPBACK and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in (None, 443, 80, 88, 8443):
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
