"""The compiled loops behind an answer say what plain arithmetic says, for ordinary people and for strange ones."""

from typing import Any

import numpy as np
import pytest

from recommender import Model, Ratings, Title, Titles, loops, ranking, scoring, stars, train
from recommender.arrays import F64
from recommender.border import HIGHEST, LOWEST
from recommender.hints import Hints
from recommender.model import LIKEABLE
from recommender.scoring import Term
from tests.recommender.worlds import World, of, world

NOBODY: dict[int, float] = {}


@pytest.fixture(scope="module", params=[0, 1, 2])
def town(request: pytest.FixtureRequest) -> World:
    """Titles past those that the list head covers are among them, and titles that nobody has rated."""
    whole = world(people=50, titles=90, each=20, seed=request.param)
    unrated = {title.id for title in whole.titles.rows[-10:]}
    kept = np.array([number not in unrated for number in whole.ratings.titles.tolist()])
    return World(whole.ratings.where(kept), whole.titles)


@pytest.fixture(scope="module")
def model(town: World) -> Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "MOST_TITLES", 60)
        patch.setattr(stars, "_MOST_COMMON", 7)
        trained = train(town.ratings, town.titles)
        _ = trained._trained.stars.tables
    return trained


def people_of(town: World) -> dict[str, dict[int, float]]:
    someone = of(town.ratings, 1003)
    return {
        "somebody": someone,
        "nobody": NOBODY,
        "one rating": dict([next(iter(someone.items()))]),
        "everything": {title.id: 0.5 + title.id % 10 / 2 for title in town.titles.rows},
        "all fives": dict.fromkeys(someone, 5.0),
        "a title without ratings": {town.titles.rows[-1].id: 4.5},
    }


def plain_stars(model: Model, rated: dict[int, float]) -> tuple[F64, F64]:
    """Return the stars of every title, and what taste adds, by textbook formulas in double precision."""
    trained = model._trained
    head, place = trained.stars, trained.position
    at = np.array(sorted(place[number] for number in rated), dtype=np.int64)
    ids = trained.title_ids[at].tolist()
    offsets = np.array([rated[number] for number in ids]) - head.biases.mean - head.biases.titles[at]
    generosity = offsets.sum() / (len(at) + 4.0)
    residuals = offsets - generosity
    factors = head.factors.astype(np.float64)
    design = np.column_stack([np.ones(len(at)), factors[at, 1:]])
    penalty = np.diag([4.0] + [0.15 * (1 + len(at))] * (factors.shape[1] - 1))
    mine = np.linalg.solve(design.T @ design + penalty, design.T @ (offsets - factors[at, 0]))
    near = head.neighbours.toarray()[:, at].astype(np.float64)
    features = head.features.toarray().astype(np.float64)
    taste = residuals @ features[at] / ((features[at] ** 2).sum(axis=0) + 5.0)
    terms = [
        mine[0] + factors[:, 0] + factors[:, 1:] @ mine[1:] - generosity,
        near @ residuals / (near.sum(axis=1) + 0.05),
        features @ taste,
    ]
    return head.biases.mean + head.biases.titles + generosity + head.weights @ np.array(terms), terms[2]


def plain_hints(hints: Hints, known: int) -> F64:
    """Return the ridge regression of likes on likes of which a share is known, solved as it is written down."""
    scale = hints.scale.astype(np.float64)
    vectors = hints.vectors.astype(np.float64)
    gram = scale[:, None] * (vectors * hints.strengths) @ vectors.T * scale
    part = known / (known + 2 * hints.usual)
    return np.linalg.solve(part * gram + (1 - part) * np.diag(scale**2), gram).astype(np.float64)


