"""Ratings and titles as arrays in, ranked ids with reasons out."""

from typing import TYPE_CHECKING

from recommender.alike import Similar, similar
from recommender.border import RatingRefused, Ratings
from recommender.explain import Explained, why
from recommender.model import Model, Pick, Tier, train
from recommender.packing import SnapshotBroken
from recommender.reasons import Reason
from recommender.titles import Title, Titles
from recommender.variety import VARIETY

if TYPE_CHECKING:
    from recommender.hybrid import HybridSVDKNN

__all__ = [
    "VARIETY",
    "Explained",
    "HybridSVDKNN",
    "Model",
    "Pick",
    "RatingRefused",
    "Ratings",
    "Reason",
    "Similar",
    "SnapshotBroken",
    "Tier",
    "Title",
    "Titles",
    "similar",
    "train",
    "why",
]


def __getattr__(name: str) -> object:
    """Import scikit-surprise, which brings pandas, only for those who ask for `HybridSVDKNN`."""
    if name == "HybridSVDKNN":
        from recommender.hybrid import HybridSVDKNN

        return HybridSVDKNN
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
