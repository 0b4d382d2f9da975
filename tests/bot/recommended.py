"""A crowd that has rated, and what the bot recommends to somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from bot.demo import BOOTPAY_KEYS, TOKEN
from bot.recommending import Recommending, Suggestion
from bot.sandbox.catalogue import crowd, load_titles
from bot.settings import Settings, load_settings
from core.clock import ManualClock
from core.db import Database
from core.people import AgeBand, Person
from core.titles import (
    Filters,
    add_ratings,
    import_titles,
)

CATALOGUE = load_titles()[:200]


def demo_settings(database_url: str) -> Settings:
    """Return settings that need only a database to be good for something."""
    return load_settings(
        telegram_token=TOKEN,
        bootpay_client_key=BOOTPAY_KEYS[0],
        bootpay_secret_key=BOOTPAY_KEYS[1],
        public_url="http://127.0.0.1:1",
        database_url=database_url,
    )


async def fill_with_a_crowd(db: Database, clock: ManualClock, people: int = 60) -> None:
    """Put real titles on the shelf and let a crowd rate them."""
    voices = crowd(5, people=people, titles=CATALOGUE)
    async with db.write() as session:
        await import_titles(session, [asdict(title) for title in CATALOGUE], clock.now())
        rows = {
            number: Person(language="ko", age_band=AgeBand.ADULT, created_at=clock.now())
            for number in sorted({voice.person for voice in voices})
        }
        session.add_all(rows.values())
        await session.flush()
        given = [(rows[voice.person].id, voice.title_id, round(voice.stars * 2)) for voice in voices]
        await add_ratings(session, given, clock.now())


async def ask(
    db: Database,
    recommending: Recommending,
    person: Person,
    *,
    n: int = 10,
    exclude: Sequence[int] = (),
    filters: Filters | None = None,
) -> list[Suggestion]:
    async with db.read() as session:
        picks = await recommending.recommend(session, person, n=n, exclude=exclude, filters=filters or Filters())
        session.expunge_all()
    return picks


def ids(picks: list[Suggestion]) -> list[int]:
    return [pick.title.id for pick in picks]
