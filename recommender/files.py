"""Rating files and title files as people have them: MovieLens' three shapes, and any CSV with a header."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recommender.arrays import F64, I64, Bools
from recommender.border import HIGHEST, LOWEST, Ratings, plain_id
from recommender.titles import Title, Titles

# The ends of the scales that people rate on: half or whole stars, points of ten, percent.
_TOPS = (5.0, 10.0, 100.0)
_RELEVANT = 0.8
_NAMES: Mapping[str, tuple[str, ...]] = {
    "user": ("user", "userid", "uid", "member", "memberid", "person", "personid"),
    "item": ("item", "itemid", "iid", "movie", "movieid", "title", "titleid", "film", "filmid", "id"),
    "rating": ("rating", "stars", "score", "rate", "value"),
    "time": ("time", "timestamp", "ts", "date", "ratedat"),
}
_GENRES_OF_U_ITEM = (
    "unknown", "action", "adventure", "animation", "kids", "comedy", "crime", "documentary", "drama", "fantasy",
    "film-noir", "horror", "musical", "mystery", "romance", "scifi", "thriller", "war", "western",
)  # fmt: skip
_TITLE_IDS = ("id", "itemid", "movieid", "titleid", "filmid", "item", "movie")
_YEAR_AT_END = re.compile(r"\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*$")
_MANY = re.compile(r"[|;,/]")


class FileRefused(ValueError):
    """A file that cannot be read as what it should be; `line` counts from 1, None where no line is to blame."""

    def __init__(self, path: Path, line: int | None, why: str) -> None:
        super().__init__(f"{path.name}{'' if line is None else f', line {line}'}: {why}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale that a file rates on; inside the recommender everything is stars from 0.5 to 5."""

    low: float
    high: float

    @property
    def relevant(self) -> float:
        """From here on somebody liked a title: 80 % of the scale's top."""
        return _RELEVANT * self.high

    @property
    def _stretch(self) -> float:
        inside = self.low >= LOWEST and self.high <= HIGHEST
        return 1.0 if inside else (HIGHEST - LOWEST) / (self.high - self.low)

    def to_stars(self, values: F64) -> F64:
        """Return values of this scale as stars."""
        return values if self._stretch == 1.0 else LOWEST + (values - self.low) * self._stretch

    def from_stars(self, stars: F64) -> F64:
        """Return stars as values of this scale."""
        return stars if self._stretch == 1.0 else self.low + (stars - LOWEST) / self._stretch


@dataclass(frozen=True, eq=False)
class RatingTable:
    """The rows of a rating file, in its order: ids normalised, values on the file's own scale; `dropped` had gaps."""

    users: I64
    titles: I64
    values: F64
    times: F64 | None
    scale: Scale
    dropped: int

    def __len__(self) -> int:
        return len(self.values)

    def ratings(self, rows: I64 | slice = slice(None)) -> Ratings:
        """Return these rows as the recommender takes them."""
        times = None if self.times is None else self.times[rows]
        return Ratings(self.users[rows], self.titles[rows], self.scale.to_stars(self.values[rows]), times)


def parse_scale(text: str) -> Scale:
    """Read a scale such as `1:10`; ValueError for anything else."""
    low, colon, high = text.partition(":")
    if not colon or not float(low) < float(high):
        raise ValueError(f"{text!r} is no scale; 1:10 is one")
    return Scale(float(low), float(high))


def read_ratings(path: Path, scale: Scale | None = None) -> RatingTable:
    """Read `u.data` (tabs), `::` files, or CSV with a header (user, item, rating, optional time).

    Rows without user, item or rating are dropped and counted. The scale is the smallest of 5, 10 and 100 that
    holds every value, unless it is given. Raises `FileRefused` with the line for a wrong column, an encoding that
    is not UTF-8, an id that is none, or a value outside the scale.
    """
    shape = _shape(path)
    _check_lines(path, shape)
    frame = _frame(path, shape)
    lines = frame.index.to_numpy() + shape.first_line
    values = _numbers(path, frame["rating"], lines, "rating")
    users, has_user = _ids(path, frame["user"], lines)
    titles, has_title = _ids(path, frame["item"], lines)
    whole = has_user & has_title & ~np.isnan(values)
    times = _times(frame["time"])[whole] if "time" in frame else None
    chosen = scale or _scale_of(path, values[whole], lines[whole])
    outside = np.flatnonzero(whole & ((values < chosen.low) | (values > chosen.high)))
    if len(outside):
        first = outside[0]
        raise FileRefused(path, int(lines[first]), f"{values[first]:g} is outside {chosen.low:g} to {chosen.high:g}")
    return RatingTable(users[whole], titles[whole], values[whole], times, chosen, int((~whole).sum()))


