"""What refunds say of themselves: every reason that one can have, in every language."""

from __future__ import annotations

import pytest

from bot.texts import SPEECH, Speech
from bot.views import refunds as views
from core.billing import Refund
from core.billing.refund_books import CREDIT_LEFT, OUTSIDE, STRAY, TWICE

REASONS = (
    "left", "removed", "withdrawn", "party_ended", "claim", "too_few", "host_cancelled",
    STRAY, CREDIT_LEFT, OUTSIDE, TWICE,
)  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("say", SPEECH.values(), ids=SPEECH)
def test_every_reason_of_a_refund_has_its_sentence(say: Speech, reason: str) -> None:
    assert views.why(say, Refund(reason=reason))
