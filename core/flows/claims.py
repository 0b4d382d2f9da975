"""Claims: access does not work, the host answers, an operator decides; the days without it come back."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.acts import record_act
from core.billing import Limits, last_release
from core.billing.refund_rules import days_between
from core.dates import period_of, seoul_date
from core.errors import InvalidInput, NotYours, Outdated
from core.flows.giving_back import BackPlan, give_back, paid_bills
from core.outbox import notice
from core.parties import (
    INSIDE,
    Claim,
    ClaimState,
    Membership,
    MembershipState,
    Party,
    PartyState,
    Role,
    get_claim,
    lock_party,
    membership_of,
    move_claim,
    new_claim,
    rejected_at,
)


async def open_claim(session: AsyncSession, party_id: int, person_id: int, broken_since: date, now: datetime) -> Claim:
    """Say as a member that access has not worked since a day of the stay; until it is decided nothing is released.

    Outdated when a claim of theirs is under way already; InvalidInput for days about which one was rejected, so that
    nobody holds a host's money for ever by claiming the same again.
    """
    party = await lock_party(session, party_id)
    membership = await membership_of(session, party_id, person_id)
    if membership.role is Role.HOST or membership.state not in INSIDE or membership.serves_from is None:
        raise Outdated(what="claim")
    if not membership.serves_from <= broken_since <= seoul_date(now):
        raise InvalidInput(field="claim", rule="broken_since")
    decided_at = await rejected_at(session, membership.id)
    if decided_at is not None and broken_since < seoul_date(decided_at):
        raise InvalidInput(field="claim", rule="decided")
    # Who waits here for a release comes after it, although they read the clock before.
    released_at = await last_release(session, membership.id)
    claim = await new_claim(session, membership, broken_since, max(now, released_at or now))
    notice(session, now, party.host_id, "claims.opened", {"claim": claim.id})
    return claim


async def answer_claim(session: AsyncSession, claim_id: int, host_id: int, now: datetime) -> None:
    """Say as the host that it works again; the member agrees by withdrawing, or an operator decides."""
    claim, party, membership = await _locked(session, claim_id)
    if party.host_id != host_id:
        raise NotYours(what="claim", id=claim_id)
    await move_claim(session, claim.id, ClaimState.ANSWERED, answered_at=now)
    notice(session, now, membership.person_id, "claims.answered", {"claim": claim_id})


async def withdraw_claim(session: AsyncSession, claim_id: int, person_id: int, now: datetime) -> None:
    """Take a claim back as the member who made it: it works."""
    claim, party, membership = await _locked(session, claim_id)
    if membership.person_id != person_id:
        raise NotYours(what="claim", id=claim_id)
    await move_claim(session, claim.id, ClaimState.WITHDRAWN, under_way=None, closed_at=now)
    notice(session, now, party.host_id, "claims.withdrawn", {"claim": claim_id})


async def claim_preview(
    session: AsyncSession, claim_id: int, now: datetime, *, works_since: date | None = None
) -> BackPlan:
    """Say what upholding a claim would give back; changes nothing."""
    claim = await get_claim(session, claim_id)
    party = await session.get_one(Party, claim.party_id)
    return await _plan(session, claim, _until(claim, party, works_since, now))


async def resolve_claim(
    session: AsyncSession,
    claim_id: int,
    by: str,
    now: datetime,
    limits: Limits,
    *,
    upheld: bool,
    works_since: date | None = None,
) -> BackPlan:
    """Decide a claim as an operator; upheld, the days from when it broke come back, to when it worked again or else to
    the end of the running period."""
    claim, party, membership = await _locked(session, claim_id)
    plan = BackPlan([])
    if upheld:
        until = _until(claim, party, works_since, now)
        plan = await _plan(session, claim, until)
        await move_claim(
            session, claim_id, ClaimState.UPHELD, under_way=None, broken_until=until, closed_at=now, closed_by=by
        )
        stays = membership.state is MembershipState.ACTIVE and party.state is PartyState.ACTIVE
        await give_back(session, plan.lines, "claim", now, limits, stays=stays)
    else:
        await move_claim(session, claim_id, ClaimState.REJECTED, under_way=None, closed_at=now, closed_by=by)
    word = "claims.upheld" if upheld else "claims.rejected"
    for person_id in (membership.person_id, party.host_id):
        notice(session, now, person_id, word, {"claim": claim_id, "won": plan.back_won})
    record_act(session, now, by, word.replace("claims.", "claim_"), claim=claim_id, won=plan.back_won)
    return plan


async def _locked(session: AsyncSession, claim_id: int) -> tuple[Claim, Party, Membership]:
    party = await lock_party(session, (await get_claim(session, claim_id)).party_id)
    claim = await get_claim(session, claim_id)
    return claim, party, await session.get_one(Membership, claim.membership_id, populate_existing=True)


def _until(claim: Claim, party: Party, works_since: date | None, now: datetime) -> date:
    today = seoul_date(now)
    if works_since is None:
        return period_of(max(today, party.starts_on), party.anchor_day).ends_on
    if not claim.broken_since < works_since <= today:
        raise InvalidInput(field="claim", rule="works_since")
    return works_since


async def _plan(session: AsyncSession, claim: Claim, until: date) -> BackPlan:
    return BackPlan(days_between(await paid_bills(session, claim.membership_id), claim.broken_since, until))
