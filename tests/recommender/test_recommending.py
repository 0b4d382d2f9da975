from typing import Any

import numpy as np
import pytest

from recommender import Model, Pick, RatingRefused, Ratings, Title, Titles, train
from tests.recommender.worlds import World, catalogue, of, world, young


def ids(picks: list[Pick]) -> list[int]:
    return [pick.title_id for pick in picks]


def test_a_list_is_ordered_and_has_stars_within_the_scale(town: World, model: Model) -> None:
    picks = model.recommend(of(town.ratings, 1001), n=20)

    assert len(set(ids(picks))) == 20
    assert [pick.score for pick in picks] == sorted((pick.score for pick in picks), reverse=True)
    assert all(0.5 <= pick.stars <= 5 for pick in picks)


def test_what_somebody_would_hardly_like_comes_last_however_popular_it_is(town: World, model: Model) -> None:
    numbers, counts = np.unique(town.ratings.titles, return_counts=True)
    hated = {int(number): 0.5 for number in numbers[np.argsort(-counts)][:5]}

    picks = model.recommend(hated | {int(numbers[np.argsort(counts)][0]): 5.0}, n=200)

    likeable = [pick.stars >= 2.5 for pick in picks]
    assert likeable == sorted(likeable, reverse=True)
    assert 10 < sum(likeable) < len(picks)
    assert [pick.score for pick in picks] != sorted((pick.score for pick in picks), reverse=True)


def test_rated_excluded_and_hidden_titles_are_never_recommended(town: World, model: Model) -> None:
    mine = of(town.ratings, 1002)
    first = ids(model.recommend(mine, n=10))

    rest = ids(model.recommend(mine, n=200, exclude=first[:3], hide=lambda number: number in first[3:5]))

    assert not set(rest) & {*mine, *first[:5]}
    assert rest[:5] == first[5:]
    assert len(rest) == len(town.titles) - len(mine) - 5


def test_a_new_rating_changes_the_next_list_at_once(town: World, model: Model) -> None:
    mine = of(town.ratings, 1003)
    before = model.recommend(mine, n=10)

    liked = model.recommend(mine | {before[4].title_id: 5.0}, n=10)
    disliked = model.recommend(mine | {before[4].title_id: 0.5}, n=10)

    assert before[4].title_id not in ids(liked)
    assert {pick.title_id: pick.score for pick in liked} != {pick.title_id: pick.score for pick in disliked}


def test_stars_rise_for_titles_like_the_one_just_loved(town: World, model: Model) -> None:
    dramas = [title.id for title in town.titles.rows if title.genres == ("drama",)]
    loved, asked = dramas[:2], dramas[2:]

    better = model.predict(dict.fromkeys(loved, 5.0), asked)
    worse = model.predict(dict.fromkeys(loved, 1.0), asked)

    assert (better > worse).all()


def test_somebody_without_ratings_gets_a_list_and_their_genres_lead_it(town: World, model: Model) -> None:
    def share(picks: list[Pick]) -> float:
        genres = {title.id: title.genres for title in town.titles.rows}
        return float(np.mean(["animation" in genres[pick.title_id] for pick in picks]))

    plain = model.recommend({}, n=10)
    wished = model.recommend({}, n=10, genres_liked=["animation"])

    assert len(plain) == 10
    assert share(wished) > share(plain)


def test_titles_newer_than_the_model_can_be_recommended_and_gone_ones_cannot(town: World, model: Model) -> None:
    new = catalogue(40, seed=9, first=9001)
    today = Titles([*town.titles.rows[20:], *new.rows])

    listed = set(ids(model.recommend(of(town.ratings, 1004), n=500, titles=today)))

    assert listed == {title.id for title in today.rows} - set(of(town.ratings, 1004))
    scores = model.scores({}, titles=today)
    assert len({round(scores[title.id], 3) for title in new.rows}) == len(new)


