"""Steps of time, and of trouble with Bootpay while the ticks run."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from tests.faults.machine.stage import TROUBLES, Stage, step

CHARGE_TROUBLES = (
    "confirm_timeout_after_charging", "html_502_after_effect", "charge_late", "charge_never_arrives",
    "confirm_dropped_after_charging", "confirm_critical_then_paid", "confirm_timeout_before", "confirm_critical",
    "decline_at_confirm", "card_expired", "broken_json", "html_502",
)  # fmt: skip
ANY_TROUBLE = sorted({*TROUBLES, *CHARGE_TROUBLES})


class Clock(Stage):
    """Time passes."""

    # The first of all steps: it is what the first run of a seed does all the time, so that months go by.
    @step(weight=4)
    def a_couple_of_days_pass(self) -> None:
        self.does(self.town.time_passes(timedelta(days=2)))

    @step(weight=5, days=st.sampled_from([1, 2, 4]))
    def days_pass(self, days: int) -> None:
        for _ in range(days):
            self.does(self.town.time_passes(timedelta(days=1)))

    @step(weight=4, minutes=st.sampled_from([1, 3, 10, 45, 300]))
    def minutes_pass(self, minutes: int) -> None:
        self.does(self.town.time_passes(timedelta(minutes=minutes)))

    @step(weight=8, weeks=st.integers(1, 5))
    def weeks_pass_and_everybody_pays(self, weeks: int) -> None:
        for _ in range(weeks):
            self.does(self.town.everybody_pays())
            self.does(self.town.time_passes(timedelta(days=7)))

    @step(weight=1)
    def the_service_is_down_for_a_month(self) -> None:
        self.does(self.town.time_passes(timedelta(days=31)))

    @step()
    def the_ticks_run(self) -> None:
        self.does(self.town.ticks())

    @step(kind=st.sampled_from(ANY_TROUBLE), times=st.integers(1, 3), minutes=st.sampled_from([0, 3, 45]))
    def the_ticks_meet_trouble(self, kind: str, times: int, minutes: int) -> None:
        self.town.trouble(kind, times)
        self.does(self.town.time_passes(timedelta(minutes=minutes)))

    @step(kind=st.sampled_from(ANY_TROUBLE))
    def bootpay_has_trouble(self, kind: str) -> None:
        self.town.trouble(kind)
