"""Rating and title files in every shape that people have; what cannot be meant is refused with its line."""

from pathlib import Path

import numpy as np
import pytest

from recommender.files import FileRefused, Scale, parse_scale, read_ratings, read_titles


def file(folder: Path, text: str, name: str = "ratings.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


SHAPES = {
    "u.data": "1\t10\t4\t100\n2\t10\t5\t200\n",
    "ratings.dat": "1::10::4::100\n2::10::5::200\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n1,10,4.0,100\n2,10,5.0,200\n",
    "mine.csv": "Rating;User ID;Item\n4;1;10\n5;2;10\n",
    "with_header.tsv": "user\titem\trating\n1\t10\t4\n2\t10\t5\n",
    "excel.csv": "\ufeffuser,item,rating\r\n1,10,4\r\n2,10,5\r\n",
    "untimed.dat": "1::10::4\n2::10::5\n",
    "quoted.csv": 'user,item,rating\n"1","10","4"\n"2","10","5"\n',
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_ratings(name: str, tmp_path: Path) -> None:
    table = read_ratings(file(tmp_path, SHAPES[name], name))

    assert (table.users.tolist(), table.titles.tolist(), table.values.tolist()) == ([1, 2], [10, 10], [4.0, 5.0])
    assert table.scale == Scale(1.0, 5.0)


def test_rows_with_gaps_are_dropped_and_counted(tmp_path: Path) -> None:
    table = read_ratings(file(tmp_path, "user,item,rating\n1,10,4\n,11,4\n1,,4\n1,12,\n1,13,NaN\n2,10,3\n"))

    assert (table.users.tolist(), table.dropped) == ([1, 2], 4)


def test_ids_may_be_words_in_any_script(tmp_path: Path) -> None:
    table = read_ratings(file(tmp_path, "user,item,rating\n하늘,마더,5\n바다,마더,4\n하늘,괴물,3\n"))

    assert len(set(table.users.tolist())) == len(set(table.titles.tolist())) == 2
    assert table.titles[0] == table.titles[1]


def test_dates_and_seconds_are_times(tmp_path: Path) -> None:
    table = read_ratings(
        file(tmp_path, "user,item,rating,date\n1,10,2,2026-11-23\n1,10,4,2026-11-24\n1,10,3,2026-11-22\n")
    )

    assert table.ratings().stars.tolist() == [4.0]  # the latest rating of a title counts


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("user,item,rating\n1,10,4\n2,10,great\n", 3, "'great' is no rating"),
        ("user,item,rating\n1,10,4\n2,99999999999999999999,4\n", 3, "does not fit"),
        ("user,item,rating\n1,10,4\n2,10,-1\n", 3, "no scale that is known"),
        ("user,item,rating\n1,10,4\n2,10,101\n", 3, "no scale that is known"),
        ("user,item,rating\n1,10,4\n2,10,4,7,8\n", 3, "5 fields instead of 3"),
        ("who,what,rating\n1,10,4\n", 1, "no column for user, item"),
        ("1,10,4\n2,10,5\n", 1, "no column for"),
        ("user,item,rating\n1,10,4\n2,10\n", 3, "2 fields instead of 3"),
        ("1\t10\n2\t10\n", 1, "were expected"),
        ("", 1, "empty"),
        ("user,item,rating\n1,10,inf\n", 2, "'inf' is no rating"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    with pytest.raises(FileRefused, match=why) as refused:
        read_ratings(file(tmp_path, text))
    assert refused.value.line == line


def test_an_encoding_other_than_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="not UTF-8") as refused:
        read_ratings(file(tmp_path, "user,item,rating\n1,10,4\n하늘,10,4\n", encoding="cp949"))
    assert refused.value.line == 3


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 5], Scale(1, 5)),
        ([0.5, 4], Scale(0.5, 5)),
        ([0, 5], Scale(0, 5)),
        ([1, 10], Scale(1, 10)),
        ([0, 7], Scale(0, 10)),
        ([1, 88], Scale(1, 100)),
    ],
)
def test_the_scale_is_the_smallest_usual_one(tmp_path: Path, values: list[float], scale: Scale) -> None:
    rows = "".join(f"{user},10,{value}\n" for user, value in enumerate(values))

    assert read_ratings(file(tmp_path, f"user,item,rating\n{rows}")).scale == scale


def test_a_given_scale_wins_and_refuses_what_is_outside(tmp_path: Path) -> None:
    path = file(tmp_path, "user,item,rating\n1,10,4\n2,10,6\n")

    assert read_ratings(path, parse_scale("1:10")).scale == Scale(1, 10)
    with pytest.raises(FileRefused, match="6 is outside 1 to 5") as refused:
        read_ratings(path, parse_scale("1:5"))
    assert refused.value.line == 3


@pytest.mark.parametrize("scale", [Scale(1, 5), Scale(0.5, 5), Scale(0, 5), Scale(1, 10), Scale(0, 10), Scale(0, 100)])
def test_a_scale_and_back_is_the_same_value_and_all_of_it_fits_stars(scale: Scale) -> None:
    values = np.linspace(scale.low, scale.high, 21)

    stars = scale.to_stars(values)

    assert stars.min() >= 0.5
    assert stars.max() <= 5
    assert np.allclose(scale.from_stars(stars), values)


@pytest.mark.parametrize("text", ["5:1", "ten", "1", "1:1", ":"])
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"scale|float"):
        parse_scale(text)


U_ITEM = (
    "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n2|Am\xe9lie|01-Jan-2001||u"
    + "|0" * 19
)


def test_the_titles_of_movielens_in_its_three_shapes(tmp_path: Path) -> None:
    item = read_titles(file(tmp_path, U_ITEM, "u.item", "latin-1")).rows
    dat = read_titles(file(tmp_path, "1::Toy Story (1995)::Animation|Comedy\n", "movies.dat", "latin-1")).rows
    table = read_titles(
        file(tmp_path, 'movieId,title,genres\n1,"Toy, Story (1995)",Animation|Comedy\n', "movies.csv")
    ).rows

    assert (item[0].year, item[0].genres, item[1].year) == (1995, ("animation", "kids", "comedy"), 2001)
    assert (dat[0].id, dat[0].year, dat[0].genres) == (1, 1995, ("Animation", "Comedy"))
    assert table == dat


def test_a_csv_may_say_more_of_a_title(tmp_path: Path) -> None:
    header = "id,name,year,genres,director,cast,country,language,vote_average,vote_count"
    rows = read_titles(file(tmp_path, f"{header}\n7,마더,2009,드라마|스릴러,봉준호,김혜자|원빈,KR,ko,7.8,1200\n")).rows

    assert rows[0].people == ("봉준호", "김혜자", "원빈")
    assert (rows[0].year, rows[0].country, rows[0].vote_average, rows[0].vote_count) == (2009, "KR", 7.8, 1200)


@pytest.mark.parametrize(
    ("text", "line"),
    [("id,title\n1,A\n,B\n", 3), ("title,year\nA,2000\n", 1), ("1::A::x\nB\n", 2), ("id,vote_average\n1,good\n", 2)],
)
def test_a_title_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(FileRefused) as refused:
        read_titles(file(tmp_path, text))
    assert refused.value.line == line