def test_a_rating_of_a_title_newer_than_the_model_counts_too(town: World, model: Model) -> None:
    new = catalogue(40, seed=9, first=9001)
    today = Titles([*town.titles.rows, *new.rows])

    loved = model.predict({9001: 5.0}, [title.id for title in today.rows], titles=today)
    hated = model.predict({9001: 0.5}, [title.id for title in today.rows], titles=today)

    assert loved.mean() > hated.mean()
    assert np.ptp(loved - hated) > 0.01


def test_unknown_ids_are_ignored(town: World, model: Model) -> None:
    mine = of(town.ratings, 1005)

    assert ids(model.recommend(mine | {987654: 5.0}, exclude=[123456])) == ids(model.recommend(mine))
    assert 0.5 <= model.predict(mine, [987654])[0] <= 5


def test_ids_as_text_are_the_same_ids(town: World, model: Model) -> None:
    mine = of(town.ratings, 1006)
    as_text: Any = {str(number): stars for number, stars in mine.items()}

    assert model.recommend(as_text) == model.recommend(mine)


def test_stars_outside_the_scale_are_refused(model: Model) -> None:
    with pytest.raises(RatingRefused):
        model.recommend({1: 6.0})


def test_somebody_who_rated_everything_gets_an_empty_list(town: World, model: Model) -> None:
    assert model.recommend({title.id: 4.0 for title in town.titles.rows}) == []


def test_an_empty_catalogue_and_no_wish_give_an_empty_list(model: Model) -> None:
    assert model.recommend({}, titles=Titles()) == []
    assert model.recommend({}, n=0) == []
    assert model.scores({}, titles=Titles()) == {}


def test_without_any_ratings_the_content_prior_recommends() -> None:
    titles = catalogue(60)
    model = train(Ratings([], [], []), titles)

    best, worst = model.recommend({}, n=60)[0], model.recommend({}, n=60)[-1]

    votes = {title.id: title.vote_count for title in titles.rows}
    assert votes[best.title_id] > votes[worst.title_id]
    assert len(set(ids(model.recommend({1: 5.0, 2: 1.0}, n=60)))) == 58


def test_without_ratings_and_titles_there_is_nothing_to_recommend() -> None:
    model = train(Ratings([], [], []), Titles())

    assert model.recommend({}) == []
    assert model.recommend({1: 5.0}, titles=Titles([Title(1), Title(2)]))[0].title_id == 2


def test_one_user_with_one_rating_is_enough_to_train() -> None:
    titles = catalogue(30)
    model = train(Ratings([1], [1], [4.5]), titles)

    picks = model.recommend({1: 4.5}, n=30)

    assert len(picks) == 29
    assert len({round(pick.score, 3) for pick in picks}) > 25


def test_people_whose_ratings_are_all_five_get_different_scores() -> None:
    town = world(people=40, titles=60, each=12)
    fives = Ratings(town.ratings.users, town.ratings.titles, np.full(len(town.ratings), 5.0))
    model = train(fives, town.titles)

    picks = model.recommend(of(fives, 1000), n=48)

    assert all(np.isfinite([pick.score, pick.stars]).all() for pick in picks)
    assert len({round(pick.score, 3) for pick in picks}) == 48


@pytest.mark.parametrize(("people", "each"), [(1, 1), (5, 5), (20, 8)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_in_a_young_database_unseen_titles_do_not_tie(people: int, each: int, seed: int) -> None:
    titles = catalogue(600, seed)
    ratings = young(people, each, titles, seed)
    model = train(ratings, titles)

    someone = of(ratings, 0)
    scores = model.scores(someone)
    rounded = [round(score, 3) for number, score in scores.items() if number not in set(ratings.titles.tolist())]

    tied = np.mean([rounded.count(score) > 1 for score in rounded])
    assert tied < 0.01, f"{tied:.1%} of {len(rounded)} unseen titles tie"


def test_scoring_everybody_at_once_says_what_asking_for_each_says(town: World, model: Model) -> None:
    people, stars = model.predict_all(town.ratings)

    assert people.tolist() == np.unique(town.ratings.users).tolist()
    for row in (0, 7, len(people) - 1):
        alone = model.predict(of(town.ratings, people[row]), model.title_ids.tolist())
        assert stars[row] == pytest.approx(alone, abs=1e-5)
