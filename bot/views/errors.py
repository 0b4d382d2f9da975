"""Each business error as a sentence that says what to do next."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bot.screen import Button, Replies, Screen, Toast
from bot.texts import Speech
from bot.views import people as people_views
from core.errors import BusinessError, ConsentMissing

if TYPE_CHECKING:
    from bot.tap import Tap


def word(tap: Tap, error: BusinessError) -> Replies:
    """Say what was refused and what to do next; a tap gets an alert, a message an answer."""
    if isinstance(error, ConsentMissing):
        return people_views.consent(tap.say, str(error.facts.get("payload", "")), tap.settings)
    if tap.callback_query_id is not None:
        return toast(tap.say, error)
    return Screen(tap.say(_key(tap.say, error), **_facts(tap.say, error)))


def toast(say: Speech, error: BusinessError) -> Toast:
    """Say what was refused over the chat, until it is read."""
    return Toast(say.plain(_key(say, error), **_facts(say, error)), alert=True)


def screen(say: Speech, error: BusinessError) -> Screen:
    """Say what was refused as a message of its own, with the way home."""
    return Screen(
        say(_key(say, error), **_facts(say, error)), rows=[[Button(say.plain("errors.home"), data="go:start")]]
    )


def _facts(say: Speech, error: BusinessError) -> dict[str, object]:
    return {name: say.day(fact) if isinstance(fact, date) else fact for name, fact in error.facts.items()}


def _key(say: Speech, error: BusinessError) -> str:
    name = type(error).__name__
    detail = error.facts.get("field") or error.facts.get("what") or error.facts.get("why")
    return f"errors.{name}.{detail}" if detail and say.knows(f"errors.{name}.{detail}") else f"errors.{name}"


def bug(tap: Tap) -> Replies:
    """Admit that something of ours failed for good."""
    return Screen(tap.say("errors.bug"), rows=[[Button(tap.say.plain("errors.bug_help"), data="go:help")]])
