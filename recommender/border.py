"""The one border that ratings cross: whatever is inside a `Ratings` is clean."""

import contextlib
import hashlib
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import F64, I64, Bools

LOWEST, HIGHEST = 0.5, 5.0
_WHOLE = re.compile(r"\s*([+-]?[0-9]+)(?:\.0+)?\s*", re.ASCII)
_TEXT_IDS_END = -(2**62)
# What programs write, or have, where there is nothing.
_NOTHING = frozenset(["", "nan", "none", "null", "<na>", "nat"])

Column = Sequence[Any] | NDArray[Any]


class RatingRefused(ValueError):
    """A rating row that cannot be meant; `row` counts from 1."""

    def __init__(self, row: int, why: str) -> None:
        super().__init__(f"row {row}: {why}")
        self.row = row


def plain_id(raw: object) -> int | None:
    """Give one number for one id, however it is spelled; None when there is no id.

    7, "7", " 7 ", b"7", 7.0 and numpy's 7 are the id 7. Any other text becomes a stable number below -2**62,
    the same in every process, so that text ids need no code book beside a snapshot.
    """
    if raw is None or isinstance(raw, bool | np.bool_):
        return None
    if isinstance(raw, Integral):
        return _fitting(int(raw))
    if isinstance(raw, Real):
        value = float(raw)
        if math.isnan(value):
            return None
        if not value.is_integer():
            raise ValueError(f"{value} is no id")
        return _fitting(int(value))
    text = unicodedata.normalize("NFC", raw.decode() if isinstance(raw, bytes) else str(raw)).strip()
    if text.casefold() in _NOTHING:
        return None
    if whole := _WHOLE.fullmatch(text):
        return _fitting(int(whole[1]))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return _TEXT_IDS_END - 1 - (int.from_bytes(digest, "big") >> 2)


def asked_id(raw: object) -> int | None:
    """Return the number of an id that somebody asks about; None for what can be no id, as nothing has it."""
    with contextlib.suppress(ValueError):
        return plain_id(raw)
    return None


def _fitting(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{number} does not fit 64 bits")
    return number


@dataclass(frozen=True, init=False, eq=False)
class Ratings:
    """Clean ratings: three read-only columns, one row for each (user, title), sorted by both.

    The rule at the border: a row without user, title or stars (None, NaN, empty) is dropped; of several rows for
    one (user, title) the latest `times` wins, and of equal times, or without times, the later row; stars outside
    0.5..5 and ids that are no ids raise `RatingRefused` with the row's number.
    """

    users: I64
    titles: I64
    stars: F64

    def __init__(self, users: Column, titles: Column, stars: Column, times: Column | None = None) -> None:
        columns = [users, titles, stars] if times is None else [users, titles, stars, times]
        if len({len(column) for column in columns}) != 1:
            raise ValueError("users, titles, stars and times must be equally long")
        user_ids, has_user = _ids(users)
        title_ids, has_title = _ids(titles)
        values = _stars(stars)
        keep = _in_order(user_ids, title_ids, has_user & has_title & ~np.isnan(values), times)
        clean = {"users": user_ids, "titles": title_ids, "stars": values}
        del user_ids, title_ids, values  # each column is let go of as soon as its clean form is there
        for name, raw in (("users", users), ("titles", titles), ("stars", stars)):
            column = clean.pop(name)[keep]
            if isinstance(raw, np.ndarray) and np.may_share_memory(column, raw):
                # never the caller's own array, which may change
                column = column.copy()
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.stars)

    def where(self, rows: Bools | I64) -> "Ratings":
        """Return the ratings of these rows only."""
        return Ratings(self.users[rows], self.titles[rows], self.stars[rows])


