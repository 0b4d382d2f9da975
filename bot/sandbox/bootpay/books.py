"""The receipts of the merchant and the moves they can make."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.sandbox.bootpay.payloads import PHONE, VIRTUAL_ACCOUNT, Number, PaymentWish, is_price
from bot.sandbox.bootpay.receipts import SEOUL, Cancel, Receipt, Status
from bot.sandbox.bootpay.refusals import Refusal

CANCEL_PAUSE = timedelta(seconds=10)
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
        """The buyer agreed: wait for the confirm (or the deposit), or charge at once if no confirm was asked for."""
        receipt.card = card
        if receipt.wish.method == VIRTUAL_ACCOUNT:
            receipt.status = Status.ISSUED
            self._announce(receipt, "PAYMENT_VIRTUAL_ACCOUNT_ISSUED")
            return
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
        self._take_money(receipt)

    def deposit(self, receipt: Receipt) -> None:
        """Somebody paid into the virtual account, today or days later."""
        if receipt.status is not Status.ISSUED:
            raise Refusal("INVALID_REQUEST_PARAMS", "입금을 기다리는 가상계좌가 아닙니다.")
        self._take_money(receipt)

    def _take_money(self, receipt: Receipt) -> None:
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
        self._check_method(receipt)
        if amount is None:
            return receipt.left
        if not isinstance(amount, int | float) or not is_price(amount):
            raise Refusal("RC_CANCEL_SERVER_ERROR", "취소 금액이 올바르지 않습니다.")
        if amount > receipt.left:
            raise Refusal("RC_CANCEL_SERVER_ERROR", "취소 가능 금액을 초과했습니다.")
        if amount < receipt.left and amount < self._smallest_partial_cancel:
            raise Refusal("RC_CANCEL_SERVER_ERROR", f"부분취소는 {self._smallest_partial_cancel}원부터 가능합니다.")
        return amount

    def just_cancelled(self, receipt: Receipt) -> bool:
        """Tell whether a cancel of this receipt took effect within the last ten seconds."""
        return bool(receipt.cancels) and self._now() - receipt.cancels[-1].at < CANCEL_PAUSE

    def _check_method(self, receipt: Receipt) -> None:
        """Refuse what only cards can do: phone bills close with the month, accounts need a contract for refunds."""
        if receipt.wish.method == VIRTUAL_ACCOUNT:
            raise Refusal("RC_CANCEL_SERVER_ERROR", "가상계좌 환불(CMS) 계약이 되어 있지 않습니다.")
        if receipt.wish.method == PHONE and _month(receipt.purchased_at) != _month(self._now()):
            raise Refusal("RC_CANCEL_SERVER_ERROR", "휴대폰 결제는 결제한 달에만 취소할 수 있습니다.")

    def cancel_in_admin(self, receipt: Receipt, amount: Number | None) -> None:
        """Give money back in the PG's own admin: it counts like any cancel, and nobody is notified."""
        given_back = receipt.left if amount is None else amount
        if not 0 < given_back <= receipt.left:
            raise Refusal("RC_CANCEL_SERVER_ERROR", "취소 가능 금액을 초과했습니다.")
        receipt.cancels.append(Cancel("", given_back, "PG 관리자", "", self._now()))
        if receipt.left == 0:
            receipt.status = Status.CANCELLED

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


def _month(instant: datetime | None) -> tuple[int, int] | None:
    """Return year and month of an instant in Seoul."""
    if instant is None:
        return None
    local = instant.astimezone(SEOUL)
    return local.year, local.month
