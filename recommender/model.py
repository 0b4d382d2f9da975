"""Train on ratings and titles; recommend and predict for anybody from their ratings alone."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from scipy import sparse

from recommender import reasons, scoring, snapshot
from recommender.arrays import F32, F64, I64, Sparse
from recommender.best import best_first
from recommender.border import HIGHEST, LOWEST, Ratings, asked_id
from recommender.catalogue import Catalogue, genre_names
from recommender.fold_in import Person, fold_in
from recommender.kinship import kinship_among
from recommender.ranking import Near
from recommender.reasons import Evidence, Reason
from recommender.titles import Titles
from recommender.trained import Trained, fit
from recommender.variety import WINDOW, spread_out

# Stars from which on a title may lead a list.
LIKEABLE = 2.5
# More than any title's worth and any penalty for likeness.
_HARDLY = 1e4

Tier = Literal["instant", "full"]


@dataclass(frozen=True, slots=True)
class Pick:
    """A recommended title: predicted stars (0.5 to 5), the score that orders the list, and why it is there."""

    title_id: int
    stars: float
    score: float
    reason: Reason


@dataclass(frozen=True, eq=False)
class Scored:
    """The catalogue's titles for one person: their scores, the stars predicted (not yet clipped), taste by feature.

    `near` is what their likes say for all trained titles.
    """

    scores: scoring.Scores
    stars: F32
    taste: F32
    near: Near


def train(ratings: Ratings, titles: Titles, *, seed: int = 0, tier: Tier = "instant") -> "Model":
    """Train a model; works from no ratings at all upwards, and the same input and seed give the same model.

    The tier `full` adds Bayesian factors to the stars head: better stars, for some ten times the training.
    """
    if tier not in ("instant", "full"):
        raise ValueError(f"{tier!r} is no tier: instant or full")
    return Model(fit(ratings, titles, seed, full=tier == "full"))


class Model:
    """A trained recommender: knows titles by their ids, and people only while it is asked about them."""

    def __init__(self, trained: Trained) -> None:
        self._whole = Catalogue(trained)
        self._today: tuple[Titles, Catalogue] | None = None
        # asked for now, so that the first person does not wait for it
        self.recommend({})

    @property
    def _trained(self) -> Trained:
        return self._whole.trained

    @property
    def title_ids(self) -> I64:
        """The titles that training saw."""
        return self._trained.title_ids

    @property
    def tier(self) -> Tier:
        """What was trained."""
        return "instant" if self._trained.stars.linked is None else "full"

    def recommend(
        self,
        rated: Mapping[int, float],
        *,
        n: int = 10,
        exclude: Collection[int] = (),
        titles: Titles | None = None,
        genres_liked: Collection[str] = (),
        hide: Callable[[int], bool] | None = None,
        variety: float = 0.0,
    ) -> list[Pick]:
        """Return up to `n` titles, best first, that this person has not rated, with a true reason each.

        Titles predicted below LIKEABLE stars come after all others, however many people like them.

        `rated` may be empty and may name titles the model does not know. `titles` is today's catalogue: only what
        is in it is recommended, titles newer than the model included. `hide` is asked about ids, best first, and
        says which must not be shown. `variety` is how much of a standard deviation of their scores a title may lose
        for being like one before it. Raises `RatingRefused` for stars outside 0.5..5.
        """
        catalogue = self.catalogue_of(titles)
        person = fold_in(catalogue.trained.stars, catalogue.trained.position, rated)
        found = self.scored(catalogue, person, genres_liked)
        total, predicted = found.scores.total, found.stars
        looked_at = n + WINDOW if variety and n > 0 else max(n, 0)
        ordered = _in_order(catalogue, total, predicted, [*person.rated_ids, *exclude], looked_at)
        ids = catalogue.ids
        shown = (at for at in ordered if hide is None or not hide(int(ids[at])))
        chosen = np.array(list(islice(shown, looked_at)), dtype=np.int64)
        if variety:
            chosen = _varied(catalogue, chosen, total, predicted, n, variety)
        why = _reasons(catalogue, person, chosen, found, genres_liked)
        stars = np.clip(predicted[chosen], LOWEST, HIGHEST).tolist()
        return list(map(Pick, ids[chosen].tolist(), stars, total[chosen].tolist(), why))

    def scores(
        self, rated: Mapping[int, float], *, titles: Titles | None = None, genres_liked: Collection[str] = ()
    ) -> dict[int, float]:
        """Return what orders the list, for every title of the catalogue, rated ones included."""
        catalogue = self.catalogue_of(titles)
        person = fold_in(catalogue.trained.stars, catalogue.trained.position, rated)
        total = self.scored(catalogue, person, genres_liked).scores.total
        return dict(zip(catalogue.ids.tolist(), total.tolist(), strict=True))

    def predict(self, rated: Mapping[int, float], title_ids: Sequence[int], *, titles: Titles | None = None) -> F64:
        """Return the stars (0.5 to 5) this person would give; an unknown title gets what an unseen one would."""
        trained = self.catalogue_of(titles).trained
        person = fold_in(trained.stars, trained.position, rated)
        at = np.array([_place(trained, number) for number in title_ids], dtype=np.int64)
        predicted = np.append(trained.stars.predict_all(person.reader), trained.stars.average(person.reader.generosity))
        # the place -1 of an unknown title is the last one
        return np.asarray(np.clip(predicted[at], LOWEST, HIGHEST), dtype=np.float64)

    def predict_all(self, known: Ratings) -> tuple[I64, F32]:
        """Return everybody's id, and the stars (0.5 to 5) that each would give to each of `title_ids`.

        Each person is folded in from their rows of `known`; four bytes for each person and title.
        """
        people, cells = self._cells(known)
        stars = self._trained.stars.predict_everything(cells)
        return people, np.clip(stars, LOWEST, HIGHEST, out=stars)

    def predict_rows(self, known: Ratings, users: I64, title_ids: I64) -> F64:
        """Return the stars (0.5 to 5) of pairs of user and title, each user folded in from their rows of `known`."""
        head, place = self._trained.stars, self._trained.position
        people, cells = self._cells(known)
        # one row more than there are people: who is not among them has rated nothing
        cells.resize(len(people) + 1, cells.shape[1])
        readers = head.read_all(cells)
        row = np.minimum(np.searchsorted(people, users), len(people) - 1) if len(people) else np.zeros_like(users)
        who = np.where(people[row] == users, row, len(people)) if len(people) else row
        asked = np.array([place.get(number, -1) for number in title_ids.tolist()], dtype=np.int64)
        result = head.average(readers.generosity[who])
        pairs = np.flatnonzero(asked >= 0)
        pairs = pairs[np.argsort(who[pairs], kind="stable")]
        result[pairs] = head.predict_pairs(readers, who[pairs], asked[pairs])
        return np.asarray(np.clip(result, LOWEST, HIGHEST), dtype=np.float64)

    def _cells(self, known: Ratings) -> tuple[I64, Sparse]:
        """Return people's ids and what they rated of the model's titles: people x titles."""
        people, row = np.unique(known.users, return_inverse=True)
        titles, of_cell = np.unique(known.titles, return_inverse=True)
        at = np.array([self._trained.position.get(number, -1) for number in titles.tolist()], dtype=np.int64)[of_cell]
        cells = (known.stars[at >= 0], (row[at >= 0], at[at >= 0]))
        matrix = sparse.csr_array(cells, shape=(len(people), len(self.title_ids)), dtype=np.float32)
        matrix.sort_indices()
        return people, matrix

    def dump(self) -> bytes:
        """Return the model as one checksummed snapshot without any row about a person."""
        return snapshot.dump(self._trained)

    @classmethod
    def load(cls, data: bytes | memoryview) -> "Model":
        """Read a snapshot; raises `SnapshotBroken` for anything but an intact one of this version."""
        return cls(snapshot.load(data))

    @staticmethod
    def scored(catalogue: Catalogue, person: Person, genres_liked: Collection[str]) -> Scored:
        """Score the catalogue's titles for one person."""
        trained = catalogue.trained
        outlook = trained.stars.outlook(person.reader)
        predicted = catalogue.taken(outlook.stars)
        near = trained.lists.near(person.rated, person.likes)
        terms: dict[scoring.Term, scoring.Standing] = {
            "near": scoring.stand("near", catalogue.taken(near.values)),
            "popularity": catalogue.popularity,
            "stars": scoring.stand("stars", predicted),
            "taste": scoring.stand("taste", catalogue.taken(outlook.liking)),
            "wishes": catalogue.wished(genres_liked),
        }
        scores = scoring.score(terms, rated=len(person.rated), trust=trained.lists.trust)
        return Scored(scores, predicted, outlook.taste, near)

    def catalogue_of(self, titles: Titles | None) -> Catalogue:
        """Return what is known about this catalogue, worked out anew only when it is another one than last time."""
        if titles is None:
            return self._whole
        last = self._today
        if last is None or last[0] is not titles:
            self._today = last = titles, Catalogue.of(self._trained, titles)
        return last[1]


