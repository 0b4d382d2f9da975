"""News of a claim, as they are sent to its member and its host."""

from __future__ import annotations

from datetime import date

from bot.screen import Screen
from bot.texts import Speech
from bot.views.newparty import full_name
from core.flows import PartyCard


def news(say: Speech, card: PartyCard, what: str, nickname: str, broken_since: date, won: int) -> Screen:
    """Say that a claim was opened, answered, withdrawn, upheld or rejected."""
    return Screen(
        say(
            f"claims.{what}",
            plan=full_name(say, card.service, card.plan),
            nickname=nickname,
            day=say.day(broken_since),
            won=say.won(won),
        )
    )
