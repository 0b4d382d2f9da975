"""The banks that payouts go to, by the three digits that Korea's clearing house gave them."""

from __future__ import annotations

# The most used ones first: this is the order of the buttons.
BANKS = (
    "090", "092", "004", "088", "020", "081", "011", "003", "089", "045", "071", "023",
    "027", "031", "032", "039", "034", "037", "035", "048", "007", "002",
)  # fmt: skip
