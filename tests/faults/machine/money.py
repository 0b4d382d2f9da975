"""Steps of cards on file, new prices, and money on its way to hosts."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from core.parties import Party, PartyState
from core.parties.tables import PriceConsent
from tests.faults.machine.clock import CHARGE_TROUBLES
from tests.faults.machine.stage import WHICH, Stage, pick, step

DELETE_TROUBLES = (None, "delete_timeout_after_effect", "delete_timeout_before", "delete_critical")


class Money(Stage):
    """Cards, prices, payouts."""

    @step(who=WHICH, action=st.sampled_from(["approve", "approve", "decline", "close"]), times=st.integers(1, 2))
    def registers_a_card(self, who: int, action: str, times: int) -> None:
        self.does(self.town.registers_card(pick(self.people, who), action, times))

    @step(lambda self: self.town.seen.cards, weight=1, which=WHICH, trouble=st.sampled_from(DELETE_TROUBLES))
    def stops_paying_by_card(self, which: int, trouble: str | None) -> None:
        if trouble is not None:
            self.town.trouble(trouble)
        self.does(self.town.stops_card(pick(self.town.seen.cards, which)))

    @step(
        lambda self: self.town.seen.pay_by_card,
        weight=6,
        trouble=st.sampled_from(CHARGE_TROUBLES),
        late=st.sampled_from([0, 2, 20]),
    )
    def a_charge_by_card_goes_wrong(self, trouble: str, late: int) -> None:
        """A card is charged on its day and Bootpay's answer gets lost; what hangs there arrives hours later."""
        self.does(self.town.is_told_of_a_charge(self.town.seen.pay_by_card[0]))
        self.town.trouble(trouble)
        self.does(self.town.time_passes(timedelta(days=1)))
        if late:
            self.does(self.town.time_passes(timedelta(hours=late)))
            self.does(self.town.late_charges_arrive())

    @step(lambda self: self.town.seen.pay_by_card, by_hand=st.booleans())
    def a_card_is_charged_by_two_at_once(self, by_hand: bool) -> None:
        bill = self.does(self.town.is_told_of_a_charge(self.town.seen.pay_by_card[0]))
        self.town.clock.move_to(self.town.clock.now() + timedelta(days=1))
        self.does(self.town.cards_are_charged_twice(bill.id if by_hand and bill else None))

    @step(lambda self: self.may_be_repriced(), weight=5, where=WHICH, percent=st.sampled_from([80, 120, 150, 90, 200]))
    def a_host_proposes_a_price(self, where: int, percent: int) -> None:
        self.does(self.town.proposes_price(pick(self.may_be_repriced(), where), percent))

    def may_be_repriced(self) -> list[Party]:
        """Return the running parties about whose price nobody is being asked."""
        asking = {change.party_id for change in self.town.seen.asking}
        return [party for party in self.parties_in(PartyState.ACTIVE) if party.id not in asking]

    @step(
        lambda self: self.town.seen.asking,
        weight=4,
        which=WHICH,
        agreed=st.sampled_from([True, True, False]),
        everybody=st.booleans(),
    )
    def members_answer_to_a_price(self, which: int, agreed: bool, everybody: bool) -> None:
        asked = [one for one in self.town.seen.all(PriceConsent) if one.agreed is not agreed]
        for consent in asked if everybody else asked and [pick(asked, which)]:
            change = next((one for one in self.town.seen.asking if one.id == consent.change_id), None)
            if change is not None:
                stay = self.town.seen.stays[consent.membership_id]
                self.does(self.town.answers_price(change, stay, agreed=agreed))

    @step(lambda self: self.town.seen.asking, which=WHICH)
    def a_host_takes_a_price_back(self, which: int) -> None:
        self.does(self.town.takes_price_back(pick(self.town.seen.asking, which)))

    @step(weight=1, which=WHICH)
    def a_host_can_be_paid(self, which: int) -> None:
        self.does(self.town.host_can_be_paid(pick(self.hosts(), which)))

    @step(lambda self: self.town.seen.to_export, weight=6)
    def payouts_are_exported(self) -> None:
        self.does(self.town.exports())

    @step(lambda self: self.town.files, weight=4, returned=st.sampled_from([False, False, True]))
    def a_file_comes_back_from_the_bank(self, returned: bool) -> None:
        self.does(self.town.a_file_comes_back(returned=returned))