def one_persons(rated: Mapping[int, float]) -> dict[int, float]:
    """Clean one person's ratings by the rule of `Ratings`, without the cost of arrays."""
    clean: dict[int, float] = {}
    for row, (raw, stars) in enumerate(rated.items()):
        try:
            number = raw if type(raw) is int and -(2**63) <= raw < 2**63 else plain_id(raw)
        except ValueError as error:
            raise RatingRefused(row + 1, str(error)) from None
        value = stars if type(stars) is float else _one(row, stars)
        if number is None or value != value:
            continue
        if not LOWEST <= value <= HIGHEST:
            raise RatingRefused(row + 1, f"{value:g} stars are outside {LOWEST:g} to {HIGHEST:g}")
        clean[number] = value
    return clean


def _one(row: int, raw: Any) -> float:
    try:
        return math.nan if str(raw).strip().casefold() in _NOTHING else float(raw)
    except (TypeError, ValueError):
        raise RatingRefused(row + 1, f"{raw!r} is no number of stars") from None


def _in_order(users: I64, titles: I64, usable: Bools, times: Column | None) -> I64 | slice:
    """Return the rows to keep, sorted by user and title, of each pair the latest one only."""
    if times is None and usable.all() and _ascends(users, titles):
        return slice(None)
    keep = np.flatnonzero(usable)
    if times is not None:
        keep = keep[np.argsort(_since(times)[keep], kind="stable")]
    keep = keep[np.lexsort((titles[keep], users[keep]))]
    last = np.ones(len(keep), dtype=bool)
    last[:-1] = _changes(users[keep]) | _changes(titles[keep])
    return keep[last]


def _changes(column: I64) -> Bools:
    changes: Bools = column[1:] != column[:-1]
    return changes


def _ascends(users: I64, titles: I64) -> bool:
    """Say whether each row comes after the one before it, by user and then by title."""
    later = users[1:] > users[:-1]
    return bool((later | ((users[1:] == users[:-1]) & (titles[1:] > titles[:-1]))).all())


def _ids(column: Column) -> tuple[I64, Bools]:
    array = column if isinstance(column, np.ndarray) else None
    if array is not None and array.dtype.kind in "iu" and array.dtype != np.uint64:
        return array.astype(np.int64, copy=False), np.ones(len(array), dtype=bool)
    if set(map(type, column)) == {int}:
        with contextlib.suppress(OverflowError):
            return np.array(column, dtype=np.int64), np.ones(len(column), dtype=bool)
    ids = np.zeros(len(column), dtype=np.int64)
    known = np.zeros(len(column), dtype=bool)
    for row, raw in enumerate(column):
        try:
            number = plain_id(raw)
        except ValueError as error:
            raise RatingRefused(row + 1, str(error)) from None
        if number is not None:
            ids[row], known[row] = number, True
    return ids, known


def _since(times: Column) -> F64:
    """Return times as numbers; a missing one is older than any other."""
    if isinstance(times, np.ndarray) and times.dtype.kind == "M":
        numbers = np.where(np.isnat(times), np.nan, times.astype("datetime64[ms]").astype(np.float64))
    elif isinstance(times, np.ndarray) and times.dtype.kind in "iuf":
        numbers = times.astype(np.float64)
    else:
        numbers = np.array([_time(row, raw) for row, raw in enumerate(times)], dtype=np.float64)
    return np.where(np.isnan(numbers), -np.inf, numbers)


def _time(row: int, raw: Any) -> float:
    if str(raw).strip().casefold() in _NOTHING:
        return math.nan
    try:
        return float(raw.timestamp() if isinstance(raw, datetime) else raw)
    except (TypeError, ValueError):
        raise RatingRefused(row + 1, f"{raw!r} is no time") from None


def _stars(column: Column) -> F64:
    values: F64 = np.empty(len(column))
    try:
        if isinstance(column, np.ndarray) and column.dtype.kind in "iuf":
            values[:] = column
        else:
            values[:] = np.array([math.nan if raw is None else raw for raw in column], dtype=np.float64)
    except (TypeError, ValueError):
        for row, raw in enumerate(column):
            values[row] = _one(row, raw)
    outside = np.flatnonzero((values < LOWEST) | (values > HIGHEST))
    if len(outside):
        row = int(outside[0])
        raise RatingRefused(row + 1, f"{values[row]:g} stars are outside {LOWEST:g} to {HIGHEST:g}")
    return values
