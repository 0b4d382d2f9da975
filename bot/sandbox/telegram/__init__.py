"""A stateful stand-in for Telegram: the Bot API over real HTTP, and phones for the people who use the bot."""

from .faults import Fault
from .log import Entry
from .stand_in import TelegramStandIn

__all__ = ["Entry", "Fault", "TelegramStandIn"]
