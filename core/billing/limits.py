"""The numbers of billing that an operator may set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    """How long a seat is held, how small a bill may be, how early a cycle opens, whose receipts count."""

    hold: timedelta = timedelta(minutes=30)
    smallest_bill_won: int = 100
    open_days_before: int = 7
    recruit_days: int = 14
    provider_sandbox: bool = False
