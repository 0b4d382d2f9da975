"""The stars head as a scikit-surprise algorithm, so that Surprise's own tools can judge it."""

from collections import OrderedDict
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from surprise import AlgoBase, Dataset, Reader

from recommender.arrays import F32, F64, I64, Sparse
from recommender.blend import fit_blend
from recommender.border import HIGHEST, LOWEST, Ratings, plain_id
from recommender.factors import RANK
from recommender.model import Tier
from recommender.neighbours import KEPT
from recommender.titles import Titles
from recommender.trained import fit_stars_head

_UNKNOWN = "UKN__"
_PEOPLE_KEPT = 2048
_HELD_OUT = 0.12


class HybridSVDKNN(AlgoBase):  # type: ignore[misc]  # scikit-surprise ships no types
    """Damped biases, factors, item-KNN and taste in features, blended by weights that training finds.

    Works in `cross_validate`, `GridSearchCV` and `dump`; estimates pairs of unknown users or titles too. `titles` is
    optional; ids are matched as everywhere in this package: 1 and "1" are one title. Ratings on a scale that does not
    fit into 0.5 to 5 are stretched onto it and back.

    `members` are other Surprise algorithms (SVD, KNNBaseline, ...), fitted or not, that join the blend. They are copied
    and fitted anew on the training rows, once without some of them to learn how much each is worth: whatever a member
    was fitted on before, no row of a test fold reaches it.
    """

    def __init__(
        self,
        titles: Titles | None = None,
        n_factors: int = RANK,
        k: int = KEPT,
        random_state: int = 0,
        tier: Tier = "instant",
        members: Sequence[AlgoBase] = (),
    ) -> None:
        super().__init__()
        self.titles = titles
        self.n_factors = n_factors
        self.k = k
        self.random_state = random_state
        self.tier = tier
        self.members = members
        self._rows: OrderedDict[int | None, F32] = OrderedDict()

    def fit(self, trainset: Any) -> "HybridSVDKNN":
        """Fit on a Surprise trainset."""
        super().fit(trainset)
        if self.members:
            self._shares = self._weigh_members(trainset)
            self._joined = [deepcopy(member).fit(trainset) for member in self.members]
        self._fit_own(trainset)
        return self

    def _weigh_members(self, trainset: Any) -> F64:
        """Return how much of each member's difference to our own estimate to believe, found on rows held out."""
        rows = [
            (trainset.to_raw_uid(user), trainset.to_raw_iid(title), stars)
            for user, title, stars in trainset.all_ratings()
        ]
        held_out = np.random.default_rng(self.random_state).random(len(rows)) < _HELD_OUT
        known = [(*row, None) for row, out in zip(rows, held_out.tolist(), strict=True) if not out]
        asked = [row for row, out in zip(rows, held_out.tolist(), strict=True) if out]
        if not known or not asked:
            return np.zeros(len(self.members))
        part = Dataset(reader=Reader(rating_scale=trainset.rating_scale)).construct_trainset(known)
        trial = [deepcopy(member).fit(part) for member in self.members]
        alone = HybridSVDKNN(self.titles, self.n_factors, self.k, self.random_state, self.tier).fit(part)
        own = np.array([alone.predict(user, title).est for user, title, _ in asked])
        terms = [[member.predict(user, title).est for user, title, _ in asked] for member in trial]
        stars = np.array([stars for *_, stars in asked])
        return fit_blend(np.array(terms).T - own[:, None], stars - own, np.zeros(len(trial)))

    def _fit_own(self, trainset: Any) -> None:
        self._rows.clear()
        low, high = trainset.rating_scale
        fits = low >= LOWEST and high <= HIGHEST
        self._stretch = 1.0 if fits else (HIGHEST - LOWEST) / ((high - low) or 1)
        self._shift = 0.0 if fits else LOWEST - low * self._stretch
        rows = list(trainset.all_ratings())
        ratings = Ratings(
            [trainset.to_raw_uid(user) for user, _, _ in rows],
            [trainset.to_raw_iid(title) for _, title, _ in rows],
            np.array([stars for *_, stars in rows]) * self._stretch + self._shift,
        )
        self._head, self._layout = fit_stars_head(
            ratings,
            self.titles or Titles(),
            self.random_state,
            rank=self.n_factors,
            kept=self.k,
            full=self.tier == "full",
        )
        self._people = {number: row for row, number in enumerate(self._layout.user_ids.tolist())}
        self._places = {number: at for at, number in enumerate(self._layout.title_ids.tolist())}

    def estimate(self, u: int | str, i: int | str) -> float:
        """Return the stars of an inner (or, as Surprise marks them, unknown) user and title."""
        user = self.trainset.to_raw_uid(u) if isinstance(u, int) else u.removeprefix(_UNKNOWN)
        title = self.trainset.to_raw_iid(i) if isinstance(i, int) else i.removeprefix(_UNKNOWN)
        row = self._row(self._people.get(plain_id(user)))
        at = self._places.get(plain_id(title), len(row) - 1)
        own = (float(row[at]) - self._shift) / self._stretch
        if not self.members:
            return own
        theirs = np.array([member.predict(user, title).est for member in self._joined])
        return own + float(self._shares @ (theirs - own))

    def _row(self, person: int | None) -> F32:
        """Return one person's stars for all titles and, last, for an unknown title; the latest people are kept."""
        row = self._rows.get(person)
        if row is None:
            rated, given = _ratings_of(self._layout.stars, person)
            reader = self._head.read(rated, given)
            row = np.append(self._head.predict_all(reader), np.float32(self._head.average(reader.generosity)))
            self._rows[person] = row
            if len(self._rows) > _PEOPLE_KEPT:
                self._rows.popitem(last=False)
        return row

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_rows": OrderedDict()}


def _ratings_of(stars: Sparse, person: int | None) -> tuple[I64, F64]:
    mine = slice(0, 0) if person is None else slice(stars.indptr[person], stars.indptr[person + 1])
    return stars.indices[mine].astype(np.int64), stars.data[mine].astype(np.float64)
