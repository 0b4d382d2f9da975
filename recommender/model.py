"""Train on ratings and titles; recommend and predict for anybody from their ratings alone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender import reasons, scoring, snapshot
from recommender.arrays import F64, I64
from recommender.border import HIGHEST, LOWEST, Ratings, plain_id
from recommender.fold_in import Person, fold_in
from recommender.reasons import Evidence, Reason
from recommender.titles import Titles
from recommender.trained import Trained, fit, genre_names

# Stars from which on a title may lead a list.
LIKEABLE = 2.5


@dataclass(frozen=True, slots=True)
class Pick:
    """A recommended title: predicted stars (0.5 to 5), the score that orders the list, and why it is there."""

    title_id: int
    stars: float
    score: float
    reason: Reason


def train(ratings: Ratings, titles: Titles, *, seed: int = 0) -> "Model":
    """Train a model; works from no ratings at all upwards, and the same input and seed give the same model."""
    return Model(fit(ratings, titles, seed))


class Model:
    """A trained recommender: knows titles by their ids, and people only while it is asked about them."""

    def __init__(self, trained: Trained) -> None:
        self._trained = trained
        self._catalogue: tuple[Titles, Trained, I64] | None = None

    @property
    def title_ids(self) -> I64:
        """The titles that training saw."""
        return self._trained.title_ids

    def recommend(
        self,
        rated: Mapping[int, float],
        *,
        n: int = 10,
        exclude: Collection[int] = (),
        titles: Titles | None = None,
        genres_liked: Collection[str] = (),
        hide: Callable[[int], bool] | None = None,
    ) -> list[Pick]:
        """Return up to `n` titles, best first, that this person has not rated, with a true reason each.

        Titles predicted below LIKEABLE stars come after all others, however many people like them.

        `rated` may be empty and may name titles the model does not know. `titles` is today's catalogue: only what
        is in it is recommended, titles newer than the model included. `hide` is asked about ids, best first, and
        says which must not be shown. Raises `RatingRefused` for stars outside 0.5..5.
        """
        trained, candidates = self._today(titles)
        person = fold_in(trained.stars, trained.position, rated)
        predicted, scores = _score(trained, person, candidates, genres_liked)
        never = person.rated_ids | {plain_id(number) for number in exclude}
        evidence = _evidence(trained, person, genres_liked)
        total = scores.total
        picks: list[Pick] = []
        # what this person would hardly like comes last, however many others like it
        disliked = predicted[candidates] < LIKEABLE
        # equal scores: the smaller id first, whatever the order of the catalogue
        for candidate in np.lexsort((trained.title_ids[candidates], -total, disliked)).tolist():
            if len(picks) >= n:
                break
            at = int(candidates[candidate])
            number = int(trained.title_ids[at])
            if number in never or (hide is not None and hide(number)):
                continue
            reason = _reason(trained, evidence, person, at, scores.strongest(candidate))
            picks.append(Pick(number, float(predicted[at]), float(total[candidate]), reason))
        return picks

    def scores(
        self, rated: Mapping[int, float], *, titles: Titles | None = None, genres_liked: Collection[str] = ()
    ) -> dict[int, float]:
        """Return what orders the list, for every title of the catalogue, rated ones included."""
        trained, candidates = self._today(titles)
        person = fold_in(trained.stars, trained.position, rated)
        total = _score(trained, person, candidates, genres_liked)[1].total
        return dict(zip(trained.title_ids[candidates].tolist(), total.tolist(), strict=True))

    def predict(self, rated: Mapping[int, float], title_ids: Sequence[int], *, titles: Titles | None = None) -> F64:
        """Return the stars (0.5 to 5) this person would give; an unknown title gets what an unseen one would."""
        trained, _ = self._today(titles)
        person = fold_in(trained.stars, trained.position, rated)
        at = np.array([_place(trained, number) for number in title_ids], dtype=np.int64)
        result = np.full(len(at), trained.stars.average(float(person.readers.generosity[0])))
        known = np.flatnonzero(at >= 0)
        result[known] = trained.stars.predict(person.readers, np.zeros_like(known), at[known])
        return np.asarray(np.clip(result, LOWEST, HIGHEST), dtype=np.float64)

    def predict_rows(self, known: Ratings, users: I64, title_ids: I64) -> F64:
        """Return the stars (0.5 to 5) of pairs of user and title, each user folded in from their rows of `known`."""
        head, place = self._trained.stars, self._trained.position
        at = np.array([place.get(number, -1) for number in known.titles.tolist()], dtype=np.int64)
        people, of_row = np.unique(known.users, return_inverse=True)
        # one row more than there are people: who is not among them has rated nothing
        shape = (len(people) + 1, len(self._trained.title_ids))
        cells = sparse.csr_array((known.stars[at >= 0], (of_row[at >= 0], at[at >= 0])), shape=shape)
        readers = head.read(cells)
        row = np.minimum(np.searchsorted(people, users), len(people) - 1) if len(people) else np.zeros_like(users)
        who = np.where(people[row] == users, row, len(people)) if len(people) else row
        asked = np.array([place.get(number, -1) for number in title_ids.tolist()], dtype=np.int64)
        result = head.average(readers.generosity[who])
        pairs = np.flatnonzero(asked >= 0)
        result[pairs] = head.predict(readers, who[pairs], asked[pairs])
        return np.asarray(np.clip(result, LOWEST, HIGHEST), dtype=np.float64)

    def dump(self) -> bytes:
        """Return the model as one checksummed snapshot without any row about a person."""
        return snapshot.dump(self._trained)

    @classmethod
    def load(cls, data: bytes | memoryview) -> "Model":
        """Read a snapshot; raises `SnapshotBroken` for anything but an intact one of this version."""
        return cls(snapshot.load(data))

    def _today(self, titles: Titles | None) -> tuple[Trained, I64]:
        """Return what is known with this catalogue's newer titles, and the positions of the catalogue's titles."""
        if titles is None:
            return self._trained, np.arange(len(self._trained.title_ids))
        last = self._catalogue
        if last is None or last[0] is not titles:
            trained = self._trained.with_unrated(titles.rows)
            at = np.array([trained.position[title.id] for title in titles.rows], dtype=np.int64)
            self._catalogue = last = titles, trained, at
        return last[1], last[2]


def _place(trained: Trained, raw_id: object) -> int:
    number = plain_id(raw_id)
    return -1 if number is None else trained.position.get(number, -1)


def _score(
    trained: Trained, person: Person, candidates: I64, genres_liked: Collection[str]
) -> tuple[F64, scoring.Scores]:
    """Return the clipped stars of all titles and the scores of the candidates."""
    members = trained.stars.all_terms(person.readers)
    base = trained.stars.base(float(person.readers.generosity[0]), slice(None))
    predicted = base + members @ trained.stars.weights
    terms: dict[scoring.Term, F64] = {
        "near": trained.lists.near(person.likes),
        "popularity": trained.popularity,
        "stars": predicted,
        "taste": members[:, 2],
        "wishes": trained.wished(genres_liked),
    }
    scores = scoring.score(terms, candidates, rated=len(person.rated), trust=trained.lists.trust)
    return np.clip(predicted, LOWEST, HIGHEST), scores


def _evidence(trained: Trained, person: Person, genres_liked: Collection[str]) -> Evidence:
    return Evidence(
        title_ids=trained.title_ids,
        names=trained.names,
        features=trained.stars.features,
        rated=person.rated,
        given=person.given,
        residuals=person.readers.residuals.data,
        taste=person.readers.taste.toarray()[0],
        wished=genre_names(genres_liked),
        promised=trained.lists.prior.weights,
    )


def _reason(
    trained: Trained, evidence: Evidence, person: Person, title: int, strongest: Sequence[scoring.Term]
) -> Reason:
    """Word the strongest term that can be worded truly."""
    for term in strongest:
        match term:
            case "near":
                reason = reasons.from_ratings(evidence, trained.lists.pulls(person.likes, person.rated, title))
            case "taste":
                reason = reasons.from_taste(evidence, title)
            case "wishes":
                reason = reasons.from_wishes(evidence, title)
            case "popularity":
                reason = reasons.from_promise(evidence, title, known=trained.lists.is_known(title))
            case "stars":
                reason = Reason("taste_like_yours") if len(person.rated) else None
        if reason is not None:
            return reason
    if len(person.rated):
        return Reason("taste_like_yours")
    return reasons.from_promise(evidence, title, known=trained.lists.is_known(title))
