"""Rows changed behind the product's back: each corruption is caught by the question that is meant for it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core import audit
from core.db import Database
from tests.core.audit.story import filled

COPY = "party_id, bill_id, person_id, at"

# What is done to the rows, and which questions answer it: no other one does.
CORRUPTIONS: dict[str, tuple[list[str], list[str]]] = {
    "a changed amount in the ledger": (
        ["update ledger_entry set amount_won = amount_won + 1 where event = :pay and account = 'provider'"],
        ["ledger_balances"],
    ),
    "a missing line": (
        ["delete from ledger_entry where event = :pay and account = 'provider'"],
        ["ledger_balances"],
    ),
    "a missing event": (
        ["delete from ledger_entry where event = :pay"],
        ["held_equals_paid"],
    ),
    "a bill of which the books know nothing": (
        ["delete from ledger_entry where bill_id = :released"],
        ["held_equals_paid", "refunds_are_booked"],
    ),
    "money nobody owed that no book knows": (
        ["delete from ledger_entry where event = :stray"],
        ["stray_is_booked"],
    ),
    "a doubled event": (
        [
            f"insert into ledger_entry (event, line, account, amount_won, {COPY})"
            f" select 'again', line, account, amount_won, {COPY} from ledger_entry where event = :pay"
        ],
        ["held_equals_paid"],
    ),
    "a bill that is released twice": (
        [
            f"insert into ledger_entry (event, line, account, amount_won, {COPY})"
            f" select 'again', line, account, amount_won, {COPY} from ledger_entry where event = :release"
        ],
        ["held_equals_paid"],
    ),
    "money held for a void bill": (
        [
            f"insert into ledger_entry (event, line, account, amount_won, {COPY})"
            f" select 'void', line, case when amount_won > 0 then 'provider' else 'held' end, amount_won,"
            f" party_id, :void, null, at from ledger_entry where event = :stray"
        ],
        ["held_needs_payment"],
    ),
    "a bill paid without a paid attempt": (
        ["update attempt set state = 'failed' where id = (select paid_attempt from bill where id = :paid)"],
        ["paid_has_attempt"],
    ),
    "a refund above what was paid": (
        [
            "insert into refund"
            " (bill_id, attempt_id, amount_won, reason, way, stray, refund_key, state, asks, created_at)"
            " select bill_id, attempt_id, amount_won, reason, way, stray, 'again', 'planned', 0, created_at"
            " from refund where attempt_id = :stray_attempt"
        ],
        ["refunds_within_attempt"],
    ),
    "a refund of another amount": (
        ["update refund set amount_won = amount_won - 1 where bill_id = :partly_refunded and way = 'cancel'"],
        ["refunded_equals_done"],
    ),
    "a state that knows of no refund": (
        ["update bill set state = 'paid' where id = :partly_refunded"],
        ["refunded_state"],
    ),
    "a hold on a closed bill": (
        ["update bill set approving_attempt = :held_attempt where id = :paid"],
        ["hold_is_asked_about", "hold_only_on_open"],
    ),
    "a hold that nobody asks about": (
        ["update attempt set ask_at = null where id = :held_attempt"],
        ["hold_is_asked_about"],
    ),
    "a hold that nobody knows since when": (
        ["update bill set approving_since = null where id = :held"],
        ["hold_is_asked_about"],
    ),
    "an approval that holds nothing": (
        [
            "update bill set approving_attempt = null, approving_since = null where id = :held",
            "update attempt set state = 'approving' where id = :held_attempt",
        ],
        ["approval_holds_its_bill"],
    ),
    "a payment that may come and that nobody asks about": (
        [
            "update bill set approving_attempt = null, approving_since = null where id = :held",
            "update attempt set state = 'unknown', ask_at = null where id = :held_attempt",
        ],
        ["silence_is_asked_about"],
    ),
    "a stray payment that stays": (
        [
            "delete from refund where attempt_id = :stray_attempt",
            "update attempt set state = 'paid' where id = :stray_attempt",
        ],
        ["refunds_are_booked", "stray_goes_back"],
    ),
    "a part of a stray payment that stays": (
        [
            "update attempt set state = 'paid' where id = :stray_attempt",
            "update refund set amount_won = amount_won - 1 where attempt_id = :stray_attempt",
        ],
        ["stray_goes_back"],
    ),
    "an open bill of somebody without a seat": (
        ["update bill set state = 'open' where id = :void"],
        ["open_bill_has_seat"],
    ),
    "a party with fewer seats than people": (
        ["update party set seats = 2 where id = (select party_id from bill where id = :held)"],
        ["seat_number", "seats_within_party"],
    ),
    "a seat of somebody who is gone": (
        ["update membership set seat = 3 where id = (select membership_id from bill where id = :partly_refunded)"],
        ["seat_number"],
    ),
    "a held seat without an end": (
        ["update membership set held_until = null where id = (select membership_id from bill where id = :held)"],
        ["reserved_has_end"],
    ),
    "a member who never paid": (
        [
            "update membership set state = 'active', held_until = null"
            " where id = (select membership_id from bill where id = :held)"
        ],
        ["active_member_paid"],
    ),
    "a party that is over and full of people": (
        ["update party set state = 'cancelled' where id = (select party_id from bill where id = :held)"],
        ["over_party_is_empty"],
    ),
}


@pytest.mark.timeout(240)
async def test_each_corruption_is_caught_by_the_question_that_is_meant_for_it(db: Database) -> None:
    story = await filled(db)
    async with db.write() as session:
        held = await session.scalar(text("select approving_attempt from bill where id = :held"), vars(story))
        paid = await session.scalar(text("select paid_attempt from bill where id = :paid"), vars(story))
        named = vars(story) | {
            "held_attempt": held,
            "pay": f"pay-{paid}",
            "release": f"release-{story.released}",
            "stray": f"stray-{story.stray_attempt}",
        }
        assert await audit.check(session) == []

        caught = {}
        for corruption, (statements, _) in CORRUPTIONS.items():
            async with session.begin_nested() as savepoint:
                met = 0
                for statement in statements:
                    done = await (await session.connection()).execute(text(statement), _named(statement, named))
                    met += done.rowcount
                assert met, f"{corruption}: nothing was changed"
                caught[corruption] = sorted(one.name for one in await audit.check(session))
                await savepoint.rollback()

        assert await audit.check(session) == []

    assert caught == {corruption: questions for corruption, (_, questions) in CORRUPTIONS.items()}


def _named(statement: str, values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if f":{name}" in statement}
