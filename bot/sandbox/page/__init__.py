"""The page of the demo: several people's chats side by side, and a clock that can be moved."""

from bot.sandbox.page.clock import ClockControl, Due
from bot.sandbox.page.pages import PageLink, add_page

__all__ = ["ClockControl", "Due", "PageLink", "add_page"]
