"""What a recommender trips over, each from training to list; the answers stand in docs/decisions.md."""

import math
import unicodedata
from typing import Any

import numpy as np
import pytest

from recommender import Model, RatingRefused, Ratings, Title, Titles, crew, similar, train, why
from recommender.model import Tier
from recommender.together import Present, recommend_together
from tests.recommender.worlds import World, catalogue, of, relabelled, world


@pytest.fixture(scope="module")
def town() -> World:
    return world(people=60, titles=50, each=12)


def columns(town: World) -> tuple[list[int], list[int], list[float]]:
    rows = town.ratings
    return rows.users.tolist(), rows.titles.tolist(), rows.stars.tolist()


def test_ids_that_are_text_here_and_numbers_there_are_one_model(town: World, model: Model) -> None:
    users, titles, stars = columns(town)
    mixed = [str(number) if number % 2 else number for number in titles]
    people = [f" {number} " if number % 3 else float(number) for number in users]

    again = train(Ratings(people, mixed, stars), town.titles)

    assert again.dump() == model.dump()


def test_ids_in_any_script_change_no_score(town: World, model: Model) -> None:
    users, titles, stars = columns(town)
    names: dict[int, Any] = {title.id: f"영화 {title.id}호 é" for title in town.titles.rows}
    decomposed = [unicodedata.normalize("NFD", names[number]) for number in titles]

    other = train(Ratings([f"사람{user}" for user in users], decomposed, stars), relabelled(town.titles, names))

    mine = of(town.ratings, 1003)
    named = {names[number]: given for number, given in mine.items()}
    ids = [title.id for title in town.titles.rows]
    expected = model.predict(mine, ids)
    assert other.predict(named, [names[number] for number in ids]) == pytest.approx(expected, abs=1e-4)
    assert len(other.recommend(named)) == 10


def test_a_pair_rated_twice_counts_once_by_its_latest_rating(town: World, model: Model) -> None:
    users, titles, stars = columns(town)

    again = train(Ratings(users + users, titles + titles, [1.0] * len(stars) + stars), town.titles)

    assert again.dump() == model.dump()


def test_rows_with_a_gap_change_nothing(town: World, model: Model) -> None:
    users, titles, stars = columns(town)

    again = train(Ratings([*users, 1, None, 2], [*titles, 5, 5, None], [*stars, math.nan, 3.0, 4.0]), town.titles)

    assert again.dump() == model.dump()


@pytest.mark.parametrize("stars", [0.0, 5.5, -3.0, math.inf])
def test_stars_that_cannot_be_are_refused_in_training_and_in_asking(model: Model, stars: float) -> None:
    with pytest.raises(RatingRefused, match="row 2"):
        Ratings([1, 1], [1, 2], [4.0, stars])
    for ask in (
        model.recommend,
        model.scores,
        lambda rated: model.predict(rated, [1]),
        lambda rated: why(model, rated, 1),
    ):
        with pytest.raises(RatingRefused):
            ask({3: stars})


@pytest.mark.parametrize("tier", ["instant", "full"])
def test_the_number_of_threads_changes_no_bit(town: World, tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_WORTH_A_THREAD", 0)
    dumps = set()
    for threads in (1, 2, 5):
        monkeypatch.setattr(crew, "hands", lambda count=threads: count)
        dumps.add(train(town.ratings, town.titles, tier=tier).dump())

    assert len(dumps) == 1


@pytest.mark.parametrize("tier", ["instant", "full"])
@pytest.mark.parametrize(
    "ratings",
    [
        Ratings([], [], []),
        Ratings([1], [1], [4.5]),
        Ratings([1, 1, 1], [1, 2, 3], [5.0, 5.0, 5.0]),
        Ratings([1] * 30, range(1, 31), [3.0 + number % 5 / 2 for number in range(30)]),
        Ratings([1, 2, 3], [7, 7, 7], [0.5, 0.5, 5.0]),
    ],
    ids=["empty", "one by one", "all five", "everything", "one title"],
)
def test_the_strangest_rating_sets_train_and_answer_everybody(ratings: Ratings, tier: Tier) -> None:
    titles = catalogue(30)
    model = train(ratings, titles, tier=tier)

    for rated in ({}, {1: 5.0}, {999: 1.0}, dict.fromkeys(range(1, 30), 5.0)):
        picks = model.recommend(rated, n=40, variety=1.0)
        assert len(picks) == 30 - len(rated.keys() & set(range(1, 31)))
        assert all(math.isfinite(pick.score) and 0.5 <= pick.stars <= 5 for pick in picks)
    assert model.recommend(dict.fromkeys(range(1, 31), 5.0)) == []
    assert len(similar(model, 7, 5)) == 5


def test_an_unknown_person_or_title_never_raises(model: Model) -> None:
    assert 0.5 <= model.predict({}, [987654])[0] <= 5
    assert model.recommend({987654: 5.0})
    assert similar(model, 987654) == []
    assert why(model, {987654: 5.0}, 987654) is None


@pytest.mark.parametrize(
    "strange", [1.5, math.inf, math.nan, 2**70, -(2**63) - 1, "", "9" * 30, "없는 영화", None, True]
)
def test_what_can_be_no_id_is_an_unknown_title_wherever_it_is_asked_about(model: Model, strange: Any) -> None:
    assert 0.5 <= model.predict({}, [strange])[0] <= 5
    assert model.recommend({1: 4.0}, exclude=[strange]) == model.recommend({1: 4.0})
    assert similar(model, strange) == []
    assert similar(model, 7, exclude=[strange]) == similar(model, 7)
    assert why(model, {1: 4.0}, strange) is None
    tonight = [Present({1: 4.0}), Present({2: 5.0}, vetoes=[strange])]
    assert len(recommend_together(model, tonight, exclude=[strange]).picks) == 10


def test_folding_in_comes_the_closer_to_a_refit_the_less_else_the_model_lacks() -> None:
    town = world(people=160, titles=120, each=40, seed=5)
    people = np.unique(town.ratings.users)
    ids = [title.id for title in town.titles.rows]
    refitted = train(town.ratings, town.titles)

    def away(without: int) -> float:
        """Return how far one of the people left out is from a model that knows everybody, in stars."""
        fewer = train(town.ratings.where(~np.isin(town.ratings.users, people[:without])), town.titles)
        mine = of(town.ratings, people[0])
        return float(np.sqrt(np.mean((fewer.predict(mine, ids) - refitted.predict(mine, ids)) ** 2)))

    far, nearer, alone = away(120), away(30), away(1)

    assert far > nearer > alone
    assert alone < 0.1


def test_what_is_held_out_moves_nothing(town: World) -> None:
    rng = np.random.default_rng(0)
    held_out = rng.random(len(town.ratings)) < 0.2
    rows = town.ratings
    permuted = rows.stars.copy()
    permuted[held_out] = rng.permutation(permuted[held_out])
    users, titles = rows.users[held_out].tolist(), rows.titles[held_out].tolist()

    def predicted(stars: np.ndarray) -> list[float]:
        known = Ratings(rows.users, rows.titles, stars).where(~held_out)
        fitted = train(known, town.titles)
        return [float(fitted.predict(of(known, user), [title])[0]) for user, title in zip(users, titles, strict=True)]

    assert predicted(permuted) == predicted(rows.stars)


def test_a_title_may_have_nothing_but_an_id() -> None:
    model = train(Ratings([1, 2], [1, 2], [5.0, 4.0]), Titles(Title(number) for number in range(1, 6)))

    assert {pick.title_id for pick in model.recommend({1: 5.0})} == {2, 3, 4, 5}