def _place(trained: Trained, raw_id: object) -> int:
    number = asked_id(raw_id)
    return -1 if number is None else trained.position.get(number, -1)


def _in_order(catalogue: Catalogue, total: F32, predicted: F32, never: Collection[int], wanted: int) -> Iterator[int]:
    """Yield places in the catalogue, best first, without those that must not be shown."""
    allowed = np.ones(len(total), dtype=bool)
    allowed[catalogue.places_of(never)] = False
    # what this person would hardly like comes last, however many others like it
    likeable = predicted >= LIKEABLE
    yield from best_first(total, catalogue.ids, wanted, allowed & likeable)
    yield from best_first(total, catalogue.ids, wanted, allowed & ~likeable)


def _varied(catalogue: Catalogue, best: I64, total: F32, predicted: F32, n: int, strength: float) -> I64:
    """Return `n` of the best places in a varied order; what this person would hardly like still comes last."""
    kinship = kinship_among(catalogue.trained.words, catalogue.positions(best))
    hardly = np.where(predicted[best] < LIKEABLE, np.float32(_HARDLY), np.float32(0))
    chosen: I64 = best[spread_out(total[best] / np.float32(scoring.POINTS) - hardly, kinship, n, strength)]
    return chosen


def _reasons(
    catalogue: Catalogue, person: Person, chosen: I64, found: Scored, genres_liked: Collection[str]
) -> Iterator[Reason]:
    """Word, for each title, the strongest term that can be worded truly."""
    trained, positions = catalogue.trained, catalogue.positions(chosen)
    evidence = Evidence(
        title_ids=trained.title_ids,
        names=trained.names,
        features=trained.stars.features,
        rated=person.rated,
        given=person.given,
        residuals=person.reader.residuals,
        taste=found.taste,
        wished=genre_names(genres_liked),
        promised=trained.lists.prior.weights,
    )
    by_ratings = reasons.from_ratings(evidence, trained.lists.pulls(person.rated, person.likes, positions, found.near))
    for title, near, strongest in zip(positions.tolist(), by_ratings, found.scores.strongest(chosen), strict=True):
        yield _reason(trained, evidence, title, near, strongest)


def _reason(
    trained: Trained, evidence: Evidence, title: int, near: Reason | None, strongest: Sequence[scoring.Term]
) -> Reason:
    for term in strongest:
        match term:
            case "near":
                reason = near
            case "taste":
                reason = reasons.from_taste(evidence, title)
            case "wishes":
                reason = reasons.from_wishes(evidence, title)
            case "popularity":
                reason = reasons.from_promise(evidence, title, known=trained.lists.is_known(title))
            case "stars":
                reason = Reason("taste_like_yours") if len(evidence.rated) else None
        if reason is not None:
            return reason
    if len(evidence.rated):
        return Reason("taste_like_yours")
    return reasons.from_promise(evidence, title, known=trained.lists.is_known(title))
