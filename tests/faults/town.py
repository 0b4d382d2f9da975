"""A town for the state machine: people, parties and a till over a real database, and a small model of who is owed what.

The model is small: what was promised back to whom, which receipt was opened for which bill, and which ask nobody.
After each step it is held against Bootpay's stand-in, which knows what really happened to the money, and the books.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.chores import Chores
from core import audit, billing, flows
from core.billing import Attempt, AttemptState, Bill, BillState, Limits, Outcome, Provider, Refund, RefundState
from core.billing.attempts import SILENT
from core.billing.payout_accounts import Details
from core.billing.tables import Account, LedgerEntry, RefundWay
from core.billing.transfers import confirm_transfer, waiting_transfers
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from core.errors import BusinessError
from core.parties import Membership, Party, PartyState, claims_under_way
from core.people import Person
from core.sealing import Seal
from tests import builders
from tests.conftest import START
from tests.till import GivesUp, Till, till_open

T = TypeVar("T")
P = ParamSpec("P")

BOOKED = (AttemptState.PAID, AttemptState.CANCELLED)
PAID = (BillState.PAID, BillState.PARTLY_REFUNDED, BillState.REFUNDED)
ON_ITS_WAY = (RefundState.PLANNED, RefundState.SENDING, RefundState.UNKNOWN)
TO_REST_IN = 12
# Ticks that move neither money nor seats; the audit is asked after each step anyway.
ASIDE = ("rooms", "audit", "housekeeping")


@dataclass
class Seen:
    """Every row that matters, as it was after a step."""

    bills: dict[int, Bill] = field(default_factory=dict)
    stays: dict[int, Membership] = field(default_factory=dict)
    parties: dict[int, Party] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    booked: dict[int, int] = field(default_factory=dict)


class Overtaken:
    """A provider whose caller is held up once, `at` a call, while somebody else does something.

    A receipt is read before the other one acts, so that the answer is stale; confirm and cancel are called after it.
    """

    def __init__(self, bootpay: Provider, at: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._bootpay = bootpay
        self._at = at
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._bootpay, name)
        return call if name != self._at else partial(self._held_up, call, stale=name == "receipt")

    async def _held_up(self, call: Callable[..., Awaitable[Any]], *args: Any, stale: bool, **kwargs: Any) -> Any:
        meanwhile, self._meanwhile = self._meanwhile, None
        answer = await call(*args, **kwargs) if stale else None
        if meanwhile is not None:
            await meanwhile()
        return answer if stale else await call(*args, **kwargs)


class Town:
    """What people do, and whether the books, the provider and the model agree on it."""

    def __init__(self, db: Database, clock: ManualClock, till: Till, closing: AsyncExitStack) -> None:
        self.db = db
        self.clock = clock
        self.till = till
        self.seal = Seal({"town": bytes(32)})
        self.limits = Limits(provider_sandbox=True, operator_fee_bp=500, provider_fee_bp=290)
        self.people: list[Person] = []
        self.bill_of: dict[str, int] = {}
        self.unasked: set[str] = set()
        self.promised: Counter[tuple[int, int]] = Counter()
        self.seen = Seen()
        self._bootpay: Provider = GivesUp(till)
        self._chores = Chores(db, clock, self._bootpay, self.limits)
        self._closing = closing

    @classmethod
    async def found(cls, db: Database) -> Town:
        """Found a town on an empty database."""
        clock = ManualClock(START, running=False)
        closing = AsyncExitStack()
        return cls(db, clock, await closing.enter_async_context(till_open(db, clock)), closing)

    async def close(self) -> None:
        """Let go of the stand-in."""
        await self._closing.aclose()

    async def comes(self) -> None:
        """Somebody new agrees to the terms."""
        self.people.append(await builders.person(self.db, self.clock))

    async def opens(self, host: Person, *, seats: int, starts_in: int, listed: bool) -> None:
        """Somebody opens a party."""
        party = await builders.party(self.db, self.clock, host, seats=seats, starts_in=starts_in)
        async with self.db.write() as session:
            await session.execute(update(Party).where(Party.id == party.id).values(listed=listed))

    async def joins(self, someone: Person, party: Party) -> Bill | None:
        """Somebody holds a seat at the price they were shown."""

        async def join(session: AsyncSession) -> Bill:
            now = self.clock.now()
            shown = await flows.invitation(session, party.code, someone.id, now, self.limits)
            joined = await flows.join_party(session, party.code, someone, shown.quote.amount_won, now, self.limits)
            assert joined.bill.total_won == shown.quote.amount_won, "the bill is not what was shown"
            return joined.bill

        return await self._tries(join)

    async def opens_window(self, bill_id: int, *, charges_at_once: bool = False) -> str | None:
        """Somebody presses the button on the payment page: an attempt begins, its window opens.

        One that `charges_at_once` asks nobody before it takes the money, as a virtual account does.
        """
        try:
            payload = await self.till.begins(bill_id)
        except BusinessError:
            return None
        if charges_at_once:
            payload["extra"] |= {"separately_confirmed": False, "timeout": 3 * 24 * 60}
            self.unasked.add(str(payload["order_id"]))
        receipt_id = self.till.stand_in.open_window(payload).rsplit("/", 1)[1]
        self.bill_of[receipt_id] = bill_id
        return receipt_id

    def presses(self, receipt_id: str, action: str) -> None:
        """Somebody approves, is declined, or closes the window."""
        self.till.stand_in.press(receipt_id, action)

    async def returns(self, receipt_id: str) -> Outcome:
        """The browser comes back: the return page settles."""
        bill_id = self.bill_of[receipt_id]
        settled = await billing.settle(self.db, self._bootpay, self.clock, self.limits, receipt_id, bill_id=bill_id)
        return settled.outcome

    async def is_overtaken(self, receipt_id: str, at: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        """The return page settles, and while it does something else happens."""
        slow = cast(Provider, Overtaken(self._bootpay, at, meanwhile))
        await billing.settle(self.db, slow, self.clock, self.limits, receipt_id, bill_id=self.bill_of[receipt_id])

    async def refunds_are_sent_twice(self, at: str) -> None:
        """Two workers send the refunds that are due, one of them in the middle of the other's work."""
        slow = cast(Provider, Overtaken(self._bootpay, at, self.ticks))
        await billing.send_refunds(self.db, slow, self.clock)

    async def hints(self, receipt_id: str) -> None:
        """A notice about a receipt arrives."""
        await self.db.transact(billing.take_hint, receipt_id, self.clock.now())

    async def gives_up(self, stay: Membership) -> None:
        """Somebody gives a held seat back."""
        await self._tries(flows.give_up_seat, stay.party_id, stay.person_id, self.clock.now())

    async def leaves(self, stay: Membership) -> None:
        """Somebody leaves, at what the preview showed."""
        whose = stay.party_id, stay.person_id
        shown = await self._tries(flows.leave_preview, *whose, self.clock.now())
        plan = await self._tries(flows.leave_party, *whose, self.clock.now(), self.limits)
        if plan is not None:
            assert plan == shown, "leaving was not what the preview showed"
            self.promised[whose] += plan.back_won

    async def stays_after_all(self, stay: Membership) -> None:
        """Somebody takes a leave back."""
        await self._tries(flows.stay_after_all, stay.party_id, stay.person_id, self.clock.now())

    async def withdraws(self, stay: Membership) -> None:
        """Somebody changes their mind within the first week."""
        whose = stay.party_id, stay.person_id
        shown = await self._tries(flows.withdraw_preview, *whose, self.clock.now())
        if shown is not None:
            now = self.clock.now()
            plan = await self._tries(flows.withdraw, *whose, shown.back_won, now, self.limits)
            self.promised[whose] += shown.back_won if plan is not None else 0

    async def removes(self, stay: Membership) -> None:
        """A host removes a member."""
        host_id = self.seen.parties[stay.party_id].host_id
        plan = await self._tries(flows.remove_member, stay.id, host_id, self.clock.now(), self.limits)
        if plan is not None:
            self.promised[stay.party_id, stay.person_id] += plan.back_won

    async def ends(self, party: Party, *, at_once: bool) -> None:
        """A host ends a running party."""
        whose, now = (party.id, party.host_id), self.clock.now()
        shown = await self._tries(flows.end_preview, *whose, now, at_once=at_once)
        if shown is None:
            return
        plan = await self._tries(flows.end_party, *whose, shown.back_won, now, self.limits, at_once=at_once)
        for member, back in plan.backs if plan is not None else ():
            self.promised[party.id, member.person_id] += back.back_won

    async def calls_off(self, party: Party) -> None:
        """A host cancels a party that has not started."""
        paid = _paid_by_person(await self._look(), party.id)
        if await self._tries(flows.cancel_party, party.id, party.host_id, self.clock.now(), self.limits) is not None:
            self._owes_everything(party.id, paid)

    async def claims(self, stay: Membership, *, days: int) -> None:
        """A member says that access has not worked for some days."""
        since = seoul_date(self.clock.now()) - timedelta(days=days)
        await self._tries(flows.open_claim, stay.party_id, stay.person_id, since, self.clock.now())

    async def a_claim_is_decided(self, *, upheld: bool) -> None:
        """An operator decides the oldest claim."""
        async with self.db.read() as session:
            waiting = await claims_under_way(session)
        for claim in waiting[:1]:
            decided = await self._tries(
                flows.resolve_claim, claim.id, "mina", self.clock.now(), self.limits, upheld=upheld
            )
            person_id = self.seen.stays[claim.membership_id].person_id
            self.promised[claim.party_id, person_id] += decided.back_won if decided is not None else 0

    async def transfers_refunds(self) -> None:
        """An operator transfers every refund that Bootpay could not give back."""
        async with self.db.read() as session:
            waiting = await waiting_transfers(session)
        for transfer in waiting:
            await self._tries(confirm_transfer, transfer.refund.id, "mina", self.clock.now())

    async def host_can_be_paid(self, host: Person) -> None:
        """A host registers an account, gets the one won and types its code in."""
        details = Details(bank="004", number="110-123-456789", holder="김민수")
        async with self.db.write() as session:
            await billing.register_account(session, self.seal, host.id, details, self.clock.now(), code=lambda: "1234")
        await self.pays_out(returned=False)
        await self._tries(billing.prove_account, self.seal, host.id, "1234", self.clock.now())

    async def pays_out(self, *, returned: bool) -> None:
        """One operator exports what hosts are owed, the bank does it or not, and another one confirms, twice."""
        batch = await self._tries(billing.export_batch, "mina", self.clock.now())
        if batch is None:
            return
        async with self.db.read() as session:
            orders = await billing.instructions(session, self.seal, batch.id)
        said = billing.Result.RETURNED if returned else billing.Result.DONE
        lines = [
            billing.Line(number, order.batch_id, order.key, order.won, said)
            for number, order in enumerate(orders, start=2)
        ]
        for _ in range(2):
            await self.db.transact(billing.confirm_batch, "jun", lines, self.clock.now())

    def trouble(self, kind: str, times: int = 1) -> None:
        """Bootpay will go wrong."""
        self.till.faults.add("*", kind, times)

    async def ticks(self) -> None:
        """Every tick that moves money or seats runs once, in the order of a replica's pass."""
        for tick in self._chores.ticks():
            if tick.name not in ASIDE:
                await tick.work()

    async def time_passes(self, by: timedelta) -> None:
        """The clock goes on while nothing runs; then the ticks find what has fallen due."""
        self.clock.move_to(self.clock.now() + by)
        self.till.stand_in.lapse_due()
        before = await self._look()
        await self.ticks()
        await self._note_called_off(before)

    async def _note_called_off(self, before: Seen) -> None:
        """A party that the calendar called off owes everything back."""
        after = await self._look()
        for party in after.parties.values():
            was = before.parties[party.id].state
            if party.state is PartyState.CANCELLED and was is not PartyState.CANCELLED:
                self._owes_everything(party.id, _paid_by_person(before, party.id))

    def _owes_everything(self, party_id: int, paid: Mapping[int, int]) -> None:
        for person_id, won in paid.items():
            self.promised[party_id, person_id] = won

    async def _tries(
        self, work: Callable[Concatenate[AsyncSession, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        try:
            return await self.db.transact(work, *args, **kwargs)
        except BusinessError:
            return None

    async def _look(self) -> Seen:
        async with self.db.read() as session:
            booked = await session.execute(
                select(LedgerEntry.bill_id, func.sum(LedgerEntry.amount_won))
                .where(LedgerEntry.account.in_((Account.PROVIDER, Account.PROVIDER_FEE)))
                .group_by(LedgerEntry.bill_id)
            )
            return Seen(
                bills={bill.id: bill for bill in await session.scalars(select(Bill).order_by(Bill.id))},
                stays={stay.id: stay for stay in await session.scalars(select(Membership).order_by(Membership.id))},
                parties={party.id: party for party in await session.scalars(select(Party).order_by(Party.id))},
                attempts=list(await session.scalars(select(Attempt).order_by(Attempt.id))),
                refunds=list(await session.scalars(select(Refund).order_by(Refund.id))),
                booked={bill_id: int(won) for bill_id, won in booked},
            )

    async def compare(self) -> None:
        """Hold provider, books and model against each other, and ask the audit."""
        self.seen = await self._look()
        async with self.db.read() as session:
            violations = await audit.check(session)
        assert not violations, f"the audit: {', '.join(one.name for one in violations)}: {violations}"
        self._compare_with_provider()
        self._compare_with_model()

    def _compare_with_provider(self) -> None:
        attempts = {attempt.receipt_id: attempt for attempt in self.seen.attempts}
        net: Counter[int] = Counter()
        charged: Counter[int] = Counter()
        for receipt in self.till.stand_in.receipts():
            attempt = attempts.get(receipt["receipt_id"])
            if receipt["order_id"] not in self.unasked:
                charged[self.bill_of[receipt["receipt_id"]]] += receipt["charges"]
            if receipt["charges"] and (attempt is None or attempt.state not in BOOKED):
                asked = attempt is not None and attempt.state in SILENT and attempt.ask_at is not None
                assert asked, f"nobody knows of the charge {receipt}"
            elif attempt is not None and attempt.state in BOOKED and attempt.received_won is not None:
                assert receipt["charged"] == attempt.received_won, f"booked and never charged: {receipt}"
                net[attempt.bill_id] += receipt["charged"] - self._cancelled(attempt, receipt["cancelled"])
        for bill_id, bill in self.seen.bills.items():
            assert charged[bill_id] <= 1, f"bill {bill_id} was charged {charged[bill_id]} times"
            assert net[bill_id] == self.seen.booked.get(bill_id, 0), f"the books of bill {bill_id} are not Bootpay's"
            if bill.state is BillState.PAID:
                stay = self.seen.stays[bill.membership_id]
                assert stay.activated_at is not None, f"somebody has paid bill {bill.id} and never sat"

    def _cancelled(self, attempt: Attempt, really: int) -> int:
        """Return what we believe to have gone back over a receipt, which may lag behind while a refund is unclear."""
        mine = [one for one in self.seen.refunds if one.attempt_id == attempt.id and one.way is RefundWay.CANCEL]
        done = sum(one.amount_won for one in mine if one.state is RefundState.DONE)
        under_way = sum(one.amount_won for one in mine if one.state in (RefundState.SENDING, RefundState.UNKNOWN))
        assert really in (done, done + under_way), f"{really} won went back over {attempt.receipt_id}, not {done}"
        return done

    def _compare_with_model(self) -> None:
        back: Counter[tuple[int, int]] = Counter()
        for refund in self.seen.refunds:
            bill = self.seen.bills[refund.bill_id]
            if not refund.stray and refund.state is not RefundState.FAILED:
                back[bill.party_id, bill.person_id] += refund.amount_won
        assert +back == +self.promised, f"{dict(back)} goes back, {dict(self.promised)} was promised"

    async def comes_to_rest(self) -> None:
        """Whatever went wrong, a few days later every payment is decided and everything promised has gone back."""
        self.till.faults.clear()
        for _ in range(TO_REST_IN):
            await self.time_passes(timedelta(hours=25))
            await self.transfers_refunds()
            await self.compare()
            if not self._unfinished():
                break
        assert not self._unfinished(), f"never decided: {self._unfinished()}"

    def _unfinished(self) -> list[str]:
        held = [f"bill {bill.id} is held" for bill in self.seen.bills.values() if bill.approving_attempt is not None]
        silent = [f"attempt {one.id} is {one.state}" for one in self.seen.attempts if one.state in SILENT]
        refunds = [f"refund {one.id} is {one.state}" for one in self.seen.refunds if one.state in ON_ITS_WAY]
        return [*held, *silent, *refunds]


def _paid_by_person(seen: Seen, party_id: int) -> Counter[int]:
    paid: Counter[int] = Counter()
    for bill in seen.bills.values():
        if bill.party_id == party_id and bill.state in PAID:
            paid[bill.person_id] += bill.total_won
    return paid


def pick(options: Sequence[T], which: int) -> T:
    """Choose one of the options by a number that Hypothesis drew."""
    return options[which % len(options)]
