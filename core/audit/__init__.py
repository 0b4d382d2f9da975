"""Every invariant of the business: one query that must find nothing, one sentence that says what it means.

A question is a function that returns its query; its name is the question's, its docstring the sentence that an operator
reads when the query finds something. It stands in the module of its subject:

- `cards`: cards on file and their charges;
- `payments`: the ledger, bills, attempts and the hold of a bill;
- `payouts`: what is released to hosts and paid out to them;
- `refunds`: money on its way back;
- `seats`: parties and memberships.

A new subject is a new module, imported below. `@question(of=...)` names the column with the party that a found row is
about, so that the question can be asked of the parties that changed; one about something else has no `of`, and is
asked each time.
"""

from core.audit import cards, payments, payouts, prices, refunds, seats
from core.audit.asking import CHECKS, Question, Violation, check, check_changed

__all__ = [
    "CHECKS",
    "Question",
    "Violation",
    "cards",
    "check",
    "check_changed",
    "payments",
    "payouts",
    "prices",
    "refunds",
    "seats",
]
