"""Asking the questions: of everything, or of the parties that have changed since they were last found right."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Select, bindparam, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.db import Database
from core.parties.tables import Party

MOST_ROWS = 20
# Of more changed parties than this, asking about everything is quicker.
MOST_PARTIES = 500
SOME: BindParameter[Any] = bindparam("parties", expanding=True)
PartyColumn = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
Ask = Callable[[], Select[Any]]


@dataclass(frozen=True)
class Violation:
    """A broken invariant and the rows (their ids) that break it."""

    name: str
    sentence: str
    rows: tuple[object, ...]


@dataclass(frozen=True)
class Question:
    """An invariant: its query finds what breaks it; `party` is the column with the party that a row is about."""

    name: str
    sentence: str
    query: Select[Any]
    party: PartyColumn | None

    def about(self, *, some: bool) -> Select[Any]:
        """Return the query for the parties SOME only, or the whole one where it is not about a party."""
        return self.query.where(self.party.in_(SOME)) if some and self.party is not None else self.query


CHECKS: dict[str, Question] = {}


def question(of: PartyColumn | None = None) -> Callable[[Ask], Ask]:
    """Register the query that a function returns, under its name and with its docstring as the sentence."""

    def register(ask: Ask) -> Ask:
        sentence = " ".join((ask.__doc__ or "").split()).removesuffix(".")
        if ask.__name__ in CHECKS or not sentence:
            raise ValueError(f"the audit's question {ask.__name__} is asked twice or says nothing")
        CHECKS[ask.__name__] = Question(ask.__name__, sentence, ask(), of)
        _which.cache_clear()
        return ask

    return register


@cache
def _which(*, some: bool, of_parties: bool) -> CompoundSelect[str]:
    """Return the names of the questions that find anything: one statement, as each costs the way there and back."""
    asked = [one for one in CHECKS.values() if of_parties or one.party is None]
    found = ((one.name, one.about(some=some).limit(1).subquery()) for one in asked)
    return union_all(*(select(literal(name)).select_from(rows) for name, rows in found))


async def check(session: AsyncSession, *, of: Collection[int] | None = None) -> list[Violation]:
    """Ask every question once, of all parties or some; an empty list means that the books and the seats are right."""
    some = of is not None
    parties = {"parties": list(of)} if of else {}
    which = _which(some=some, of_parties=of is None or bool(of))
    found = []
    for name in (await session.scalars(which, parties)).all():
        question = CHECKS[name]
        rows = (await session.scalars(question.about(some=some).limit(MOST_ROWS), parties)).all()
        if rows:
            found.append(Violation(question.name, question.sentence, tuple(rows)))
    return found


async def check_changed(db: Database) -> list[Violation]:
    """Ask about the parties whose version has moved since they were found right; a broken one is asked about again."""
    changed = Party.version != Party.audited_version
    async with db.read() as session:
        # Before the questions: what moves while they are asked is asked about the next time.
        seen = (await session.execute(select(Party.id, Party.version).where(changed))).all()
        # Ids rather than a subquery: databases then begin with the few rows of these parties.
        few = [party_id for party_id, _ in seen] if len(seen) <= MOST_PARTIES else None
        violations = await check(session, of=few)
    if seen and not violations:
        await db.transact(_remember, [{"id": party_id, "audited_version": version} for party_id, version in seen])
    return violations


async def _remember(session: AsyncSession, seen: list[dict[str, int]]) -> None:
    await session.execute(update(Party), seen)
