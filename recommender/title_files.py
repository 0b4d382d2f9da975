"""Title files as people have them: MovieLens' three shapes, and any CSV with a header that names an id."""

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from recommender.border import plain_id
from recommender.files import FileRefused, delimiter, plain_name, quoted_rows, text_of
from recommender.titles import Title, Titles

_GENRES_OF_U_ITEM = (
    "unknown", "action", "adventure", "animation", "kids", "comedy", "crime", "documentary", "drama", "fantasy",
    "film-noir", "horror", "musical", "mystery", "romance", "scifi", "thriller", "war", "western",
)  # fmt: skip
_BEFORE_GENRES = 5
_TITLE_IDS = ("id", "itemid", "movieid", "titleid", "filmid", "item", "movie")
_YEAR_AT_END = re.compile(r"\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*$")
_MANY = re.compile(r"[|;,/]")


def read_titles(path: Path) -> Titles:
    """Read `u.item` (latin-1), `movies.csv`, `::` files, or CSV with a header that names an id.

    Columns of a CSV: id, title or name, year, kind, genres, people (director, cast), country, language, keywords,
    services, vote_average, vote_count; lists are parted by `|`. Raises `FileRefused` with the line.
    """
    raw = path.read_bytes()
    lines = raw.split(b"\n")
    if lines[0].count(b"|") >= len(_GENRES_OF_U_ITEM) + _BEFORE_GENRES - 1:
        return Titles(_each(path, [line.decode("latin-1") for line in lines], _from_u_item))
    if b"::" in lines[0]:
        return Titles(_each(path, _decoded(path, lines, fall_back="latin-1"), _from_dat))
    return Titles(_from_csv(path, "\n".join(_decoded(path, lines))))


def _decoded(path: Path, lines: Sequence[bytes], fall_back: str | None = None) -> list[str]:
    try:
        return [text_of(path, number, line) for number, line in enumerate(lines, start=1)]
    except FileRefused:
        if fall_back is None:
            raise
        return [line.decode(fall_back) for line in lines]


def _each(path: Path, lines: Sequence[str], read: Callable[[str], Title]) -> Iterator[Title]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield read(line.rstrip("\r"))
            except ValueError as error:
                raise FileRefused(path, number, f"no title: {error}") from None


def _from_u_item(line: str) -> Title:
    fields = line.split("|")
    flags = fields[_BEFORE_GENRES:]
    if len(flags) != len(_GENRES_OF_U_ITEM):
        raise ValueError(f"{len(flags)} genres instead of {len(_GENRES_OF_U_ITEM)}")
    number, name, released = fields[:3]
    genres = tuple(genre for genre, flag in zip(_GENRES_OF_U_ITEM, flags, strict=True) if flag.strip() == "1")
    year = _year_of(name) or (int(released[-4:]) if released[-4:].isdecimal() else None)
    return Title(id=_id(number), year=year, genres=tuple(genre for genre in genres if genre != "unknown"))


def _from_dat(line: str) -> Title:
    number, colons, rest = line.partition("::")
    if not colons:
        raise ValueError("id::title::genres was expected")
    name, genres = (*rest.split("::"), "")[:2]
    return Title(id=_id(number), year=_year_of(name), genres=_words(genres))


def _from_csv(path: Path, text: str) -> Iterator[Title]:
    header = text.partition("\n")[0]
    rows = quoted_rows(path, io.StringIO(text, newline=""), delimiter(header))
    names = next(rows, (1, []))[1]
    columns = [plain_name(name) for name in names]
    key = next((name for name in _TITLE_IDS if name in columns), None)
    if key is None:
        raise FileRefused(path, 1, f"no column for the id among {', '.join(names) or 'none'}")
    for line, row in rows:
        if not row:
            continue
        if len(row) > len(columns):
            raise FileRefused(path, line, f"{len(row)} fields instead of {len(columns)}")
        # of two columns with one name the first counts; missing ones at the end of a row are empty
        cells = list(zip_longest(columns, (cell.strip() for cell in row), fillvalue=""))
        try:
            yield _from_row(key, dict(cells[::-1]))
        except ValueError as error:
            raise FileRefused(path, line, f"no title: {error}") from None


def _from_row(key: str, about: Mapping[str, str]) -> Title:
    name = about.get("title") or about.get("name") or ""
    people = (*_words(about.get("director", "")), *_words(about.get("directors", "")), *_words(about.get("cast", "")))
    return Title(
        id=_id(about[key]),
        kind=about.get("kind", ""),
        year=int(about["year"][:4]) if about.get("year", "")[:4].isdecimal() else _year_of(name),
        genres=_words(about.get("genres") or about.get("genre", "")),
        people=(*people, *_words(about.get("people", ""))),
        country=next(iter(_words(about.get("country", ""))), ""),
        language=about.get("language", ""),
        services=_words(about.get("services", "")),
        keywords=_words(about.get("keywords", "")),
        vote_average=_number(about.get("voteaverage", "")),
        vote_count=int(_number(about.get("votecount", "")) or 0),
    )


def _id(raw: str) -> int:
    number = plain_id(raw)
    if number is None:
        raise ValueError("there is no id")
    return number


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number")
    return number


def _year_of(name: str) -> int | None:
    found = _YEAR_AT_END.search(name)
    return int(found[1]) if found else None


def _words(text: str) -> tuple[str, ...]:
    """Return the parts of a list, however it is parted."""
    parts = (part.strip() for part in _MANY.split(text))
    return tuple(dict.fromkeys(part for part in parts if part and not part.startswith("(no ")))


__all__ = ["read_titles"]
