"""The catalogue: OTT services, plans, price versions, sharing rules."""

from core.catalogue.plans import (
    CatalogueInvalid,
    Offer,
    offer,
    offers_of,
    price_on,
    price_since,
    services_to_share,
    sync_plans,
)
from core.catalogue.tables import InviteMethod, Plan, PlanPrice, Service, SharingRule

__all__ = [
    "CatalogueInvalid",
    "InviteMethod",
    "Offer",
    "Plan",
    "PlanPrice",
    "Service",
    "SharingRule",
    "offer",
    "offers_of",
    "price_on",
    "price_since",
    "services_to_share",
    "sync_plans",
]
