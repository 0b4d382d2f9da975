"""The receipts of the merchant and the moves they can make."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from bot.sandbox.bootpay.payloads import Number, PaymentWish, is_price
from bot.sandbox.bootpay.receipts import Cancel, Receipt, Status
from bot.sandbox.bootpay.refusals import Refusal

Announce = Callable[[Receipt, str], None]


class Books:
    """Keeps every receipt and announces what Bootpay announces; nothing is charged but by `charge`."""

    def __init__(self, now: Callable[[], datetime], announce: Announce, smallest_partial_cancel: int) -> None:
        self._now = now
        self._announce = announce
        self._smallest_partial_cancel = smallest_partial_cancel
        self._receipts: dict[str, Receipt] = {}

    def open(self, wish: PaymentWish, price: Number) -> Receipt:
        """Write down a window that was just opened."""
        receipt = Receipt(secrets.token_hex(12), wish, price, self._now())
        self._receipts[receipt.receipt_id] = receipt
        return receipt

    def all(self) -> list[Receipt]:
        """Return every receipt, oldest first, each lapsed if its time is over."""
        self.lapse_due()
        return list(self._receipts.values())

    def find(self, receipt_id: object) -> Receipt:
        """Return this receipt, lapsed if its time is over; refuse an unknown one."""
        receipt = self._receipts.get(receipt_id) if isinstance(receipt_id, str) else None
        if receipt is None:
            raise Refusal("RC_NOT_FOUND")
        self._lapse_if_due(receipt)
        return receipt

    def order_of(self, receipt_id: object) -> str | None:
        """Return the order of this receipt without touching it."""
        receipt = self._receipts.get(receipt_id) if isinstance(receipt_id, str) else None
        return receipt.order_id if receipt else None

    def approve(self, receipt: Receipt, card: str) -> None:
        """The buyer agreed: wait for the confirm, or charge at once if none was asked for."""
        receipt.card = card
        receipt.status = Status.APPROVED
        receipt.approved_at = self._now()
        if not receipt.wish.separately_confirmed:
            self.charge(receipt)

    def decline(self, receipt: Receipt, status: Status) -> None:
        """The card company or the PG said no in the window."""
        receipt.status = status
        if receipt.wish.enable_error_webhook:
            self._announce(receipt, "PAYMENT_REQUEST_FAILED")

    def close(self, receipt: Receipt) -> None:
        """The buyer closed the window."""
        receipt.status = Status.CLOSED

    def charge(self, receipt: Receipt) -> None:
        """Take the money, once: only an approved receipt can be charged."""
        if receipt.status is not Status.APPROVED:
            raise Refusal("RC_NOT_CONFIRM_READY")
        receipt.status = Status.PAID
        receipt.purchased_at = self._now()
        receipt.charges += 1
        self._announce(receipt, "PAYMENT_COMPLETED")

    def fail_confirm(self, receipt: Receipt) -> None:
        """The card company said no at the confirm; final for this receipt."""
        receipt.status = Status.DECLINED
        self._announce(receipt, "PAYMENT_CONFIRM_FAILED")

    def check_cancel(self, receipt: Receipt, amount: object) -> Number:
        """Return what this cancel would give back, or refuse it as Bootpay does."""
        if receipt.charges and receipt.left == 0:
            raise Refusal("RC_ALREADY_CANCELLED")
        if not receipt.charges:
            raise Refusal("RC_CANCEL_SERVER_ERROR", "결제가 완료되지 않아 취소할 수 없습니다.")
        if amount is None:
            return receipt.left
        if not isinstance(amount, int | float) or not is_price(amount):
            raise Refusal("RC_CANCEL_SERVER_ERROR", "취소 금액이 올바르지 않습니다.")
        if amount > receipt.left:
            raise Refusal("RC_CANCEL_SERVER_ERROR", "취소 가능 금액을 초과했습니다.")
        if amount < receipt.left and amount < self._smallest_partial_cancel:
            raise Refusal("RC_CANCEL_SERVER_ERROR", f"부분취소는 {self._smallest_partial_cancel}원부터 가능합니다.")
        return amount

    def cancel(
        self, receipt: Receipt, amount: Number, *, cancel_id: str, by: str, reason: str, partial_status: Status
    ) -> None:
        """Give money back; what was given back so far only grows."""
        receipt.cancels.append(Cancel(cancel_id, amount, by, reason, self._now()))
        whole = receipt.left == 0
        receipt.status = Status.CANCELLED if whole else partial_status
        self._announce(receipt, "PAYMENT_CANCELLED" if whole else "PAYMENT_PARTIAL_CANCELLED")

    def fail_cancel(self, receipt: Receipt) -> None:
        """The PG refused to give money back."""
        self._announce(receipt, "PAYMENT_CANCEL_FAILED")

    def lapse(self, receipt: Receipt) -> None:
        """End a receipt that nobody went on with; nothing was charged."""
        receipt.status = Status.LAPSED
        if receipt.wish.common_event_webhook:
            self._announce(receipt, "PAYMENT_EXPIRED")

    def lapse_due(self) -> None:
        """Lapse every receipt whose time is over."""
        for receipt in self._receipts.values():
            self._lapse_if_due(receipt)

    def _lapse_if_due(self, receipt: Receipt) -> None:
        lapses_at = receipt.lapses_at()
        if lapses_at is not None and lapses_at <= self._now():
            self.lapse(receipt)
