"""What billing needs of the payment provider."""

from __future__ import annotations

from typing import Protocol

from core.adapters.bootpay import Receipt


class Provider(Protocol):
    """Bootpay, or anything that answers like it; errors as in core.errors (ProviderUnclear, ProviderRefused)."""

    async def receipt(self, receipt_id: str) -> Receipt:
        """Read one receipt."""
        ...

    async def receipts_of_order(self, order_id: str) -> list[Receipt]:
        """Read every receipt of an order."""
        ...

    async def confirm(self, receipt_id: str) -> Receipt:
        """Approve a receipt: this charges."""
        ...

    async def cancel(self, receipt_id: str, *, cancel_id: str, amount_won: int | None, by: str, reason: str) -> Receipt:
        """Give money back, all of it without an amount."""
        ...