def read_titles(path: Path) -> Titles:
    """Read `u.item` (latin-1), `movies.csv`, `::` files, or CSV with a header that names an id.

    Columns of a CSV: id, title or name, year, kind, genres, people (director, cast), country, language, keywords,
    services, vote_average, vote_count; lists are parted by `|`. Raises `FileRefused` with the line.
    """
    raw = path.read_bytes()
    first = raw.split(b"\n", 1)[0]
    if first.count(b"|") >= 4 + len(_GENRES_OF_U_ITEM):
        return Titles(_each(path, raw.decode("latin-1").splitlines(), _from_u_item))
    text = _decoded(path, raw, fall_back="latin-1" if b"::" in first else None)
    if b"::" in first:
        return Titles(_each(path, text.splitlines(), _from_dat))
    return Titles(_from_csv(path, text))


# --- ratings ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    separator: str
    columns: Mapping[str, int]
    width: int
    first_line: int


def _shape(path: Path) -> _Shape:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline().rstrip("\r\n")
    if not first:
        raise FileRefused(path, 1, "the file is empty")
    if "::" in first:
        # Every second field between single colons is empty: that way pandas' fast reader can take it.
        return _checked(
            path, first, _Shape(":", {"user": 0, "item": 2, "rating": 4, "time": 6}, 7, 1), first.split(":")
        )
    if "\t" in first and not _looks_like_header(first.split("\t")):
        return _checked(
            path, first, _Shape("\t", {"user": 0, "item": 1, "rating": 2, "time": 3}, 4, 1), first.split("\t")
        )
    separator = _delimiter(first)
    header = [_plain(name) for name in next(csv.reader([first], delimiter=separator))]
    columns = {field: header.index(name) for field, names in _NAMES.items() for name in names[::-1] if name in header}
    missing = [field for field in ("user", "item", "rating") if field not in columns]
    if missing:
        raise FileRefused(path, 1, f"no column for {', '.join(missing)} among {', '.join(header)}")
    return _Shape(separator, columns, len(header), 2)


def _checked(path: Path, first: str, shape: _Shape, fields: Sequence[str]) -> _Shape:
    if len(fields) not in (shape.width, shape.columns["rating"] + 1):
        raise FileRefused(path, 1, f"user, item, rating and time were expected, not {first[:60]!r}")
    if len(fields) == shape.width:
        return shape
    without_time = {field: at for field, at in shape.columns.items() if field != "time"}
    return _Shape(shape.separator, without_time, len(fields), shape.first_line)


def _looks_like_header(fields: Sequence[str]) -> bool:
    known = {name for names in _NAMES.values() for name in names}
    return sum(_plain(field) in known for field in fields) >= 2


def _delimiter(header: str) -> str:
    return "\t" if "\t" in header else ";" if header.count(";") > header.count(",") else ","


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.casefold())


def _frame(path: Path, shape: _Shape) -> pd.DataFrame:
    names = list(range(shape.width))
    whole = {shape.columns[field]: np.int64 for field in ("user", "item")} | {shape.columns["rating"]: np.float64}
    for dtypes in (whole, str):
        try:
            frame = pd.read_csv(
                path,
                sep=shape.separator,
                header=None,
                names=names,
                usecols=sorted(shape.columns.values()),
                skiprows=shape.first_line - 1,
                dtype=dtypes,
                keep_default_na=False,
                skip_blank_lines=False,
                encoding="utf-8-sig",
                on_bad_lines="error",
            )
        except pd.errors.ParserError as error:
            raise FileRefused(path, None, str(error)) from None
        except (ValueError, OverflowError):
            continue  # something is not a number: read words, to find out what and where
        return frame.rename(columns={at: field for field, at in shape.columns.items()})
    raise FileRefused(path, None, "it cannot be read as a table")


def _numbers(path: Path, column: "pd.Series[Any]", lines: I64, what: str) -> F64:
    if column.dtype == np.float64 and not np.isinf(column).any():
        return np.asarray(column.to_numpy(), dtype=np.float64)
    words: pd.Series[str] = column.fillna("").astype(str).str.strip()
    numbers = pd.to_numeric(words, errors="coerce").to_numpy(dtype=np.float64)
    gaps = words.str.casefold().isin(["", "nan", "null", "none", "na"]).to_numpy()
    wrong = np.flatnonzero((np.isnan(numbers) | np.isinf(numbers)) & ~gaps)
    if len(wrong):
        raise FileRefused(path, int(lines[wrong[0]]), f"{words.iloc[wrong[0]]!r} is no {what}")
    return numbers


def _ids(path: Path, column: "pd.Series[Any]", lines: I64) -> tuple[I64, Bools]:
    if column.dtype == np.int64:
        return column.to_numpy(dtype=np.int64), np.ones(len(column), dtype=bool)
    codes, words = pd.factorize(column.fillna("").astype(str))
    numbers = np.zeros(len(words), dtype=np.int64)
    known = np.zeros(len(words), dtype=bool)
    for at, word in enumerate(words):
        try:
            number = plain_id(word)
        except ValueError as error:
            raise FileRefused(path, int(lines[np.flatnonzero(codes == at)[0]]), str(error)) from None
        if number is not None:
            numbers[at], known[at] = number, True
    of_rows: I64 = np.asarray(codes, dtype=np.int64)
    return numbers[of_rows], known[of_rows]


