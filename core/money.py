"""Won, whole and exact: shares, the odd won, days of a month."""

from __future__ import annotations


def split(total_won: int, parts: int, *, turn: int = 0) -> list[int]:
    """Split `total_won` into `parts` shares that sum to it and differ by at most one won.

    `turn` (the cycle's number) says where the odd won starts: it advances by the remainder each turn, so that
    over `parts` turns everybody has borne the same.
    """
    if total_won < 0 or parts < 1 or turn < 0:
        raise ValueError(f"cannot split {total_won} won into {parts} parts at turn {turn}")
    share, odd = divmod(total_won, parts)
    first = turn * odd % parts
    shares = [share] * parts
    for step in range(odd):
        shares[(first + step) % parts] += 1
    return shares


def pro_rata(amount_won: int, days: int, days_in_cycle: int) -> int:
    """Return the part of `amount_won` for `days` of a cycle, rounded down: nobody pays for a started won."""
    if not 0 <= days <= days_in_cycle or days_in_cycle < 1 or amount_won < 0:
        raise ValueError(f"cannot take {days} of {days_in_cycle} days of {amount_won} won")
    return amount_won * days // days_in_cycle
