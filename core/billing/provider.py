"""What billing needs of the payment provider."""

from __future__ import annotations

from typing import Protocol

from core.adapters.bootpay import BillingKey, Receipt


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

    async def billing_key(self, receipt_id: str) -> BillingKey:
        """Read the card that was registered with a receipt."""
        ...

    async def pay_with_key(self, key: str, *, order_id: str, order_name: str, amount_won: int) -> Receipt:
        """Charge a card on file."""
        ...

    async def delete_key(self, key: str) -> None:
        """Forget a card on file."""
        ...
