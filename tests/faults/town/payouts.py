"""Money on its way to hosts, and the operators: accounts, batches, the bank that carries them out, transfers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack

from core import billing
from core.billing import Details, Instruction, Line, PayoutState, Result
from core.billing.tables import Payout
from core.billing.transfers import confirm_transfer, waiting_transfers
from core.clock import ManualClock
from core.db import Database
from core.people import Person
from tests.faults.town.base import Ground
from tests.till import Till


class Payouts(Ground):
    """What the bank has done: a file is carried out once, whatever it says."""

    def __init__(self, db: Database, clock: ManualClock, till: Till, closing: AsyncExitStack) -> None:
        super().__init__(db, clock, till, closing)
        self.files: list[Sequence[Instruction]] = []
        self._sent: Counter[str] = Counter()

    async def host_can_be_paid(self, host: Person) -> None:
        """A host registers an account, gets the one won and types its code in."""
        details = Details(bank="004", number="110-123-456789", holder="김민수")
        async with self.db.write() as session:
            await billing.register_account(session, self.seal, host.id, details, self.clock.now(), code=lambda: "1234")
        await self.pays_out(returned=False)
        await self.tries(billing.prove_account, self.seal, host.id, "1234", self.clock.now())

    async def exports(self) -> bool:
        """An operator exports what hosts are owed: a file for the bank; False when there is nothing."""
        batch = await self.tries(billing.export_batch, "mina", self.clock.now())
        if batch is None:
            return False
        async with self.db.read() as session:
            orders = await billing.instructions(session, self.seal, batch.id)
        known = {order.key for file in self.files for order in file}
        assert not known & {order.key for order in orders}, "a transfer is in two files"
        self.files.append(orders)
        return True

    async def a_file_comes_back(self, *, returned: bool) -> None:
        """The bank has carried out the oldest file, or could not, and another operator confirms it, twice."""
        orders = self.files.pop(0)
        said = Result.RETURNED if returned else Result.DONE
        if not returned:
            self._sent.update(order.key for order in orders)
        lines = [
            Line(number, order.batch_id, order.key, order.won, said) for number, order in enumerate(orders, start=2)
        ]
        for _ in range(2):
            await self.tries(billing.confirm_batch, "jun", lines, self.clock.now())

    async def pays_out(self, *, returned: bool) -> None:
        """Everything that is owed is exported, carried out and confirmed."""
        await self.exports()
        while self.files:
            await self.a_file_comes_back(returned=returned)

    async def transfers_refunds(self) -> None:
        """An operator transfers every refund that Bootpay could not give back."""
        async with self.db.read() as session:
            waiting = await waiting_transfers(session)
        for transfer in waiting:
            await self.tries(confirm_transfer, transfer.refund.id, "mina", self.clock.now())

    def compare_payouts(self) -> None:
        """A payout is carried out once when it counts as done, and otherwise never."""
        for payout in self.seen.all(Payout):
            sent, done = self._sent[payout.payout_key], payout.state is PayoutState.CONFIRMED
            assert sent == done, f"payout {payout.id} is {payout.state} and was sent {sent} times"
