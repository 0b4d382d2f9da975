"""A reason may only say what moved the score."""

import pytest

from recommender import Model, Pick, Ratings, Reason, Title, Titles, train
from tests.recommender.worlds import World, of

PEOPLE = range(1000, 1040)


@pytest.fixture(scope="module")
def lists(town: World, model: Model) -> dict[int, list[Pick]]:
    return {user: model.recommend(of(town.ratings, user)) for user in PEOPLE}


def test_the_titles_named_were_rated_and_liked(town: World, lists: dict[int, list[Pick]]) -> None:
    for user, picks in lists.items():
        mine = of(town.ratings, user)
        for pick in picks:
            assert all(mine[number] >= 3.5 for number in pick.reason.title_ids)


def test_without_the_rating_that_is_named_the_title_stands_lower(
    town: World, model: Model, lists: dict[int, list[Pick]]
) -> None:
    checked = 0
    for user, picks in lists.items():
        mine = of(town.ratings, user)
        for pick in picks:
            if pick.reason.kind == "because_you_rated":
                rest = {number: stars for number, stars in mine.items() if number not in pick.reason.title_ids}
                assert model.scores(rest)[pick.title_id] < pick.score
                checked += 1
    assert checked > 20


def test_a_director_is_named_when_their_films_were_loved() -> None:
    titles = Titles(
        [
            Title(1, year=2003, genres=("thriller",), people=("봉준호", "송강호")),
            Title(2, year=2009, genres=("drama",), people=("봉준호", "김혜자")),
            Title(3, year=2013, genres=("sci-fi",), people=("봉준호", "송강호")),
            *(Title(number, year=1990 + number, genres=("comedy",), people=("somebody",)) for number in range(4, 20)),
        ]
    )
    model = train(Ratings([], [], []), titles)

    first = model.recommend({1: 5.0, 2: 4.5, 4: 1.0})[0]

    assert first.title_id == 3
    assert first.reason == Reason("people_you_like", (1, 2), ("봉준호", "송강호"))


def test_the_genres_named_are_of_the_title_and_of_liked_titles(town: World) -> None:
    genres = {title.id: title.genres for title in town.titles.rows}
    model = train(Ratings([], [], []), town.titles)
    dramas = [number for number, words in genres.items() if "drama" in words][:4]

    picks = model.recommend(dict.fromkeys(dramas, 5.0))
    named = [pick for pick in picks if pick.reason.kind == "genre_you_like"]

    assert named
    for pick in named:
        assert set(pick.reason.words) <= set(genres[pick.title_id])
        assert pick.reason.title_ids
        assert all(set(genres[number]) & set(pick.reason.words) for number in pick.reason.title_ids)


def test_somebody_without_ratings_is_told_only_of_popularity_and_the_genres_they_named(
    town: World, model: Model
) -> None:
    genres = {title.id: title.genres for title in town.titles.rows}

    plain = model.recommend({}, n=20)
    wished = model.recommend({}, n=20, genres_liked=["family", "crime"])

    assert {pick.reason.kind for pick in plain} <= {"popular", "little_known"}
    assert {pick.reason.kind for pick in wished} <= {"popular", "little_known", "genre_you_like"}
    for pick in wished:
        if pick.reason.kind == "genre_you_like":
            assert pick.reason.words
            assert set(pick.reason.words) <= {"family", "crime"} & set(genres[pick.title_id])


def test_popularity_is_said_only_of_titles_that_people_liked_here_or_elsewhere(town: World, model: Model) -> None:
    likes = dict.fromkeys((title.id for title in town.titles.rows), 0)
    for number, stars in zip(town.ratings.titles.tolist(), town.ratings.stars.tolist(), strict=True):
        likes[number] += stars >= 3.5
    votes = {title.id: title.vote_average or 0 for title in town.titles.rows}

    for pick in model.recommend({}, n=len(town.titles)):
        if pick.reason.kind == "popular":
            assert likes[pick.title_id] or votes[pick.title_id] > 6.5


def test_of_titles_that_nobody_knows_nobody_says_they_are_popular() -> None:
    titles = Titles(Title(number, year=1980 + number, genres=("comedy",)) for number in range(1, 12))

    picks = train(Ratings([], [], []), titles).recommend({})

    assert {pick.reason for pick in picks} == {Reason("little_known")}


def test_most_people_with_many_ratings_get_personal_reasons(lists: dict[int, list[Pick]]) -> None:
    kinds = [pick.reason.kind for picks in lists.values() for pick in picks]

    assert kinds.count("popular") < 0.25 * len(kinds)
    assert kinds.count("because_you_rated") > 0.25 * len(kinds)