def plain_scores(model: Model, rated: dict[int, float]) -> F64:
    trained = model._trained
    lists, place = trained.lists, trained.position
    predicted, taste = plain_stars(model, rated)
    whole = lists.outer.toarray().astype(np.float64)
    whole[:, lists.covered] += lists.items
    at = np.array([place[number] for number in rated], dtype=np.int64)
    liked = np.clip((np.array(list(rated.values())) - 2.5) / 1.5, 0.1, 2.0)
    heard = lists.place[at] >= 0
    near = np.zeros(len(trained.title_ids))
    if heard.any():
        hinted = np.zeros(len(near))
        hinted[lists.covered] = plain_hints(lists.hints, len(rated))[lists.place[at[heard]]].T @ liked[heard]
        told = liked[heard] @ whole[lists.place[at[heard]]]
        share = 20**2 / (len(rated) ** 2 + 20**2)
        near = (1 - share) * told / told.std() + share * hinted / hinted.std()
    popularity = lists.popularity(trained.stars.features)
    own = 1 - 1 / (len(rated) + 1) * 100 / (len(rated) + 100)
    terms: dict[Term, F64] = {"near": near, "popularity": popularity, "stars": predicted, "taste": taste}
    weights = {
        "near": own * lists.trust,
        "popularity": 1 - own,
        "stars": 0.1 * (1 - (1 - own) * lists.trust),
        "taste": 0.1 + own * (1 - lists.trust),
    }
    total = np.zeros(len(near))
    for name, values in terms.items():
        spread = max(values.std(), scoring._LEAST_SPREAD[name])
        total += weights[name] * (values - values.mean()) / spread
    scaled: F64 = total * scoring.POINTS / total.std()
    return scaled


@pytest.mark.parametrize(
    "who", ["somebody", "nobody", "one rating", "everything", "all fives", "a title without ratings"]
)
def test_stars_scores_and_order_are_those_of_plain_arithmetic(town: World, model: Model, who: str) -> None:
    rated = people_of(town)[who]
    ids = model.title_ids.tolist()

    predicted, scores = model.predict(rated, ids), model.scores(rated)
    listed = [pick.title_id for pick in model.recommend(rated, n=200)]

    stars_expected, _ = plain_stars(model, rated)
    assert predicted == pytest.approx(np.clip(stars_expected, LOWEST, HIGHEST), abs=2e-4)
    assert [scores[number] for number in ids] == pytest.approx(plain_scores(model, rated), abs=0.5)
    raw = dict(zip(ids, stars_expected.tolist(), strict=True))
    left = [number for number in ids if number not in rated]
    assert listed == sorted(left, key=lambda number: (raw[number] < LIKEABLE, -scores[number], number))


def test_a_loaded_model_answers_the_same_by_the_same_compiled_loops(town: World, model: Model) -> None:
    someone = of(town.ratings, 1005)
    loaded = Model.load(model.dump())

    assert loaded.scores(someone) == pytest.approx(model.scores(someone), abs=1e-2)
    made: list[Any] = [loops.stars_of_people, loops.likes_told, loops.weighed_sum, loops.best_places]
    assert [len(loop.signatures) for loop in made] == [1, 1, 1, 1]


def test_many_people_at_once_get_the_stars_that_each_gets_alone(town: World, model: Model) -> None:
    people, every = model.predict_all(town.ratings)

    for row, person in enumerate(people.tolist()):
        alone = model.predict(of(town.ratings, person), model.title_ids.tolist())
        assert every[row] == pytest.approx(alone, abs=1e-4)


def test_of_titles_that_are_the_same_the_smaller_id_comes_first() -> None:
    twins = Titles(Title(id=number, genres=("drama",), year=2000) for number in (9, 4, 7, 1))

    listed = train(Ratings([], [], []), twins).recommend({}, n=4)

    assert [pick.title_id for pick in listed] == [1, 4, 7, 9]


def test_hiding_many_reaches_all_that_are_left(town: World, model: Model) -> None:
    ids = model.title_ids.tolist()
    shown = set(ids[::7])

    listed = model.recommend(NOBODY, n=3 * len(ids), hide=lambda number: number not in shown)

    assert {pick.title_id for pick in listed} == shown
    assert len(listed) == len(shown)
