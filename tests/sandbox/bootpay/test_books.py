"""The one rule that everything else leans on: the books charge an approved receipt and no other."""

from __future__ import annotations

import pytest

from bot.sandbox.bootpay.books import Books
from bot.sandbox.bootpay.payloads import read_payload
from bot.sandbox.bootpay.receipts import Status
from bot.sandbox.bootpay.refusals import Refusal
from tests.sandbox.bootpay.conftest import CLIENT_KEY, START, payload


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.APPROVED])
def test_only_an_approved_receipt_can_be_charged(status: Status) -> None:
    announced: list[str] = []
    books = Books(lambda: START, lambda _, webhook_type: announced.append(webhook_type), smallest_partial_cancel=1000)
    receipt = books.open(read_payload(payload(), CLIENT_KEY), 4250)
    receipt.status = status

    with pytest.raises(Refusal, match="RC_NOT_CONFIRM_READY"):
        books.charge(receipt)

    assert (receipt.charges, announced) == (0, [])
