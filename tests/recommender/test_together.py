"""Lists for a room, from people's own ratings."""

import pytest

from recommender import Model
from recommender.together import Present, recommend_together
from tests.recommender.worlds import World, of, world


@pytest.fixture(scope="module")
def town() -> World:
    return world(people=120, titles=100, each=20)


def people(town: World, *users: int) -> list[Present]:
    return [Present(of(town.ratings, user)) for user in users]


def test_a_room_sees_nothing_that_somebody_knows_or_vetoed(town: World, model: Model) -> None:
    present = people(town, 1000, 1001, 1002)
    first = recommend_together(model, present)
    vetoed = first.picks[0].title_id
    present[2] = Present(present[2].rated, vetoes=[vetoed])

    again = recommend_together(model, present)

    shown = {pick.title_id for pick in again.picks}
    assert vetoed not in shown
    assert not shown & {number for one in present for number in one.rated}
    assert len(shown) == 10


def test_every_pick_has_the_stars_that_each_would_see_alone(town: World, model: Model) -> None:
    present = people(town, 1003, 1004)

    for pick in recommend_together(model, present).picks:
        alone = [float(model.predict(one.rated, [pick.title_id])[0]) for one in present]
        assert pick.stars == pytest.approx(alone)


def test_of_one_person_it_is_nearly_their_own_list(town: World, model: Model) -> None:
    rated = of(town.ratings, 1005)

    alone = [pick.title_id for pick in model.recommend(rated)]
    together = [pick.title_id for pick in recommend_together(model, [Present(rated)]).picks]

    assert together == alone


def test_who_had_least_is_heard_more_and_it_is_told(town: World, model: Model) -> None:
    fair = recommend_together(model, people(town, 1006, 1007, 1008))
    present = people(town, 1006, 1007, 1008)
    owed = [Present(present[0].rated), *(Present(one.rated, had=0.9) for one in present[1:])]

    evening = recommend_together(model, owed)

    assert evening.satisfied[0] >= fair.satisfied[0]
    assert evening.counted_more == (0.9, 0.0, 0.0)


def test_somebody_without_ratings_may_be_there_and_an_empty_room_gets_nothing(town: World, model: Model) -> None:
    evening = recommend_together(model, [*people(town, 1009), Present({})])

    assert len(evening.picks) == 10
    assert recommend_together(model, []).picks == ()


def test_when_everything_is_excluded_nothing_is_left(town: World, model: Model) -> None:
    everything = [title.id for title in town.titles.rows]

    assert recommend_together(model, people(town, 1010), exclude=everything).picks == ()


def test_what_a_pick_is_worth_is_measured_by_each_ones_own_favourite(town: World, model: Model) -> None:
    present = people(town, 1010, 1011)

    together = recommend_together(model, present, n=20)
    alone = recommend_together(model, present[:1], n=1)

    shares = [pick.worth for pick in together.picks]
    assert all(len(share) == 2 and all(0 < one <= 1 for one in share) for share in shares)
    assert len(set(shares)) > 10
    assert alone.picks[0].worth == (1.0,)
