"""What the state machine is good for: bugs that are easily written are found by it, and it passes without them."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.faults import bugs
from tests.faults.bugs import Bug
from tests.faults.fresh import Fresh
from tests.faults.machine import Story, search_with_machine
from tests.promises import SCALE, Promise

STEPS = 20
# `make test` takes one run a bug, of a seed that is known to find it. What a seed does changes with the machine, so
# `make faults` looks for every bug from the seed of its run first, in at most so many runs, and says in which it was
# found: most turn up within some dozen, the rarest now and then only after a hundred.
FULL_RUNS = 60
SEEDS: dict[Bug, int] = {
    bugs.bill_stays_open_when_its_seat_ends: 18,
    bugs.offered_seat_counts_as_free: 18,
    bugs.claim_does_not_hold_the_money: 31,
    bugs.charge_is_repeated_when_nobody_answers: 31,
    bugs.time_out_counts_as_a_decline: 47,
    bugs.payout_is_exported_again_while_the_bank_is_silent: 46,
    bugs.money_of_a_second_window_is_kept: 50,
    bugs.suspension_comes_by_the_calendar: 54,
    bugs.price_is_todays: 57,
    bugs.seat_is_freed_while_its_payment_is_approved: 57,
    bugs.refund_forgets_what_is_on_its_way: 61,
}


@pytest.mark.parametrize("db_kind", ["sqlite"])
@pytest.mark.faults("state machine: seeded bugs")
def test_every_seeded_bug_is_found_and_the_same_runs_pass_without_it(fresh: Fresh, promise: Promise) -> None:
    found: dict[str, str] = {}
    to_pass: defaultdict[int, int] = defaultdict(int)
    for bug, known in SEEDS.items():
        for first, most in ((promise.seed, FULL_RUNS), (known, 1)) if SCALE else ((known, 1),):
            story = search(fresh, first, most, bug)
            to_pass[first] = max(to_pass[first], story.runs)
            if story.broke is not None:
                found[bug.__name__] = f"{story.runs}" if first != known else "own seed"
                break
    without = [search(fresh, first, most) for first, most in to_pass.items()]

    promise.tried, promise.lost = len(SEEDS), len(SEEDS) - len(found)
    promise.wrong = sum(story.broke is not None for story in without)
    runs = [run for run in found.values() if run != "own seed"]
    promise.note = ", ".join([f"{len(found) - len(runs)} by their own seeds", *(f"run {run}" for run in runs)])
    for story in without:
        if story.broke is not None:
            raise story.broke
    assert found.keys() == {bug.__name__ for bug in SEEDS}


def search(fresh: Fresh, first: int, runs: int, bug: Bug | None = None) -> Story:
    """Let the machine run from a seed, with a bug or without."""
    with pytest.MonkeyPatch.context() as patch:
        if bug is not None:
            bug(patch)
        return search_with_machine(fresh, examples=runs, steps=STEPS, first=first)
