"""The browser for end-to-end tests, the demo page with the echo bot, and the whole product."""

from tests.browser import browser, chromium, open_page
from tests.e2e.page_demo import page_demo
from tests.e2e.stage import stage, stage_pair, stage_url
from tests.e2e.world import db_kind, pair, world

__all__ = [
    "browser",
    "chromium",
    "db_kind",
    "open_page",
    "page_demo",
    "pair",
    "stage",
    "stage_pair",
    "stage_url",
    "world",
]
