"""What `two evaluate` measures: the right rows, the right keys, nothing of the test rows in the model."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from surprise import Dataset, Reader
from surprise.model_selection import KFold
from typer.testing import CliRunner

from bot import evaluating
from bot.cli import app
from recommender import Model, Ratings, Tier, train
from recommender import report as reporting
from recommender.evaluate import (
    StarQuality,
    cold_start,
    folds,
    group_quality,
    list_quality,
    ndcg,
    quality_of,
    split_each_user,
    surely_above,
    ties,
)
from recommender.files import RatingTable, Scale, read_ratings
from recommender.report import Questions, report, star_quality
from recommender.titles import Titles
from tests.recommender.worlds import World, of, world

TIERS: tuple[Tier, ...] = ("instant", "full")
KEYS = {"rmse", "mae", "fit_s", "predict_s", "peak_mb", "folds"}


@pytest.fixture(scope="module")
def town() -> World:
    return world(people=80, titles=90, each=50)


def table_of(town: World, factor: float = 1.0) -> RatingTable:
    ratings = town.ratings
    rng = np.random.default_rng(7).permutation(len(ratings))
    scale = Scale(0.5 * factor, 5.0 * factor)
    return RatingTable(ratings.users[rng], ratings.titles[rng], ratings.stars[rng] * factor, None, scale, 0)


def silent(_what: str, _part: float) -> None:
    """Nobody watches."""


def test_the_folds_are_those_of_surprise(town: World) -> None:
    table = table_of(town)
    rows = list(zip(table.users.tolist(), table.titles.tolist(), table.values.tolist(), strict=True))
    data = Dataset(Reader(rating_scale=(0.5, 5)))
    data.raw_ratings = [(*row, None) for row in rows]

    theirs = [{(user, title) for user, title, _ in test} for _, test in KFold(5, random_state=3).split(data)]
    ours = [{rows[at][:2] for at in test.tolist()} for _, test in folds(len(table), 5, 3)]

    assert ours == theirs


def test_other_test_ratings_change_no_prediction(town: World) -> None:
    table = table_of(town)
    train_rows, test_rows = next(folds(len(table)))
    known = table.ratings(train_rows)
    shuffled = RatingTable(
        table.users,
        table.titles,
        np.where(np.isin(np.arange(len(table)), test_rows), 5.5 - table.values, table.values),
        None,
        table.scale,
        0,
    )

    first = train(known, town.titles).predict_rows(known, table.users[test_rows], table.titles[test_rows])
    again = shuffled.ratings(train_rows)
    second = train(again, town.titles).predict_rows(again, table.users[test_rows], table.titles[test_rows])

    assert first.tolist() == second.tolist()


def test_predicting_rows_is_predicting_each_person(town: World) -> None:
    known, held_out = split_each_user(town.ratings)
    model = train(known, town.titles)
    strangers = np.append(held_out.users[:40], [-5])
    titles = np.append(held_out.titles[:40], [-7])

    rows = model.predict_rows(known, strangers, titles)

    each = [
        float(model.predict(of(known, user), [title])[0])
        for user, title in zip(strangers.tolist(), titles.tolist(), strict=True)
    ]
    assert np.allclose(rows, each, atol=1e-5)


def test_errors_are_told_on_the_scale_of_the_file(town: World) -> None:
    stars, points = table_of(town), table_of(town, factor=2.0)
    rows = next(folds(len(stars)))

    one = star_quality(stars, *rows, town.titles, Questions())
    two = star_quality(points, *rows, town.titles, Questions())

    assert two.rmse == pytest.approx(2 * one.rmse, rel=1e-6)
    assert two.mae == pytest.approx(2 * one.mae, rel=1e-6)


def test_a_perfect_list_has_gain_one_and_a_wrong_one_none() -> None:
    assert ndcg([1, 2, 3], {1, 2, 3}) == pytest.approx(1)
    assert ndcg([4, 5, 6], {1, 2, 3}) == 0
    assert ndcg([9, 1], {1}) == pytest.approx(1 / np.log2(3))


def test_who_lists_what_people_held_back_is_found_to_be_perfect(town: World) -> None:
    known, held_out = split_each_user(town.ratings)

    def oracle(user: int) -> list[int]:
        return [number for number, stars in of(held_out, user).items() if stars >= 4]

    quality = quality_of(oracle, held_out, len(town.titles))

    assert (quality.ndcg10, quality.recall10) == (1.0, 1.0)
    assert list_quality(train(known, town.titles), known, held_out).ndcg10 < 0.9


def test_strangers_are_not_in_the_training(town: World) -> None:
    trained_on: list[Ratings] = []

    def watched(ratings: Ratings) -> Model:
        trained_on.append(ratings)
        return train(ratings, town.titles)

    found = cold_start(watched, town.ratings, [0, 5])

    assert sorted(found) == [0, 5]
    assert found[5][0] < found[0][0]
    assert len(trained_on) == 1
    liked = Counter(town.ratings.users[town.ratings.stars >= 4].tolist())
    able = {person for person in liked if liked[person] >= 20}
    everybody = set(town.ratings.users.tolist())
    assert set(trained_on[0].users.tolist()) == everybody - able  # a small town: whoever can be one is a stranger
    assert able and able != everybody


def test_strangers_need_something_to_be_found(town: World) -> None:
    few = town.ratings.where(town.ratings.stars < 4)

    with pytest.raises(ValueError, match="liked 20 titles"):
        cold_start(lambda ratings: train(ratings, town.titles), few, [0])


def test_titles_alike_in_everything_may_tie_and_others_do_not(town: World) -> None:
    share = ties(lambda young: train(young, town.titles), town.ratings, town.titles, people=5, each=5)

    assert share < 0.01
    assert ties(lambda young: train(young, Titles()), town.ratings, Titles(), people=5, each=5) > 0.2


def test_groups_are_the_same_for_every_method(town: World) -> None:
    known, held_out = split_each_user(town.ratings, share=0.4)
    found = group_quality(train(known, town.titles), known, held_out, groups=4, methods=["nash", "average"])

    assert len(found["nash"]) == len(found["average"]) > 10
    assert all(quality.min <= quality.mean for quality in found["nash"])


def test_an_interval_of_differences_tells_better_from_equal() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=300)

    assert surely_above(base + 0.2 + rng.normal(0, 0.1, 300), base, draws=500)[0] > 0
    low, high = surely_above(base + rng.normal(0, 0.1, 300), base, draws=500)
    assert low < 0 < high


def test_the_report_has_its_fixed_keys_and_the_peers_have_the_same(town: World) -> None:
    asked = Questions(folds=2, rank=True, cold=(0, 3), peers=True)

    found = report(table_of(town), town.titles, asked, silent)

    assert KEYS | {"rank", "cold", "peers"} == set(found)
    assert {"ndcg10", "recall10", "coverage10", "alike10", "varied"} == set(found["rank"])
    assert found["rank"]["varied"]["alike10"] < found["rank"]["alike10"]
    assert {"BaselineOnly", "SVD", "KNNBaseline", "mean of SVD and KNN"} <= set(found["peers"])
    for name in ("SVD", "mean of SVD and KNN"):
        peer = found["peers"][name]
        assert {"rmse", "mae", "fit_s", "predict_s", "rank", "ratio"} == set(peer)
        assert peer["ratio"]["rmse"] == pytest.approx(peer["rmse"] / found["rmse"])
    assert {"ndcg10", "recall10", "coverage10"} == set(found["peers"]["most popular"]["rank"])


def test_the_command_reads_files_and_prints_json(town: World, tmp_path: Path) -> None:
    ratings = tmp_path / "ratings.csv"
    rows = zip(town.ratings.users, town.ratings.titles, town.ratings.stars, strict=True)
    ratings.write_text("user,item,rating\n" + "".join(f"{user},{title},{stars}\n" for user, title, stars in rows))

    done = CliRunner().invoke(
        app, ["evaluate", "--ratings", str(ratings), "--folds", "2", "--cold", "0,2", "--tier", "full", "--json"]
    )

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found) == KEYS | {"data", "cold"}
    assert found["data"]["rows"] == len(read_ratings(ratings))
    assert found["data"]["tier"] == "full"


def test_the_full_tier_is_measured_when_it_is_asked_for(town: World) -> None:
    rows = next(folds(len(town.ratings)))

    instant, full = (star_quality(table_of(town), *rows, town.titles, Questions(tier=tier)) for tier in TIERS)
    found = report(table_of(town), town.titles, Questions(folds=2, tier="full", stars=False, cold=(0,)), silent)

    assert instant.rmse != full.rmse
    assert set(found) == {"cold", "peak_mb"}


def test_the_command_trains_on_one_file_and_tests_on_another(town: World, tmp_path: Path) -> None:
    known, held_out = split_each_user(town.ratings)
    for name, part in (("a.csv", known), ("b.csv", held_out)):
        rows = zip(part.users, part.titles, part.stars, strict=True)
        (tmp_path / name).write_text("user,item,rating\n" + "".join(f"{u},{t},{s}\n" for u, t, s in rows))

    done = CliRunner().invoke(
        app, ["evaluate", "--train", str(tmp_path / "a.csv"), "--test", str(tmp_path / "b.csv"), "--json"]
    )

    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["folds"]) == 1


def test_loops_are_warm_before_anything_is_timed(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    measure = reporting.star_quality

    def timed(*args: Any) -> StarQuality:
        order.append("timed")
        return measure(*args)

    monkeypatch.setattr(reporting, "warm", lambda: order.append("warm"))
    monkeypatch.setattr(reporting, "star_quality", timed)

    report(table_of(town), town.titles, Questions(folds=2), silent)

    assert order == ["warm", "timed", "timed"]


def test_a_ratio_to_nothing_is_none_and_shown_as_no_ratio() -> None:
    assert reporting._ratio(0.5, 0.0) is None
    assert reporting._ratio(1.0, 2.0) == 0.5
    assert evaluating._cell(0.5, None, 2) == "0.50"


def test_what_was_measured_is_json_that_others_can_read_or_nothing() -> None:
    with pytest.raises(ValueError, match="JSON"):
        evaluating.as_json({"rmse": float("nan")})


def rated(rows: Iterable[tuple[int, int, float]]) -> str:
    return "user,item,rating\n" + "".join(f"{user},{title},{stars}\n" for user, title, stars in rows)


ALONE = rated((1, title, 1 + title % 5) for title in range(20))
ALIKE = rated((user, title, 5) for user in range(7) for title in range(9))
SMALL = rated((user, title, 1 + user * title % 5) for user in range(1, 5) for title in range(1, 5))
DISLIKED = rated((user, title, user * title % 2) for user in range(8) for title in range(8))


@pytest.mark.parametrize(
    ("text", "arguments", "why"),
    [
        (rated([(1, 1, 4)]), [], "1 ratings cannot be parted into 5 folds"),
        (SMALL, ["--folds", "1000"], "16 ratings cannot be parted into 1000 folds"),
        (ALONE, ["--groups"], "--groups needs two people"),
        (ALONE, ["--ties"], "--ties needs 5 people with 5 ratings each"),
        (ALONE, ["--cold", "0"], "--cold needs people who liked 20 titles"),
        (
            rated((1, title, 5) for title in range(25)),
            ["--cold", "25"],
            "--cold 25: nobody in this file has rated more",
        ),
        (SMALL, ["--cold", "1,x"], "--cold 1,x: numbers of ratings"),
        (SMALL, ["--cold", "-1"], "--cold -1: numbers of ratings"),
        (DISLIKED, ["--rank"], "nobody liked what was held out"),
        (ALIKE, ["--peers"], "KNNBaseline cannot learn from these ratings"),
        (SMALL, ["--scale", "1:inf"], "is no scale"),
        (SMALL, ["--plot", "no-such-folder/out.png"], "no such folder"),
        (SMALL, ["--plot", "out.doc"], "ends in .png"),
        (rated([(1, 1, 4)]) + "1,2,[/red]\n", [], "line 3: '[/red]' is no rating"),
        ("", [], "line 1: the file is empty"),
    ],
)
def test_ratings_that_are_too_few_or_wrong_are_refused_with_a_sentence(
    text: str, arguments: list[str], why: str, tmp_path: Path
) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(text)

    done = CliRunner().invoke(app, ["evaluate", "--ratings", str(path), "--json", *arguments])

    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 2
    assert done.stdout == ""
    assert why in done.stderr


def test_one_person_and_one_title_are_measured_as_far_as_that_goes(tmp_path: Path) -> None:
    for name, text in {"alone": ALONE, "one title": rated((user, 1, 1 + user % 5) for user in range(20))}.items():
        path = tmp_path / name
        path.write_text(text)

        done = CliRunner().invoke(app, ["evaluate", "--ratings", str(path), "--json"])

        assert json.loads(done.stdout)["rmse"] > 0, done.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "Give --ratings"),
        (["--train", "x"], "Give --ratings"),
        (["--ratings", "x", "--train", "x", "--test", "x"], "Give --ratings"),
        (["--ratings", "no-such-file"], "no-such-file: No such file"),
        (["--ratings", "."], ".: Is a directory"),
    ],
)
def test_the_command_refuses_with_a_sentence_what_it_cannot_do(arguments: list[str], why: str) -> None:
    done = CliRunner().invoke(app, ["evaluate", *arguments])

    assert done.exit_code == 2
    assert why in done.stderr
    assert "Traceback" not in done.output
