"""A town for the state machine: people, parties and a till over a real database, and a small model of who is owed what.

The model is small: what was promised back to whom, what was paid in which window, what the bank did, since when a card
is stopped, what a cycle costs. After each step it is held against Bootpay's stand-in, which knows what really happened
to the money, and the books. Each subject is a module: `seats`, `payments`, `cards`, `prices`, `payouts`; `seen` reads
the database, `base` is what they stand on, `reckoning` compares.
"""

from tests.faults.town.reckoning import Town

__all__ = ["Town"]
