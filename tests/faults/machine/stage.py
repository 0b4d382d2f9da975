"""What every step stands on: a town, the loop in which it lives, and a count of what each kind changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.dates import seoul_date
from core.parties import Membership, MembershipState, Party, PartyState
from core.people import Person
from tests.faults.town import Town

T = TypeVar("T")
MOST_PEOPLE, MOST_PARTIES = 7, 3
WHICH = st.integers(0, 59)
INSIDE = (MembershipState.ACTIVE, MembershipState.LEAVING)
TROUBLES = (
    "confirm_timeout_after_charging", "confirm_timeout_before", "confirm_dropped_after_charging",
    "confirm_critical_then_paid", "confirm_critical", "decline_at_confirm", "cancel_timeout_after_effect",
    "cancel_timeout_before", "cancel_dropped_after_effect", "cancel_critical_after_effect", "cancel_critical",
    "cancel_refused", "html_502", "html_502_after_effect", "broken_json", "too_many_requests", "unauthorized_once",
    "tampered_price", "missing_price", "unpaid_left_out", "lapse", "partial_cancel_status_20", "repeated_cancel_same",
)  # fmt: skip


def pick(options: Sequence[T], which: int) -> T:
    """Choose one of the options by a number that Hypothesis drew."""
    return options[which % len(options)]


@dataclass(frozen=True)
class Step:
    """Something that may happen: what is drawn for it, whether it may happen now, and how likely it is."""

    name: str
    work: Callable[..., None]
    may: Callable[[Any], object]
    weight: int
    drawn: Mapping[str, st.SearchStrategy[Any]]

    def __repr__(self) -> str:
        return self.name


def step(
    may: Callable[[Any], object] = lambda stage: True, weight: int = 2, **drawn: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a method be a step of the machine."""

    def decorate(work: Callable[..., None]) -> Callable[..., None]:
        STEPS[work.__name__] = Step(work.__name__, work, may, weight, drawn)
        return work

    return decorate


STEPS: dict[str, Step] = {}


class Stage(RuleBasedStateMachine):
    """A machine whose steps are elsewhere; `found`, `runner` and the counts are set for a run by `run_machine`."""

    found: Callable[[], Coroutine[Any, Any, Town]]
    runner: asyncio.Runner
    searches = False
    runs = 0
    steps = 0
    ran: Counter[str]
    changed: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.doing: str | None = None
        self.town = self.does(self.found())
        self.mark = 0

    def does(self, work: Coroutine[Any, Any, T]) -> T:
        """Let something happen to its end."""
        try:
            return self.runner.run(work)
        except Exception as error:
            self.broken = True
            raise self.breaks(error) from None
        except BaseException:
            self.broken = True
            raise

    def breaks(self, error: BaseException) -> BaseException:
        """Return what is raised when something breaks."""
        return error

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.does(self.town.comes_to_rest())
        finally:
            self.does(self.town.close())

    @rule(data=st.data())
    def happens(self, data: st.DataObject) -> None:
        """Let one of the things happen that may happen now.

        Hypothesis' own choice among many rules switches most of them off in each run, and knows no weights; steps that
        need others before them would hardly ever come.
        """
        possible = [each for each in STEPS.values() if each.may(self) for _ in range(each.weight)]
        chosen = data.draw(st.sampled_from(possible), label="step")
        values = {name: data.draw(strategy, label=name) for name, strategy in chosen.drawn.items()}
        self.doing = chosen.name
        chosen.work(self, **values)

    @invariant()
    def everybody_agrees(self) -> None:
        self.does(self.town.compare())
        before, self.mark = self.mark, self._mark()
        if self.doing is not None:
            type(self).steps += 1
            self.ran[self.doing] += 1
            self.changed[self.doing] += self.mark != before
        self.doing = None

    def _mark(self) -> int:
        stand_in = self.town.till.stand_in
        outside = stand_in.receipts(), stand_in.cards(), self.town.till.faults.on(), len(self.town.files)
        return hash((self.town.seen.fingerprint(), self.town.deaf(), self.town.losing, repr(outside)))

    @property
    def people(self) -> list[Person]:
        return self.town.people

    @property
    def parties(self) -> list[Party]:
        return list(self.town.seen.parties.values())

    def parties_in(self, *states: PartyState) -> list[Party]:
        return [party for party in self.parties if party.state in states]

    def stays(self, *states: MembershipState) -> list[Membership]:
        return self.town.seen.members(*states)

    def who(self, stay: Membership) -> Person:
        return next(one for one in self.people if one.id == stay.person_id)

    def hosts(self) -> list[Person]:
        hosting = {party.host_id for party in self.parties}
        return [one for one in self.people if one.id in hosting]

    def late_bills(self) -> list[Any]:
        return self.town.seen.late_bills(seoul_date(self.town.clock.now()))

    def ways_in(self, *, full: bool) -> list[tuple[Person, Party]]:
        """Return who could come into which party that takes people and is full, or not."""
        seen, joinable = self.town.seen, self.parties_in(PartyState.RECRUITING, PartyState.ACTIVE)
        inside = {(stay.party_id, stay.person_id) for stay in seen.all(Membership) if stay.present}
        return [
            (someone, party)
            for party in joinable
            if (seen.seated(party.id) >= party.seats) is full
            for someone in self.people
            if (party.id, someone.id) not in inside
        ]
