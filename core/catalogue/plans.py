"""The plans that parties can be opened on, and what they cost on a day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import InviteMethod, Plan, PlanPrice, Service, SharingRule
from core.errors import NotFound, PlanNotShareable


class CatalogueInvalid(Exception):
    """The price versions of a plan contradict each other, or what the database has of them; the message says where."""


@dataclass(frozen=True)
class Offer:
    """A plan with its service and its price (won a month) on a day."""

    service: Service
    plan: Plan
    price_won: int


async def services_to_share(session: AsyncSession) -> Sequence[Service]:
    """Return the services with at least one plan that may be shared, in the catalogue's order."""
    plans = (await session.scalars(select(Plan))).all()
    shareable = {plan.service_id for plan in plans if plan.shareable}
    return (await session.scalars(select(Service).where(Service.id.in_(shareable)).order_by(Service.position))).all()


async def offers_of(session: AsyncSession, service_id: int, today: date) -> list[Offer]:
    """Return the plans of a service that may be shared, with today's prices."""
    service = await session.get(Service, service_id)
    if service is None:
        raise NotFound(what="service", id=service_id)
    plans = (await session.scalars(select(Plan).where(Plan.service_id == service_id).order_by(Plan.position))).all()
    return [Offer(service, plan, await price_on(session, plan.id, today)) for plan in plans if plan.shareable]


async def offer(session: AsyncSession, plan_id: int, today: date) -> Offer:
    """Return one plan with today's price; PlanNotShareable when no party may be opened on it."""
    plan = await session.get(Plan, plan_id)
    if plan is None:
        raise NotFound(what="plan", id=plan_id)
    if not plan.shareable:
        raise PlanNotShareable(plan=plan.slug)
    service = await session.get_one(Service, plan.service_id)
    return Offer(service, plan, await price_on(session, plan.id, today))


async def price_on(session: AsyncSession, plan_id: int, day: date) -> int:
    """Return what a plan costs on a day, in won a month."""
    price = await session.scalar(select(PlanPrice.price_won).where(*_valid(plan_id, day)))
    if price is None:
        raise NotFound(what="price", id=plan_id)
    return price


async def price_since(session: AsyncSession, plan_id: int, price_won: int, day: date) -> date | None:
    """Return since when a plan costs `price_won`, as the catalogue tells it for a day; None when it does not."""
    known = select(PlanPrice.valid_from).where(*_valid(plan_id, day), PlanPrice.price_won == price_won)
    return await session.scalar(known)


def _valid(plan_id: int, day: date) -> tuple[ColumnElement[bool], ...]:
    still = or_(PlanPrice.valid_to.is_(None), PlanPrice.valid_to > day)
    return PlanPrice.plan_id == plan_id, PlanPrice.valid_from <= day, still


def catalogue_data() -> dict[str, Any]:
    """Return the plans that come with TWO."""
    data: dict[str, Any] = json.loads(files("core.catalogue").joinpath("plans.json").read_text("utf-8"))
    return data


async def sync_plans(session: AsyncSession, data: dict[str, Any] | None = None) -> None:
    """Bring the catalogue up to date with the data: new rows are added, known ones described anew, none deleted.

    CatalogueInvalid for prices that overlap, or that would rewrite one which parties may have paid by.
    """
    data = data or catalogue_data()
    checked_on = date.fromisoformat(data["checked_on"])
    services = {service.slug: service for service in await session.scalars(select(Service))}
    plans = {plan.slug: plan for plan in await session.scalars(select(Plan))}
    for position, row in enumerate(data["services"]):
        service = services.setdefault(row["slug"], Service(slug=row["slug"]))
        for field in ("name_ko", "name_en", "emoji", "risk_note_ko", "risk_note_en", "tmdb_provider_ids"):
            setattr(service, field, row[field])
        service.position = position
        session.add(service)
        await session.flush()
        for place, about in enumerate(row["plans"]):
            plan = plans.setdefault(about["slug"], Plan(slug=about["slug"], withdrawn=False))
            for field in ("name_ko", "name_en", "streams", "profiles", "downloads", "adult_auth", "confidence"):
                setattr(plan, field, about[field])
            plan.service_id, plan.position, plan.checked_on = service.id, place, checked_on
            plan.sharing_rule = SharingRule(about["household_rule"])
            plan.invite_method = InviteMethod(about["invite_method"])
            plan.seats_min, plan.seats_max, plan.source = about["seats_min"], about["seats_max"], about["source"][:200]
            session.add(plan)
            await session.flush()
            await sync_prices(session, plan, about["prices"])
    await session.flush()


async def sync_prices(session: AsyncSession, plan: Plan, versions: Sequence[Mapping[str, Any]]) -> None:
    """Add the price versions of a plan that are new; each one ends where the next begins."""
    told = sorted((_version(plan, version) for version in versions), key=lambda price: price.valid_from)
    for before, after in pairwise(told):
        if before.valid_from == after.valid_from or (before.valid_to or after.valid_from) > after.valid_from:
            raise CatalogueInvalid(f"{plan.slug}: two prices on {after.valid_from}")
    known = {price.valid_from: price for price in await session.scalars(_history(plan.id))}
    for price in told:
        if price.valid_from not in known:
            session.add(price)
        elif known[price.valid_from].price_won != price.price_won:
            raise CatalogueInvalid(f"{plan.slug}: the price of {price.valid_from} was another; add a version instead")
    await session.flush()
    for former, newer in pairwise(await session.scalars(_history(plan.id))):
        former.valid_to = min(former.valid_to or newer.valid_from, newer.valid_from)


def _history(plan_id: int) -> Select[PlanPrice]:
    return select(PlanPrice).where(PlanPrice.plan_id == plan_id).order_by(PlanPrice.valid_from)


def _version(plan: Plan, about: Mapping[str, Any]) -> PlanPrice:
    valid_to = about["valid_to"] and date.fromisoformat(about["valid_to"])
    valid_from = date.fromisoformat(about["valid_from"])
    if valid_to and valid_to <= valid_from:
        raise CatalogueInvalid(f"{plan.slug}: the price of {valid_from} ends before it begins")
    return PlanPrice(plan_id=plan.id, price_won=about["price_won"], valid_from=valid_from, valid_to=valid_to)
