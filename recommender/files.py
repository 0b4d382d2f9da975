"""Rating files as people have them: MovieLens' two shapes, and any CSV with a header."""

import csv
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recommender.arrays import F64, I64, Bools
from recommender.border import HIGHEST, LOWEST, Ratings, plain_id

# The ends of the scales that people rate on: half or whole stars, points of ten, percent.
_TOPS = (5.0, 10.0, 100.0)
_RELEVANT = 0.8
_NAMES: Mapping[str, tuple[str, ...]] = {
    "user": ("user", "userid", "uid", "member", "memberid", "person", "personid"),
    "item": ("item", "itemid", "iid", "movie", "movieid", "title", "titleid", "film", "filmid", "id"),
    "rating": ("rating", "stars", "score", "rate", "value"),
    "time": ("time", "timestamp", "ts", "date", "ratedat"),
}
_FARTHEST = 1e6
_NO_TEXT = {
    b"\x1f\x8b": "packed by gzip: unpack it first",
    b"PK\x03\x04": "a zip archive or a spreadsheet, not text",
    b"PAR1": "Parquet, not text",
    b"\xff\xfe": "UTF-16, not UTF-8",
    b"\xfe\xff": "UTF-16, not UTF-8",
}
_BOM = b"\xef\xbb\xbf"


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
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        low = high = math.nan
    if not -_FARTHEST <= low < high <= _FARTHEST:
        raise ValueError(f"{text!r} is no scale; 1:10 is one")
    return Scale(low, high)


def read_ratings(path: Path, scale: Scale | None = None) -> RatingTable:
    """Read `u.data` (tabs), `::` files, or CSV with a header (user, item, rating, optional time).

    Rows without user, item or rating are dropped and counted. The scale is the smallest of 5, 10 and 100 that
    holds every value, unless it is given. Raises `FileRefused` with the line for a wrong column, an encoding that
    is not UTF-8, an id that is none, a value outside the scale, or when no row is left.
    """
    shape = _shape(path)
    begins = _check_lines(path, shape)
    frame = _frame(path, shape)
    lines = frame.index.to_numpy() + shape.first_line if begins is None else begins
    values = _numbers(path, frame["rating"], lines, "rating")
    users, has_user = _ids(path, frame["user"], lines)
    titles, has_title = _ids(path, frame["item"], lines)
    whole = has_user & has_title & ~np.isnan(values)
    if not whole.any():
        raise FileRefused(path, shape.first_line, "no rating from here on")
    times = _times(frame["time"])[whole] if "time" in frame else None
    chosen = scale or _scale_of(path, values[whole], lines[whole])
    outside = np.flatnonzero(whole & ((values < chosen.low) | (values > chosen.high)))
    if len(outside):
        first = outside[0]
        raise FileRefused(path, int(lines[first]), f"{values[first]:g} is outside {chosen.low:g} to {chosen.high:g}")
    return RatingTable(users[whole], titles[whole], values[whole], times, chosen, int((~whole).sum()))


# --- ratings ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    separator: str
    columns: Mapping[str, int]
    width: int
    first_line: int


def _shape(path: Path) -> _Shape:
    with path.open("rb") as file:
        first = text_of(path, 1, file.readline()).rstrip("\r\n")
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
    separator = delimiter(first)
    named = next(quoted_rows(path, [first], separator))[1]
    header = [plain_name(name) for name in named]
    columns = {field: header.index(name) for field, names in _NAMES.items() for name in names[::-1] if name in header}
    missing = [field for field in ("user", "item", "rating") if field not in columns]
    if missing:
        raise FileRefused(path, 1, f"no column for {', '.join(missing)} among {', '.join(named)}")
    for at in columns.values():
        if header.count(header[at]) > 1:
            raise FileRefused(path, 1, f"more than one column is called {header[at]}")
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
    return sum(plain_name(field) in known for field in fields) >= 2


def delimiter(header: str) -> str:
    """Return what parts the columns of a table with this header."""
    return "\t" if "\t" in header else ";" if header.count(";") > header.count(",") else ","


def plain_name(name: str) -> str:
    """Return a column's name without case, spaces and strokes."""
    return re.sub(r"[\s_.-]+", "", unicodedata.normalize("NFC", name).casefold())


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
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    others = np.isnan(numbers)
    if others.any():
        instants = pd.to_datetime(column[others], errors="coerce", utc=True, format="mixed").dt.as_unit("s")
        seconds = instants.astype(np.int64).to_numpy(dtype=np.float64)
        numbers[others] = np.where(instants.isna(), np.nan, seconds)
    return numbers


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


# --- text ------------------------------------------------------------------------------------------------------------


def text_of(path: Path, number: int, line: bytes) -> str:
    """Return a line as text; FileRefused where it is none, or no UTF-8."""
    if number == 1:
        for beginning, what in _NO_TEXT.items():
            if line.startswith(beginning):
                raise FileRefused(path, 1, what)
        line = line.removeprefix(_BOM)
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise FileRefused(path, number, f"not UTF-8 (byte {line[error.start]:#04x})") from None
    if "\0" in text:
        raise FileRefused(path, number, "a byte of zero: this is no text, or not UTF-8")
    return text


def quoted_rows(path: Path, lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row of a CSV begins, and its fields; FileRefused for a quote that never closes."""
    rows = csv.reader(lines, delimiter=separator, strict=True)
    begins = 1
    try:
        for row in rows:
            yield begins, row
            begins = rows.line_num + 1
    except csv.Error as error:
        raise FileRefused(path, begins, f"not to be read as CSV: {error}") from None


def _check_lines(path: Path, shape: _Shape) -> I64 | None:
    """Return the line on which each row begins, None where each is one line.

    Raises FileRefused with the first line that is not UTF-8 or has another number of fields.
    """
    separator, quoted = shape.separator.encode(), False
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text_of(path, number, line)
            quoted = quoted or b'"' in line
            if not quoted and line.strip():
                _check_width(path, number, line.count(separator) + 1, shape)
                if shape.separator == ":" and line.count(b"::") * 2 != line.count(b":"):
                    raise FileRefused(path, number, "user::item::rating::time was expected")
    if not quoted:
        return None
    begins: list[int] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in quoted_rows(path, file, shape.separator):
            if "".join(row).strip():
                _check_width(path, number, len(row), shape)
            if number >= shape.first_line:
                begins.append(number)
    return np.array(begins, dtype=np.int64)


def _check_width(path: Path, line: int, fields: int, shape: _Shape) -> None:
    if fields != shape.width:
        raise FileRefused(path, line, f"{fields} fields instead of {shape.width}")


__all__ = ["FileRefused", "RatingTable", "Scale", "parse_scale", "read_ratings"]