def _times(column: "pd.Series[str]") -> F64:
    """Return times as numbers: seconds as they are, dates by the instant; what is neither counts as missing."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isnan(numbers).all() or not len(column):
        return numbers
    instants = pd.to_datetime(column, errors="coerce", utc=True, format="mixed")
    return np.asarray((instants - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), dtype=np.float64)


def _scale_of(path: Path, values: F64, lines: I64) -> Scale:
    if not len(values):
        return Scale(LOWEST, HIGHEST)
    least, most = float(values.min()), float(values.max())
    if least < 0 or most > _TOPS[-1]:
        wrong = int(np.argmin(values) if least < 0 else np.argmax(values))
        raise FileRefused(path, int(lines[wrong]), f"{values[wrong]:g} is on no scale that is known; --scale names one")
    top = next(top for top in _TOPS if most <= top)
    usual = LOWEST if top == HIGHEST and least < 1 else 1.0
    return Scale(min(usual, least) if least < usual else usual, top)


# --- titles ----------------------------------------------------------------------------------------------------------


def _each(path: Path, lines: Sequence[str], read: Callable[[str], Title]) -> Iterator[Title]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield read(line)
            except (ValueError, IndexError) as error:
                raise FileRefused(path, number, f"no title: {error}") from None


def _from_u_item(line: str) -> Title:
    number, name, released, *rest = line.split("|")
    flags = rest[2:]
    if len(flags) != len(_GENRES_OF_U_ITEM):
        raise ValueError(f"{len(flags)} genres instead of {len(_GENRES_OF_U_ITEM)}")
    genres = tuple(genre for genre, flag in zip(_GENRES_OF_U_ITEM, flags, strict=True) if flag.strip() == "1")
    year = _year_of(name) or (int(released[-4:]) if released[-4:].isdecimal() else None)
    return Title(id=_id(number), year=year, genres=tuple(genre for genre in genres if genre != "unknown"))


def _from_dat(line: str) -> Title:
    number, name, *genres = line.split("::")
    return Title(id=_id(number), year=_year_of(name), genres=_words(genres[0] if genres else ""))


def _from_csv(path: Path, text: str) -> Iterator[Title]:
    lines = text.splitlines()
    rows = csv.DictReader(lines, delimiter=_delimiter(lines[0] if lines else ""))
    columns = {_plain(name): name for name in rows.fieldnames or ()}
    key = next((columns[name] for name in _TITLE_IDS if name in columns), None)
    if key is None:
        raise FileRefused(path, 1, f"no column for the id among {', '.join(columns) or 'none'}")
    for row in rows:
        about = {name: (row.get(column) or "").strip() for name, column in columns.items()}
        try:
            yield _from_row(row[key], about)
        except ValueError as error:
            raise FileRefused(path, rows.line_num, f"no title: {error}") from None


def _from_row(raw_id: str | None, about: Mapping[str, str]) -> Title:
    name = about.get("title") or about.get("name") or ""
    people = (*_words(about.get("director", "")), *_words(about.get("directors", "")), *_words(about.get("cast", "")))
    vote = about.get("voteaverage", "")
    return Title(
        id=_id(raw_id or ""),
        kind=about.get("kind", ""),
        year=int(about["year"][:4]) if about.get("year", "")[:4].isdecimal() else _year_of(name),
        genres=_words(about.get("genres") or about.get("genre", "")),
        people=(*people, *_words(about.get("people", ""))),
        country=next(iter(_words(about.get("country", ""))), ""),
        language=about.get("language", ""),
        services=_words(about.get("services", "")),
        keywords=_words(about.get("keywords", "")),
        vote_average=float(vote) if vote else None,
        vote_count=int(float(about.get("votecount") or 0)),
    )


def _id(raw: str) -> int:
    number = plain_id(raw)
    if number is None:
        raise ValueError("there is no id")
    return number


def _year_of(name: str) -> int | None:
    found = _YEAR_AT_END.search(name)
    return int(found[1]) if found else None


def _words(text: str) -> tuple[str, ...]:
    """Return the parts of a list, however it is parted."""
    parts = (part.strip() for part in _MANY.split(text))
    return tuple(dict.fromkeys(part for part in parts if part and not part.startswith("(no ")))


# --- encoding --------------------------------------------------------------------------------------------------------


def _check_lines(path: Path, shape: _Shape) -> None:
    """Raise FileRefused with the first line that is not UTF-8 or has another number of fields."""
    separator = shape.separator.encode()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise FileRefused(path, number, f"not UTF-8 (byte {line[error.start]:#04x})") from None
            fields = line.count(separator) + 1
            if fields != shape.width and line.strip() and b'"' not in line:
                raise FileRefused(path, number, f"{fields} fields instead of {shape.width}")


def _decoded(path: Path, raw: bytes, fall_back: str | None) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fall_back:
            return raw.decode(fall_back)
        line = raw[: error.start].count(b"\n") + 1
        raise FileRefused(path, line, f"not UTF-8 (byte {raw[error.start]:#04x})") from None


__all__ = ["FileRefused", "RatingTable", "Scale", "parse_scale", "read_ratings", "read_titles"]
