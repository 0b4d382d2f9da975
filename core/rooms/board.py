"""What the board of a party's room says to whom: pure, from how the party stands to plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.dates import Period


@dataclass(frozen=True)
class Subject:
    """What the party shares, in the words of the catalogue."""

    party_id: int
    emoji: str
    service_ko: str
    service_en: str
    plan_ko: str
    plan_en: str

    def words(self) -> dict[str, Any]:
        """Return the subject as the data of a notice."""
        return {
            "party": self.party_id,
            "emoji": self.emoji,
            "service_ko": self.service_ko,
            "service_en": self.service_en,
            "plan_ko": self.plan_ko,
            "plan_en": self.plan_en,
        }


@dataclass(frozen=True)
class Insider:
    """A person who may be in the room; who is suspended reads and does not write."""

    person_id: int
    nickname: str | None
    language: str
    reachable: bool
    is_host: bool
    last_day: date | None
    suspended: bool = False


@dataclass(frozen=True)
class Owed:
    """One member's bill of a cycle."""

    amount_won: int
    due_on: date
    paid: bool


@dataclass(frozen=True)
class Standing:
    """How a party stands on a day; `bills` and `next_bills` by person, of insiders only."""

    subject: Subject
    open: bool
    recruiting: bool
    starts_on: date
    seats: int
    period: Period
    insiders: tuple[Insider, ...]
    bills: Mapping[int, Owed]
    next_bills: Mapping[int, Owed]


def board_for(standing: Standing, reader: Insider, today: date) -> dict[str, Any]:
    """Return what one reader's board shows; who has not paid or is suspended is named to the host alone."""
    return {
        **standing.subject.words(),
        "recruiting": standing.recruiting,
        "from": max(standing.period.starts_on, standing.starts_on).isoformat(),
        "until": standing.period.last_day.isoformat(),
        "people": len(standing.insiders),
        "seats": standing.seats,
        "now": _payments(standing, standing.bills, reader),
        "next_on": standing.period.ends_on.isoformat(),
        "next": _payments(standing, standing.next_bills, reader),
        "suspended": nicknames(one for one in standing.insiders if one.suspended) if reader.is_host else None,
        "host": reader.is_host,
        "last_day": reader.last_day and reader.last_day.isoformat(),
        "own": _own(standing.bills.get(reader.person_id), today),
        "own_next": _own(standing.next_bills.get(reader.person_id), today),
    }


def _payments(standing: Standing, bills: Mapping[int, Owed], reader: Insider) -> dict[str, Any] | None:
    if not bills:
        return None
    unpaid = [one.nickname for one in standing.insiders if one.person_id in bills and not bills[one.person_id].paid]
    return {
        "paid": sum(bill.paid for bill in bills.values()),
        "bills": len(bills),
        "unpaid": unpaid if reader.is_host else None,
    }


def _own(bill: Owed | None, today: date) -> dict[str, Any] | None:
    if bill is None:
        return None
    state = "paid" if bill.paid else "late" if bill.due_on < today else "open"
    return {"state": state, "won": bill.amount_won, "due_on": bill.due_on.isoformat()}


def fingerprint(content: Mapping[str, Any], language: str) -> str:
    """Return 64 characters that change with what a board says or with the language it says it in."""
    words = json.dumps([language, content], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(words.encode()).hexdigest()


def nicknames(people: Iterable[Insider]) -> list[str | None]:
    """Return what people are called, in their order."""
    return [person.nickname for person in people]
