"""Whatever people, time and Bootpay do, in any order: the audit finds nothing and the money is where it belongs."""

from __future__ import annotations

import pytest

from tests.faults.fresh import Fresh
from tests.faults.machine import run_machine
from tests.faults.machine.stage import STEPS as KINDS
from tests.promises import Promise

STEPS = 30
SMALL, FULL = {"sqlite": 4, "mariadb": 2}, {"sqlite": 200, "mariadb": 40}


@pytest.mark.faults("state machine")
def test_whatever_happens_the_money_is_where_it_belongs(db_kind: str, fresh: Fresh, promise: Promise) -> None:
    examples = promise.size(small=SMALL[db_kind], full=FULL[db_kind])

    story = run_machine(fresh, examples=examples, steps=STEPS, first=promise.seed)

    print(*story.table(), sep="\n")
    promise.tried, promise.wrong = story.steps, int(story.broke is not None)
    promise.note = f"steps of {story.runs} runs, {len(KINDS) - len(story.idle)} of {len(KINDS)} kinds changed something"
    if story.broke is not None:
        raise story.broke
    assert examples < FULL["sqlite"] or not story.idle, f"these steps never changed anything: {story.idle}"
