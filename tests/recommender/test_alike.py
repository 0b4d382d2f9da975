"""Similar titles: by who likes them, and, where nobody has rated them, by what they are."""

from typing import Any

import numpy as np
import pytest

from recommender import Model, Ratings, Similar, Title, Titles, similar, train
from tests.recommender.worlds import World, catalogue, world


def ids(found: list[Similar]) -> list[int]:
    return [one.title_id for one in found]


def test_the_most_like_come_first_and_the_title_itself_never(town: World, model: Model) -> None:
    for title in town.titles.rows[:20]:
        found = similar(model, title.id, 8)

        assert len(set(ids(found))) == 8
        assert title.id not in ids(found)
        assert [one.likeness for one in found] == sorted((one.likeness for one in found), reverse=True)
        assert all(0 < one.likeness <= 1.001 for one in found)


def test_two_camps_of_viewers_are_told_apart_where_features_tell_nothing() -> None:
    rng = np.random.default_rng(0)
    users, titles = np.repeat(np.arange(120), 8), []
    for person in range(120):
        camp = np.arange(1, 21) if person % 2 else np.arange(21, 41)
        titles += rng.choice(camp, 8, replace=False).tolist()
    alike = Titles(Title(number, genres=("drama",)) for number in range(1, 41))
    model = train(Ratings(users, titles, np.full(len(users), 4.5)), alike)

    found = similar(model, 5, 5)

    assert all(number <= 20 for number in ids(found))
    assert all(one.by_viewers for one in found[:3])


def test_a_title_nobody_has_rated_is_like_those_that_share_what_it_is(town: World, model: Model) -> None:
    new = Title(9001, kind="film", genres=("animation", "family"), people=("person 7", "person 8", "person 9"))
    today = Titles([*town.titles.rows, new])

    found = similar(model, 9001, 5, titles=today)

    genres = {title.id: set(title.genres) for title in town.titles.rows}
    assert len(found) == 5
    for one in found:
        assert not one.by_viewers
        assert set(one.genres) == genres[one.title_id] & {"animation", "family"}
        assert one.genres or one.people


def test_without_any_ratings_features_decide() -> None:
    titles = Titles(
        [
            Title(1, genres=("thriller",), people=("봉준호", "송강호")),
            Title(2, genres=("drama",), people=("봉준호",)),
            Title(3, genres=("comedy",), people=("somebody", "송강호")),
            Title(4, genres=("comedy",), people=("somebody",)),
        ]
    )

    found = similar(train(Ratings([], [], []), titles), 1)

    assert ids(found) == [2, 3]
    assert found[0].people == ("봉준호",)


def test_only_todays_catalogue_is_shown_and_nothing_excluded(town: World, model: Model) -> None:
    first = ids(similar(model, 1, 10))
    today = Titles(title for title in town.titles.rows if title.id != first[0])

    later = ids(similar(model, 1, 10, titles=today, exclude=[first[1]]))

    assert later[:8] == first[2:]


@pytest.mark.parametrize("unknown", [987654, "no such title", None])
def test_an_unknown_title_is_like_nothing(model: Model, unknown: Any) -> None:
    assert similar(model, unknown) == []


def test_text_ids_are_the_same_ids_and_none_are_shown_for_no_places(model: Model) -> None:
    as_text: Any = "7"
    assert similar(model, as_text) == similar(model, 7)
    assert similar(model, 7, 0) == []


def test_titles_past_the_covered_ones_have_similar_titles_by_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    from recommender import ranking

    monkeypatch.setattr(ranking, "MOST_TITLES", 30)
    town = world(people=200, titles=60, each=20)
    model = train(town.ratings, Titles())
    outside = [
        number
        for at, number in enumerate(model.title_ids.tolist())
        if model.catalogue_of(None).trained.lists.place[at] < 0
    ]

    assert any(one.by_viewers for number in outside for one in similar(model, number, 5))
    assert catalogue(1).rows  # without titles there are no features at all
