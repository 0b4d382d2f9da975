"""What one reader sees of an evening: the room's people, their picks, and who is counted more tonight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.recommending import Companion, Recommending, Together
from core import rooms
from core.parties import get_party
from core.people import Person
from core.rooms import Evening, Room, Subject, subject_of
from core.titles import Title, get_titles

PICKS = 5
# Less than this much more is no difference that anybody would feel.
TELLING = 0.05


@dataclass(frozen=True)
class Scene:
    """An evening as it stands: everybody of the room, those who watch, what is picked for them or was picked."""

    evening: Evening
    is_open: bool
    subject: Subject
    company: Sequence[rooms.Companion]
    watching: Sequence[Person]
    together: Together
    vetoed: Mapping[int, int]
    title: Title | None

    @property
    def counted_more(self) -> list[Person]:
        """Return who is counted more tonight, as they got less before."""
        return [
            person for person, more in zip(self.watching, self.together.counted_more, strict=True) if more >= TELLING
        ]


async def scene(session: AsyncSession, recommending: Recommending, evening: Evening, now: datetime) -> Scene:
    """Return how an evening stands at this moment."""
    company = await rooms.company(session, evening)
    watching = [one.person for one in company if one.watches]
    vetoes = await rooms.vetoes(session, evening)
    is_open = rooms.is_open(evening, now)
    together = Together((), (0.0,) * len(watching))
    if is_open and watching:
        had = await rooms.had(session, evening, [person.id for person in watching])
        present = [Companion(person, had=had[person.id]) for person in watching]
        # A veto stands for the whole evening, even if who gave it has gone to bed.
        off = await rooms.watched_before(session, evening)
        off.update(title_id for titles in vetoes.values() for title_id in titles)
        together = await recommending.together(session, present, n=PICKS, exclude=off)
    room = await session.get_one(Room, evening.room_id)
    title = None
    if evening.title_id is not None:
        title = (await get_titles(session, [evening.title_id])).get(evening.title_id)
    return Scene(
        evening=evening,
        is_open=is_open,
        subject=await subject_of(session, await get_party(session, room.party_id)),
        company=company,
        watching=watching,
        together=together,
        vetoed={person_id: len(titles) for person_id, titles in vetoes.items()},
        title=title,
    )
