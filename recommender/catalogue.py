"""Today's catalogue over what was trained: everything about it that does not depend on the person, worked out once."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from recommender.arrays import F32, I64
from recommender.border import asked_id
from recommender.features import GENRE
from recommender.scoring import Standing, stand
from recommender.titles import Titles
from recommender.trained import Trained

_WISHES_KEPT = 256


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What is trained, newer titles included, and the positions that may be recommended, ascending; None means all."""

    trained: Trained
    at: I64 | None = None
    _wishes: dict[frozenset[str], Standing] = field(default_factory=dict)

    @classmethod
    def of(cls, trained: Trained, titles: Titles) -> "Catalogue":
        """Lay a catalogue over what is trained."""
        grown = trained.with_unrated(titles.rows)
        at = np.sort(np.array([grown.position[title.id] for title in titles.rows], dtype=np.int64))
        return cls(grown, None if len(at) == len(grown.title_ids) else at)

    def taken(self, values: F32) -> F32:
        """Return the values of the catalogue's titles out of those of all titles."""
        return values if self.at is None else values[self.at]

    def positions(self, candidates: I64) -> I64:
        """Return where these of the catalogue's titles stand among all titles."""
        return candidates if self.at is None else self.at[candidates]

    def places_of(self, raw_ids: Collection[int]) -> I64:
        """Return where these ids stand in the catalogue; those that are not in it are left out."""
        position = self.trained.position
        ids = (raw if type(raw) is int else asked_id(raw) for raw in raw_ids)
        known = [position.get(number, -1) for number in ids if number is not None]
        at = np.array([place for place in known if place >= 0], dtype=np.int64)
        if self.at is None or not len(at) or not len(self.at):
            return at if self.at is None else at[:0]
        places = np.minimum(np.searchsorted(self.at, at), len(self.at) - 1)
        found: I64 = places[self.at[places] == at]
        return found

    @cached_property
    def ids(self) -> I64:
        """The ids of the catalogue's titles."""
        return self.trained.title_ids if self.at is None else self.trained.title_ids[self.at]

    @cached_property
    def popularity(self) -> Standing:
        """How popular each of the catalogue's titles is or, by its features, should be."""
        return stand("popularity", self.taken(self.trained.popularity))

    def wished(self, genres: Collection[str]) -> Standing:
        """Return how much of each title is of these genres."""
        names = genre_names(genres)
        if names not in self._wishes:
            if len(self._wishes) == _WISHES_KEPT:
                self._wishes.clear()
            self._wishes[names] = stand("wishes", self.taken(self.trained.amount_of(names)))
        return self._wishes[names]


def genre_names(genres: Collection[str]) -> frozenset[str]:
    """Return the names of these genres' features."""
    return frozenset(f"{GENRE}:{genre}" for genre in genres)
