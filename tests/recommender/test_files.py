"""Rating and title files in every shape that people have; what cannot be meant is refused with its line."""

import gzip
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recommender.files import FileRefused, Scale, parse_scale, read_ratings
from recommender.title_files import read_titles


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
        ("user,item,rating\n", 2, "no rating from here on"),
        ("user,item,rating\n1,10,nan\n,10,4\n", 2, "no rating from here on"),
        ("user,user,item,rating\n1,2,10,4\n", 1, "more than one column is called user"),
        ("userId,user_id,item,rating\n1,2,10,4\n", 1, "more than one column is called userid"),
        ('[{"user": 1, "item": 2, "rating": 3}]\n', 1, "no column for user"),
        ("사용자,영화,평점\n1,2,3\n", 1, "among 사용자, 영화, 평점"),
        ('user,item,rating\n1,"a,b",4\n2,"a",5,6\n', 3, "4 fields instead of 3"),
        ('user,item,rating\n1,"a",4\n2,"a"\n', 3, "2 fields instead of 3"),
        ('user,item,rating\n1,10,4\n"2,10,4\n3,10,4\n', 3, "CSV"),
        ('user,"item,rating\n1,10,4\n', 1, "CSV"),
        ('user,item,rating\n1,"a\nb",4\n2,a,great\n', 4, "'great' is no rating"),
        ("user,item,rating\n1,10,4\0\n", 2, "byte of zero"),
        ("1::10::4::100\n1:2:3:4:5:6:7\n", 2, "user::item::rating::time"),
        ("user;item;rating\n1;10;3,5\n", 2, "'3,5' is no rating"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    with pytest.raises(FileRefused, match=why) as refused:
        read_ratings(file(tmp_path, text))
    assert refused.value.line == line


@pytest.mark.parametrize("read", [read_ratings, read_titles])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (gzip.compress(b"user,item,rating\n1,1,4\n", mtime=0), "unpack it first"),
        ("user,item,rating\n1,1,4\n".encode("utf-16"), "UTF-16"),
        ("user,item,rating\n1,1,4\n".encode("utf-16-le"), "byte of zero"),
        (b"PK\x03\x04 and so on", "zip archive or a spreadsheet"),
        (b"PAR1 and so on", "Parquet"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8"),
    ],
    ids=["gzip", "UTF-16", "UTF-16 without its mark", "zip", "Parquet", "picture"],
)
def test_what_is_no_text_is_refused_by_its_first_line(
    tmp_path: Path, read: Callable[[Path], object], content: bytes, why: str
) -> None:
    path = tmp_path / "mistaken.csv"
    path.write_bytes(content)

    with pytest.raises(FileRefused, match=why) as refused:
        read(path)
    assert refused.value.line == 1


def test_times_may_be_seconds_and_dates_far_away_and_missing(tmp_path: Path) -> None:
    rows = ["1,10,1,1000-01-01", "1,10,4,2026-11-24", "1,10,2,1700000000", "1,10,3,soon", "2,10,5,99999-13-40"]

    table = read_ratings(file(tmp_path, "user,item,rating,date\n" + "\n".join(rows) + "\n"))

    assert table.ratings().stars.tolist() == [4.0, 5.0]


@pytest.mark.parametrize("missing", ["NaN", "nan", "NULL", "<NA>"])
def test_what_programs_write_for_a_missing_id_is_none(missing: str, tmp_path: Path) -> None:
    table = read_ratings(file(tmp_path, f"user,item,rating\n{missing},10,4\n2,{missing},4\n3,10,4\n"))

    assert (table.users.tolist(), table.dropped) == ([3], 2)


def test_a_korean_id_is_one_however_its_syllables_are_written(tmp_path: Path) -> None:
    rows = f"하늘,{unicodedata.normalize('NFC', '마더')},2\n하늘,{unicodedata.normalize('NFD', '마더')},5\n"

    assert read_ratings(file(tmp_path, f"user,item,rating\n{rows}")).ratings().stars.tolist() == [5.0]


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


@pytest.mark.parametrize("text", ["5:1", "ten", "1", "1:1", ":", "a:b", "1:5:9", "1:inf", "nan:5", "1:1e308"])
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no scale; 1:10 is one"):
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
    [
        ("id,title\n1,A\n,B\n", 3),
        ("title,year\nA,2000\n", 1),
        ("1::A::x\nB\n", 2),
        ("id,vote_average\n1,good\n", 2),
        ("id,vote_average\n1,inf\n", 2),
        ("id,vote_count\n1,nan\n", 2),
        ("", 1),
        ("id,title\n1,A,B,C\n", 2),
        ('id,title\n1,A\n2,"B\n3,C\n', 3),
        ('id,title\n1,"A\nB"\n,C\n', 4),
        (f"id,title\n1,{'A' * 200_000}\n", 2),
        (f"1|A|1995||x{'|0' * 19}\n2|B|1995||x{'|0' * 18}\n", 2),
        (f"1|A|1995||x{'|0' * 19}\n2|B\n", 2),
    ],
)
def test_a_title_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(FileRefused) as refused:
        read_titles(file(tmp_path, text))
    assert refused.value.line == line


def test_signs_that_only_look_like_line_ends_part_no_title(tmp_path: Path) -> None:
    table = file(tmp_path, "id,title,genres\n1,A\u2028B,drama\n2,C\x0bD,comedy\n")
    item = file(tmp_path, f"1|A\x85B (1995)|||{'|0' * 19}\n", "u.item", "latin-1")

    assert [title.genres for title in read_titles(table).rows] == [("drama",), ("comedy",)]
    assert [title.year for title in read_titles(item).rows] == [1995]


def test_columns_missing_at_the_end_of_a_titles_row_are_empty(tmp_path: Path) -> None:
    rows = read_titles(file(tmp_path, "id,title,genres\n1,A (1999),drama\n\n2,B (2001)\n")).rows

    assert [(title.year, title.genres) for title in rows] == [(1999, ("drama",)), (2001, ())]
