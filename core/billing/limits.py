"""The numbers of billing that an operator may set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    """How long a seat is held, how small amounts may be, how early a cycle opens, what is kept, whose receipts count.

    Fees are in basis points (hundredths of a percent): the operator's comes on top of the share in listed parties;
    the provider's is borne by the operator unless `host_bears_provider_fee`.
    """

    hold: timedelta = timedelta(minutes=30)
    smallest_bill_won: int = 100
    smallest_partial_cancel_won: int = 1000
    operator_fee_bp: int = 0
    provider_fee_bp: int = 0
    host_bears_provider_fee: bool = False
    grace_days: int = 3
    days_to_free: int = 4
    open_days_before: int = 7
    payout_minimum_won: int = 1000
    recruit_days: int = 14
    provider_sandbox: bool = False
