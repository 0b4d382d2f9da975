"""Whatever people, time and Bootpay do, in any order: the audit finds nothing and the money is where it belongs."""

from __future__ import annotations

import pytest

from tests.faults.fresh import Fresh
from tests.faults.machine import run_machine
from tests.promises import Promise

STEPS = 30
SMALL, FULL = {"sqlite": 6, "mariadb": 3}, {"sqlite": 200, "mariadb": 40}


@pytest.mark.faults("state machine")
def test_whatever_happens_the_money_is_where_it_belongs(db_kind: str, fresh: Fresh, promise: Promise) -> None:
    examples = promise.size(small=SMALL[db_kind], full=FULL[db_kind])

    promise.tried = run_machine(fresh, examples=examples, steps=STEPS, first=promise.seed)
    promise.note = f"steps of {examples} runs"
