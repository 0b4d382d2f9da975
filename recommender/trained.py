"""What training leaves behind: arrays about titles, and nothing about people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from recommender.arrays import F32, I64, Sparse
from recommender.biases import Biases
from recommender.border import Ratings
from recommender.factors import RANK
from recommender.features import Features, describe
from recommender.kinship import words_only
from recommender.layout import Layout, lay_out
from recommender.neighbours import KEPT
from recommender.ranking import ListHead, fit_list
from recommender.stars import StarsHead, fit_stars, fit_stars_around
from recommender.titles import Title, Titles

EXPECTED_OF_STARS = {"vote": 0.6, "votes": 0.1, "fame": 0.05, "year": 0.05, "common": 0.02}
_EXPECTED_OF_LIKES = {"votes": 1.5, "vote": 0.5, "fame": 0.5, "year": 0.3, "common": 0.3}


@dataclass(frozen=True, eq=False)
class Trained:
    """Title ids (a title's place among them is its position), feature names, and the two heads."""

    title_ids: I64
    names: tuple[str, ...]
    stars: StarsHead
    lists: ListHead

    @cached_property
    def position(self) -> Mapping[int, int]:
        return {number: at for at, number in enumerate(self.title_ids.tolist())}

    @cached_property
    def popularity(self) -> F32:
        return self.lists.popularity(self.stars.features).astype(np.float32)

    @cached_property
    def words(self) -> Sparse:
        """The features that are words, each title's of length one."""
        return words_only(self.stars.features, self.names)

    def amount_of(self, names: Collection[str]) -> F32:
        """Return how much each title has of these features."""
        wanted = np.array([name in names for name in self.names], dtype=np.float32)
        return np.asarray(self.stars.features @ wanted, dtype=np.float32)

    def with_unrated(self, titles: Sequence[Title]) -> "Trained":
        """Return the same with titles added that training did not see, known by their features alone."""
        described = describe(titles, self.names)
        new = np.array([number not in self.position for number in described.ids.tolist()], dtype=bool)
        if not new.any():
            return self
        features = described.matrix[np.flatnonzero(new)]
        return Trained(
            np.concatenate([self.title_ids, described.ids[new]]),
            self.names,
            self.stars.with_unrated(features),
            self.lists.with_unrated(int(new.sum())),
        )


def fit(ratings: Ratings, titles: Titles, seed: int, *, full: bool = False) -> Trained:
    """Fit both heads; the same ratings, titles and seed give the same arrays, in whatever order they come."""
    described = describe(titles.rows)
    layout = lay_out(ratings, np.sort(described.ids))
    stars = _fit_stars(layout, described, seed, full=full)
    lists = fit_list(layout.stars, stars.features, described.weights(_EXPECTED_OF_LIKES), seed)
    return Trained(layout.title_ids, described.names, stars, lists)


def fit_around(
    described: Features, title_ids: I64, biases: Biases, factors: F32, sample: Ratings, held_out: Ratings
) -> Trained:
    """Fit the rest to biases and factors (rows: `title_ids`, ascending) that were fitted on more than the sample.

    `held_out` are rows of the sample that were left out then: the members are weighed on them.
    """
    layout = lay_out(sample, title_ids)
    order = np.searchsorted(title_ids, layout.title_ids)
    features = described.of(layout.title_ids)
    biases = replace(biases, titles=biases.titles[order])
    stars = fit_stars_around(layout.stars, layout.cells_of(held_out), features, biases, factors[order])
    lists = fit_list(layout.stars, features, described.weights(_EXPECTED_OF_LIKES))
    return Trained(layout.title_ids, described.names, stars, lists)


def fit_stars_head(
    ratings: Ratings, titles: Titles, seed: int, *, rank: int, kept: int, full: bool = False
) -> tuple[StarsHead, Layout]:
    """Fit the stars head alone, with so many factors and neighbours."""
    described = describe(titles.rows)
    layout = lay_out(ratings, np.sort(described.ids))
    return _fit_stars(layout, described, seed, rank=rank, kept=kept, full=full), layout


def _fit_stars(
    layout: Layout, described: Features, seed: int, *, rank: int = RANK, kept: int = KEPT, full: bool
) -> StarsHead:
    features = described.of(layout.title_ids)
    rng = np.random.default_rng(seed)
    return fit_stars(layout.stars, features, described.weights(EXPECTED_OF_STARS), rng, rank=rank, kept=kept, full=full)
