"""Coming and going: parties, seats, the line, leaving in every way, and what a host does about late bills."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import flows
from core.billing import Bill
from core.dates import seoul_date
from core.parties import Claim, Membership, Party, Role, checklist
from core.parties.tables import SEATED
from core.people import Person
from tests import builders
from tests.faults.town.base import Ground


class Seats(Ground):
    """Who sits where."""

    async def opens(self, host: Person, *, seats: int, starts_in: int, listed: bool) -> Party:
        """Somebody opens a party."""
        party = await builders.party(self.db, self.clock, host, seats=seats, starts_in=starts_in)
        async with self.db.write() as session:
            await session.execute(update(Party).where(Party.id == party.id).values(listed=listed))
        return party

    async def joins(self, someone: Person, party: Party) -> Bill | None:
        """Somebody holds a seat, the one that they were offered if there is one, at the prices that they were shown."""

        async def join(session: AsyncSession) -> Bill:
            now = self.clock.now()
            shown = await flows.invitation(session, party.code, someone.id, now, self.limits)
            won, later = shown.quote.amount_won, shown.quote.later
            left, taken = shown.seats_left, await _taken(session, party, but_of=someone)
            assert left <= party.seats - taken, f"{left} seats are shown, {taken} of {party.seats} are taken"
            joined = await flows.join_party(
                session,
                party.code,
                someone,
                won,
                now,
                self.limits,
                agreed_later_won=later.amount_won if later else None,
            )
            assert joined.bill.total_won == won, "the bill is not what was shown"
            return joined.bill

        return await self.tries(join)

    async def waits(self, someone: Person, party: Party) -> None:
        """Somebody gets in line for a seat of a full party."""
        place = await self.tries(flows.wait_in_line, party.code, someone, self.clock.now())
        assert place is not None, f"party {party.id} is full, and nobody may wait"

    async def passes(self, stay: Membership) -> None:
        """Somebody leaves the seat that they are offered to the next in line."""
        await self.tries(flows.pass_offer, stay.party_id, stay.person_id, self.clock.now())

    async def leaves_the_line(self, stay: Membership) -> None:
        """Somebody waits no longer."""
        await self.tries(flows.leave_line, stay.party_id, stay.person_id, self.clock.now())

    async def gives_up(self, stay: Membership) -> None:
        """Somebody gives a held seat back."""
        await self.tries(flows.give_up_seat, stay.party_id, stay.person_id, self.clock.now())

    async def is_let_in(self, stay: Membership) -> None:
        """The next line of a member's way in is ticked by the one whose turn it is."""
        async with self.db.read() as session:
            line = (await checklist(session, stay)).next
        if line is not None:
            host_id = self.seen.parties[stay.party_id].host_id
            who = host_id if line.by is Role.HOST else stay.person_id
            await self.tries(flows.tick_access, stay.id, line.step, who, self.clock.now())

    async def leaves(self, stay: Membership) -> None:
        """Somebody leaves, at what the preview showed."""
        whose = stay.party_id, stay.person_id
        shown = await self.tries(flows.leave_preview, *whose, self.clock.now())
        plan = await self.tries(flows.leave_party, *whose, self.clock.now(), self.limits)
        if plan is not None:
            assert plan == shown, "leaving was not what the preview showed"
            self.promised[whose] += plan.back_won

    async def stays_after_all(self, stay: Membership) -> None:
        """Somebody takes a leave back."""
        await self.tries(flows.stay_after_all, stay.party_id, stay.person_id, self.clock.now())

    async def withdraws(self, stay: Membership) -> None:
        """Somebody changes their mind within the first week."""
        whose = stay.party_id, stay.person_id
        shown = await self.tries(flows.withdraw_preview, *whose, self.clock.now())
        if shown is not None:
            now = self.clock.now()
            plan = await self.tries(flows.withdraw, *whose, shown.back_won, now, self.limits)
            self.promised[whose] += shown.back_won if plan is not None else 0

    async def removes(self, stay: Membership) -> None:
        """A host removes a member."""
        host_id = self.seen.parties[stay.party_id].host_id
        plan = await self.tries(flows.remove_member, stay.id, host_id, self.clock.now(), self.limits)
        if plan is not None:
            self.promised[stay.party_id, stay.person_id] += plan.back_won

    async def ends(self, party: Party, *, at_once: bool) -> None:
        """A host ends a running party."""
        whose, now = (party.id, party.host_id), self.clock.now()
        shown = await self.tries(flows.end_preview, *whose, now, at_once=at_once)
        if shown is None:
            return
        plan = await self.tries(flows.end_party, *whose, shown.back_won, now, self.limits, at_once=at_once)
        for member, back in plan.backs if plan is not None else ():
            self.promised[party.id, member.person_id] += back.back_won

    async def calls_off(self, party: Party) -> None:
        """A host cancels a party that has not started."""
        await self.tries(flows.cancel_party, party.id, party.host_id, self.clock.now(), self.limits)

    async def host_waits(self, bill: Bill) -> None:
        """A host gives a late member more time."""
        await self.tries(flows.wait_longer, bill.id, self._host_of(bill), self.clock.now(), self.limits)

    async def host_nudges(self, bill: Bill) -> None:
        """A host has a late member reminded."""
        await self.tries(flows.nudge_late, bill.id, self._host_of(bill), self.clock.now())

    async def host_frees(self, bill: Bill) -> None:
        """A host frees the seat of a suspended member."""
        await self.tries(flows.free_by_host, bill.id, self._host_of(bill), self.clock.now())

    def _host_of(self, bill: Bill) -> int:
        return self.seen.parties[bill.party_id].host_id

    async def claims(self, stay: Membership, *, days: int) -> None:
        """A member says that access has not worked for some days."""
        since = seoul_date(self.clock.now()) - timedelta(days=days)
        await self.tries(flows.open_claim, stay.party_id, stay.person_id, since, self.clock.now())

    async def a_claim_is_answered(self, claim: Claim) -> None:
        """A host says that it works again."""
        await self.tries(flows.answer_claim, claim.id, self.seen.parties[claim.party_id].host_id, self.clock.now())

    async def a_claim_is_taken_back(self, claim: Claim) -> None:
        """A member says that it works again."""
        person_id = self.seen.stays[claim.membership_id].person_id
        await self.tries(flows.withdraw_claim, claim.id, person_id, self.clock.now())

    async def a_claim_is_decided(self, *, upheld: bool, works_again: bool = False) -> None:
        """An operator decides the oldest claim; it broke for good, or `works_again` since today."""
        for claim in self.seen.claims[:1]:
            now = self.clock.now()
            since = seoul_date(now) if works_again else None
            decided = await self.tries(
                flows.resolve_claim, claim.id, "mina", now, self.limits, upheld=upheld, works_since=since
            )
            person_id = self.seen.stays[claim.membership_id].person_id
            self.promised[claim.party_id, person_id] += decided.back_won if decided is not None else 0


async def _taken(session: AsyncSession, party: Party, *, but_of: Person) -> int:
    """Count the seats that others hold or use."""
    others = select(func.count(Membership.id)).where(
        Membership.party_id == party.id, Membership.state.in_(SEATED), Membership.person_id != but_of.id
    )
    return await session.scalar(others) or 0
