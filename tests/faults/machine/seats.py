"""Steps of coming and going: joining, the line, leaving in every way, late members, claims."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from core.dates import seoul_date
from core.parties import MembershipState, PartyState
from tests.faults.machine.stage import INSIDE, MOST_PARTIES, MOST_PEOPLE, WHICH, Stage, pick, step


class Seats(Stage):
    """Somebody takes a seat, waits for one, or gives it back."""

    @step(lambda self: len(self.people) < MOST_PEOPLE)
    def comes(self) -> None:
        self.does(self.town.comes())

    @step(
        lambda self: len(self.parties) < MOST_PARTIES,
        who=WHICH,
        seats=st.integers(2, 4),
        starts_in=st.integers(0, 9),
        listed=st.booleans(),
    )
    def opens(self, who: int, seats: int, starts_in: int, listed: bool) -> None:
        self.does(self.town.opens(pick(self.people, who), seats=seats, starts_in=starts_in, listed=listed))

    @step(lambda self: self.ways_in(full=True) or self.ways_in(full=False), weight=6, which=WHICH, full=st.booleans())
    def joins(self, which: int, full: bool) -> None:
        ways = self.ways_in(full=full) or self.ways_in(full=not full)
        self.does(self.town.joins(*pick(ways, which)))

    @step(lambda self: self.ways_in(full=False), weight=5, which=WHICH)
    def joins_and_pays(self, which: int) -> None:
        bill = self.does(self.town.joins(*pick(self.ways_in(full=False), which)))
        if bill is not None:
            self.does(self.town.pays(bill.id))

    @step(lambda self: self.ways_in(full=True), weight=3, which=WHICH)
    def waits_in_line(self, which: int) -> None:
        self.does(self.town.waits(*pick(self.ways_in(full=True), which)))

    @step(lambda self: self.stays(MembershipState.OFFERED), weight=4, which=WHICH, pays=st.booleans())
    def takes_the_offered_seat(self, which: int, pays: bool) -> None:
        stay = pick(self.stays(MembershipState.OFFERED), which)
        bill = self.does(self.town.joins(self.who(stay), self.town.seen.parties[stay.party_id]))
        if bill is not None and pays:
            self.does(self.town.pays(bill.id))

    @step(lambda self: self.stays(MembershipState.OFFERED), which=WHICH)
    def passes_the_offered_seat(self, which: int) -> None:
        self.does(self.town.passes(pick(self.stays(MembershipState.OFFERED), which)))

    @step(lambda self: self.stays(MembershipState.WAITING), which=WHICH)
    def leaves_the_line(self, which: int) -> None:
        self.does(self.town.leaves_the_line(pick(self.stays(MembershipState.WAITING), which)))

    @step(lambda self: self.stays(MembershipState.RESERVED), weight=3, which=WHICH)
    def gives_up(self, which: int) -> None:
        self.does(self.town.gives_up(pick(self.stays(MembershipState.RESERVED), which)))

    @step(lambda self: self.stays(*INSIDE), which=WHICH)
    def is_let_in(self, which: int) -> None:
        self.does(self.town.is_let_in(pick(self.stays(*INSIDE), which)))

    @step(lambda self: self.stays(MembershipState.ACTIVE, MembershipState.SUSPENDED), which=WHICH)
    def leaves(self, which: int) -> None:
        self.does(self.town.leaves(pick(self.stays(MembershipState.ACTIVE, MembershipState.SUSPENDED), which)))

    @step(lambda self: self.stays(MembershipState.LEAVING), weight=4, which=WHICH)
    def stays_after_all(self, which: int) -> None:
        self.does(self.town.stays_after_all(pick(self.stays(MembershipState.LEAVING), which)))

    @step(lambda self: self.stays(*INSIDE), weight=3, which=WHICH)
    def withdraws(self, which: int) -> None:
        self.does(self.town.withdraws(pick(self.stays(*INSIDE), which)))

    @step(lambda self: self.stays(*INSIDE, MembershipState.SUSPENDED), weight=3, which=WHICH)
    def is_removed(self, which: int) -> None:
        self.does(self.town.removes(pick(self.stays(*INSIDE, MembershipState.SUSPENDED), which)))

    @step(lambda self: self.parties_in(PartyState.RECRUITING), weight=1, which=WHICH)
    def calls_off(self, which: int) -> None:
        self.does(self.town.calls_off(pick(self.parties_in(PartyState.RECRUITING), which)))

    @step(
        lambda self: self.parties_in(PartyState.ACTIVE, PartyState.ENDING), weight=1, which=WHICH, at_once=st.booleans()
    )
    def a_host_ends_the_party(self, which: int, at_once: bool) -> None:
        self.does(self.town.ends(pick(self.parties_in(PartyState.ACTIVE, PartyState.ENDING), which), at_once=at_once))

    @step(lambda self: self.late_bills(), weight=8, which=WHICH, act=st.sampled_from(["waits", "nudges", "frees"]))
    def a_host_looks_after_a_late_bill(self, which: int, act: str) -> None:
        bill = pick(self.late_bills(), which)
        acts = {"waits": self.town.host_waits, "nudges": self.town.host_nudges, "frees": self.town.host_frees}
        self.does(acts[act](bill))

    @step(weight=1, who=WHICH)
    def somebody_blocks_the_bot_or_writes_again(self, who: int) -> None:
        someone = pick(self.people, who)
        hears = someone.id not in self.town.deaf()
        self.does(self.town.turns_deaf(someone) if hears else self.town.is_heard_again(someone))

    @step(lambda self: self.late_bills(), weight=4)
    def warnings_get_lost(self) -> None:
        self.town.warnings_get_lost()

    @step(lambda self: self.stays(*INSIDE), weight=5, which=WHICH, days=st.integers(0, 9))
    def claims(self, which: int, days: int) -> None:
        stay = pick(self.stays(*INSIDE), which)
        served = seoul_date(self.town.clock.now()) - (stay.serves_from or date.max)
        self.does(self.town.claims(stay, days=min(days, max(0, served.days))))

    @step(lambda self: self.town.seen.claims, weight=4, which=WHICH, back=st.booleans())
    def a_claim_is_answered_or_taken_back(self, which: int, back: bool) -> None:
        claim = pick(self.town.seen.claims, which)
        self.does(self.town.a_claim_is_taken_back(claim) if back else self.town.a_claim_is_answered(claim))

    @step(
        lambda self: self.town.seen.claims,
        weight=6,
        upheld=st.sampled_from([True, True, False]),
        works_again=st.booleans(),
        then=st.sampled_from(["stays", "withdraws", "is removed"]),
    )
    def a_claim_is_decided(self, upheld: bool, works_again: bool, then: str) -> None:
        stay = self.town.seen.stays[self.town.seen.claims[0].membership_id]
        self.does(self.town.a_claim_is_decided(upheld=upheld, works_again=works_again))
        if then == "withdraws":
            self.does(self.town.withdraws(stay))
        elif then == "is removed":
            self.does(self.town.removes(stay))
