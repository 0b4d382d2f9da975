"""A process that dies between any two steps of a charge by card leaves a bill that is paid once, or free."""

from __future__ import annotations

from itertools import count

import pytest

from core.billing import BillState, Provider, charging
from core.billing.attempts import ASK_AFTER
from core.db import Database
from tests import cards
from tests.builders import LIMITS
from tests.core.billing.crashes import Fuse, killed_at
from tests.till import Till

BOUNDARIES_OF_A_CHARGE = [
    "before the commit of _take",
    "after the commit of _take",
    "after pay_with_key",
    "after receipt",
    "before the commit of take_note",
    "after the commit of take_note",
]


@pytest.mark.parametrize("fault", [None, "confirm_critical_then_paid", "decline_at_confirm", "card_expired"])
async def test_a_charge_killed_at_any_boundary_ends_paid_once_or_free(till: Till, fault: str | None) -> None:
    deaths: list[str] = []
    for boundaries in count():
        bill = await cards.due_bill(till)
        if fault:
            till.faults.add("*", fault)

        async def charge(db: Database, bootpay: Provider, bill_id: int = bill.id) -> None:
            await charging.charge_bill(db, bootpay, till.clock, LIMITS, cards.SEAL, cards.name_order, bill_id)

        death = await killed_at(Fuse(boundaries), charge, till.db, till.bootpay)
        for wait in ASK_AFTER:
            await till.minutes_pass(wait.seconds // 60)
        till.faults.clear()

        left = await till.bill(bill.id)
        assert left.approving_attempt is None, death
        assert till.charges_of(bill.id) == (1 if left.state is BillState.PAID else 0), death
        cards.at_ten(till, bill, 1)
        await cards.charges(till)
        # A card that has expired is charged no more, unless its death was never noted.
        assert till.charges_of(bill.id) in ({0, 1} if fault == "card_expired" else {1}), death
        if not death:
            break
        deaths.append(death)

    if fault is None:
        assert deaths == BOUNDARIES_OF_A_CHARGE
    assert len(deaths) >= len(BOUNDARIES_OF_A_CHARGE) - 1
