"""Whose a bill's money is: held for its period, then the host's, less what the operator and the provider keep."""

from __future__ import annotations

from core.billing.tables import Account, Bill


def taken_back(bill: Bill, won: int) -> dict[Account, int]:
    """Return the debits of giving back `won` of a paid bill: from what is held, or once released from host and fee.

    The operator's fee goes back in the proportion of the refund, over all refunds of a bill exact to the won.
    """
    if bill.released_at is None:
        return {Account.HELD: won}
    fee = fee_back(bill, bill.refunded_won + won) - fee_back(bill, bill.refunded_won)
    return {Account.PAYABLE: won - fee, Account.FEE: fee}


def fee_back(bill: Bill, refunded_won: int) -> int:
    """Return how much of the operator's fee has gone back when so much of the bill has."""
    return bill.fee_won * refunded_won // bill.total_won
