"""The demo catalogue: real films and series, and an invented crowd that has rated them."""

from bot.sandbox.catalogue.audience import CrowdRating, crowd
from bot.sandbox.catalogue.titles import GENRES, SERVICES, Kind, Person, Title, load_titles

__all__ = ["GENRES", "SERVICES", "CrowdRating", "Kind", "Person", "Title", "crowd", "load_titles"]
