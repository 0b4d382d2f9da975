import math
import unicodedata
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import RatingRefused, Ratings, Title, Titles
from recommender.border import plain_id


@pytest.mark.parametrize(
    "spelling", [7, "7", " 7 ", b"7", 7.0, "7.0", "007", np.int64(7), np.float32(7), np.bytes_(b"7")]
)
def test_one_id_has_one_number_however_it_is_spelled(spelling: object) -> None:
    assert plain_id(spelling) == 7


@pytest.mark.parametrize(
    "nothing", [None, "", "  ", math.nan, np.float64("nan"), True, "nan", "None", "NULL", pd.NA, pd.NaT]
)
def test_what_is_no_id_has_no_number(nothing: object) -> None:
    assert plain_id(nothing) is None


def test_text_ids_of_any_script_are_stable_and_differ() -> None:
    composed, decomposed = unicodedata.normalize("NFC", "기생충"), unicodedata.normalize("NFD", "기생충")

    assert composed != decomposed
    assert plain_id(composed) == plain_id(decomposed)
    assert len({plain_id(text) for text in ["tt0111161", "tt0111162", "기생충", "마더", "éclair", "7a"]}) == 6
    assert plain_id("tt0111161") == -8476374447499679376


@given(st.text(min_size=1))
def test_every_text_has_an_id_that_fits_or_is_refused(text: str) -> None:
    try:
        number = plain_id(text)
    except ValueError:
        assert len(text) > 18
    else:
        assert number is None or -(2**63) <= number < 2**63


def test_int_and_text_spellings_of_one_pair_are_one_rating() -> None:
    ratings = Ratings([1, "1", 1.0], ["5", 5, "5.0"], [2, 3, 4])

    assert list(zip(ratings.users, ratings.titles, ratings.stars, strict=True)) == [(1, 5, 4.0)]


def test_of_duplicates_the_latest_time_wins_and_then_the_later_row() -> None:
    by_row = Ratings([1, 1, 2], [5, 5, 5], [2, 3, 1])
    by_time = Ratings([1, 1, 2], [5, 5, 5], [2, 3, 1], times=[20, 10, 0])
    equal_times = Ratings([1, 1, 1], [5, 5, 5], [2, 3, 4], times=[20, 20, None])

    assert by_row.stars.tolist() == [3, 1]
    assert by_time.stars.tolist() == [2, 1]
    assert equal_times.stars.tolist() == [3]


@pytest.mark.parametrize(
    "times",
    [
        [datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC), None],
        np.array(["2026-11-24", "2026-11-23", "NaT"], dtype="datetime64[s]"),
        pd.Series(pd.to_datetime(["2026-11-24", "2026-11-23", "NaT"])),
        ["20", "10", pd.NA],
    ],
    ids=["datetimes", "numpy", "pandas", "text"],
)
def test_times_may_be_of_any_kind_and_missing(times: Any) -> None:
    assert Ratings([1, 1, 1], [5, 5, 5], [2, 3, 4], times=times).stars.tolist() == [2]


def test_what_is_no_time_is_refused_with_its_row() -> None:
    with pytest.raises(RatingRefused, match="row 2: 'soon' is no time"):
        Ratings([1, 1], [5, 6], [3, 3], times=[1, "soon"])


def test_what_tables_have_for_missing_ids_and_stars_is_dropped() -> None:
    frame = pd.DataFrame({"user": [1, None, 3, 4], "title": [5, 6, None, 8], "stars": [4, 4, 4, None]}, dtype="Int64")

    for columns in ([frame[name] for name in frame], [frame[name].astype(str) for name in frame]):
        assert Ratings(*columns).users.tolist() == [1]


def test_rows_with_a_missing_part_are_dropped() -> None:
    ratings = Ratings([1, None, 3, 4, 5], [5, 5, math.nan, 5, 5], [2, 2, 2, math.nan, None])

    assert ratings.users.tolist() == [1]


@pytest.mark.parametrize("stars", [0.0, 5.5, -1, math.inf, -math.inf])
def test_stars_outside_the_scale_are_refused_with_their_row(stars: float) -> None:
    with pytest.raises(RatingRefused, match=r"row 2: .* stars are outside 0.5 to 5") as refused:
        Ratings([1, 2], [5, 5], [3, stars])

    assert refused.value.row == 2


def test_stars_that_are_no_number_and_ids_that_are_no_ids_are_refused_with_their_row() -> None:
    with pytest.raises(RatingRefused, match="row 1: 'good' is no number"):
        Ratings([1], [5], ["good"])
    with pytest.raises(RatingRefused, match="row 2"):
        Ratings([1, 1.5], [5, 5], [3, 3])
    with pytest.raises(RatingRefused, match="row 1"):
        Ratings([2**70], [5], [3])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        Ratings([1, 2], [5], [3])


def test_clean_ratings_cannot_be_changed() -> None:
    ratings = Ratings([1], [5], [3])

    with pytest.raises(ValueError, match="read-only"):
        ratings.stars[0] = 1


def test_of_two_titles_with_one_id_the_later_counts() -> None:
    again: Any = "1"
    titles = Titles([Title(1, year=1999), Title(2), Title(again, year=2003)])

    assert [(title.id, title.year) for title in titles.rows] == [(1, 2003), (2, None)]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_what_the_caller_changes_afterwards_changes_no_rating(order: list[int]) -> None:
    users, titles, stars = np.array([1, 1, 2])[order], np.array([5, 6, 5])[order], np.array([4.0, 3.0, 2.0])[order]

    ratings = Ratings(users, titles, stars)
    for column in (users, titles, stars):
        column[:] = 1

    assert ratings.users.tolist() == [1, 1, 2]
    assert ratings.titles.tolist() == [5, 6, 5]
    assert ratings.stars.tolist() == [4.0, 3.0, 2.0]
