"""The numbers behind a pick are those that made it."""

from typing import Any

import pytest

from recommender import Model, RatingRefused, Ratings, Title, Titles, train, why
from recommender.arrays import F32, I64
from tests.recommender.worlds import World, catalogue, of


@pytest.fixture(scope="module", params=["instant", "full"])
def model(request: pytest.FixtureRequest, town: World) -> Model:
    return train(town.ratings, town.titles, tier=request.param)


def test_terms_add_up_to_score_and_stars(town: World, model: Model) -> None:
    mine = of(town.ratings, 1001)
    for pick in model.recommend(mine, n=30, genres_liked=["drama"]):
        told = why(model, mine, pick.title_id, genres_liked=["drama"])

        assert told is not None
        assert (told.score, told.stars) == (pick.score, pick.stars)
        assert sum(told.score_terms.values()) == pytest.approx(pick.score, abs=0.5)
        stars = sum(told.star_terms.values())
        assert min(max(stars, 0.5), 5.0) == pytest.approx(pick.stars, abs=1e-4)


def test_the_full_tier_has_one_term_more(town: World, model: Model) -> None:
    told = why(model, {}, town.titles.rows[0].id)

    assert told is not None
    assert len(told.star_terms) == 6 + (model.catalogue_of(None).trained.stars.linked is not None)


def test_the_ratings_named_were_given_and_add_up_to_what_all_ratings_say(town: World, model: Model) -> None:
    mine = dict(list(of(town.ratings, 1002).items())[:4])
    best = model.recommend(mine, n=1)[0].title_id

    told = why(model, mine, best)
    without_near = why(model, {}, best)

    assert told is not None
    assert without_near is not None
    assert {one.title_id: one.given for one in told.ratings}.items() <= mine.items()
    assert [abs(one.score) for one in told.ratings] == sorted((abs(one.score) for one in told.ratings), reverse=True)
    assert without_near.ratings == ()
    lists = model.catalogue_of(None).trained
    at = lists.position[best]
    near = lists.lists.near(*_folded(model, mine)).values
    assert sum(one.score for one in told.ratings) == pytest.approx(
        told.score_terms["near"] * near[at] / (near[at] - near.mean()), rel=1e-3
    )


def _folded(model: Model, rated: dict[int, float]) -> tuple[I64, F32]:
    from recommender.fold_in import fold_in

    trained = model.catalogue_of(None).trained
    person = fold_in(trained.stars, trained.position, rated)
    return person.rated, person.likes


def test_somebody_without_ratings_is_average_in_everything_of_their_own(model: Model, town: World) -> None:
    told = why(model, {}, town.titles.rows[3].id)

    assert told is not None
    assert told.star_terms["you"] == told.star_terms["taste"] == told.star_terms["neighbours"] == 0
    assert told.score_terms["taste"] == told.score_terms["near"] == 0


def test_a_new_title_is_explained_and_one_outside_the_catalogue_is_not(town: World, model: Model) -> None:
    new = catalogue(3, seed=9, first=9001)
    mine = of(town.ratings, 1004)

    told = why(model, mine, 9001, titles=Titles([*town.titles.rows, *new.rows]))

    assert told is not None
    assert told.score_terms["near"] < 0  # nobody's likes speak for it
    assert why(model, mine, 9001) is None
    assert why(model, mine, town.titles.rows[0].id, titles=new) is None
    no_id: Any = "no title"
    assert why(model, mine, no_id) is None


def test_what_is_hardly_liked_is_told_to_come_last(town: World, model: Model) -> None:
    mine = of(town.ratings, 1005)
    for pick in model.recommend(mine, n=200):
        told = why(model, mine, pick.title_id)
        assert told is not None
        assert told.hardly == (pick.stars < 2.5)


def test_a_rating_outside_the_scale_is_refused(model: Model) -> None:
    with pytest.raises(RatingRefused):
        why(model, {1: 7.0}, 2)


def test_an_untaught_model_explains_by_features_alone() -> None:
    titles = Titles([Title(1, genres=("drama",), vote_average=8.0, vote_count=900), Title(2, genres=("comedy",))])

    told = why(train(Ratings([], [], []), titles), {}, 1)

    assert told is not None
    assert told.score_terms["popularity"] > 0
    assert told.star_terms["title"] > 0
