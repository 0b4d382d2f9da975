"""Titles as rows of a sparse matrix: what they are, who made them, when, and how others voted."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.arrays import F64, I64, Sparse
from recommender.titles import Title

GENRE, PERSON = "genre", "person"
NUMERIC = ("year", "vote", "votes", "fame", "common")
_GROUP_WEIGHT = {GENRE: 1.0, PERSON: 1.0, "keyword": 0.7, "decade": 0.6, "kind": 0.5, "country": 0.5, "language": 0.5}
_SERVICE_WEIGHT = 0.3
_LONELY = (f"{PERSON}:", "keyword:")
_VOTES_TO_BELIEVE = 30
_MIDDLE_VOTE = 6.5


@dataclass(frozen=True, eq=False)
class Features:
    """Title ids, feature names ("genre:drama", "person:봉준호", "year") and the matrix titles x names."""

    ids: I64
    names: tuple[str, ...]
    matrix: Sparse

    def of(self, ids: I64) -> Sparse:
        """Return the rows of these ids; an id without features gets an empty row."""
        where = {number: row for row, number in enumerate(self.ids.tolist())}
        rows = np.array([where.get(number, -1) for number in ids.tolist()], dtype=np.int64)
        found = np.flatnonzero(rows >= 0)
        place = sparse.csr_array(
            (np.ones(len(found), dtype=np.float32), (found, rows[found])), shape=(len(ids), len(self.ids))
        )
        return place @ self.matrix

    def weights(self, by_name: Mapping[str, float]) -> F64:
        """Line named weights up with the columns; names without a weight weigh nothing."""
        return np.array([by_name.get(name, 0.0) for name in self.names])


def describe(titles: Sequence[Title], names: Sequence[str] | None = None) -> Features:
    """Describe titles by `names`, or by whatever they offer when no names are given.

    Each group of words (genres, people, ...) weighs the same however many words a title has in it. A person or
    keyword of one single title tells nothing about any other title and gets no name.
    """
    groups = [list(_words(title)) for title in titles]
    spread = Counter(word for words in groups for word, _ in words)
    if names is None:
        telling = (word for word, count in spread.items() if count > 1 or not word.startswith(_LONELY))
        names = (*NUMERIC, *sorted(telling))
    column = {name: number for number, name in enumerate(names)}
    indptr, indices, data = [0], list[int](), list[float]()
    for title, words in zip(titles, groups, strict=True):
        cells = {column[word]: weight for word, weight in words if word in column}
        numbers = _numbers(title, spread, len(titles))
        cells |= {column[name]: value for name, value in numbers if value and name in column}
        for where in sorted(cells):
            indices.append(where)
            data.append(cells[where])
        indptr.append(len(indices))
    matrix = sparse.csr_array(
        (np.array(data, dtype=np.float32), np.array(indices, dtype=np.int32), np.array(indptr, dtype=np.int32)),
        shape=(len(titles), len(names)),
    )
    return Features(np.array([title.id for title in titles], dtype=np.int64), tuple(names), matrix)


def _words(title: Title) -> Iterator[tuple[str, float]]:
    groups: dict[str, Iterable[str]] = {
        GENRE: title.genres,
        PERSON: title.people,
        "keyword": title.keywords,
        "service": title.services,
        "kind": [title.kind],
        "country": [title.country],
        "language": [title.language],
        "decade": [] if title.year is None else [str(title.year // 10 * 10)],
    }
    for group, values in groups.items():
        words = {value for value in values if value}
        for word in words:
            yield f"{group}:{word}", _GROUP_WEIGHT.get(group, _SERVICE_WEIGHT) / math.sqrt(len(words))


def _numbers(title: Title, spread: Counter[str], titles: int) -> Iterator[tuple[str, float]]:
    """Yield small numbers; newer, better voted, more voted, by people often seen, of common genres is more."""
    if title.year is not None:
        yield "year", min(max((title.year - 2000) / 25, -3.0), 2.0)
    if title.vote_average is not None:
        trust = title.vote_count / (title.vote_count + _VOTES_TO_BELIEVE)
        yield "vote", (min(max(title.vote_average, 0.0), 10.0) - _MIDDLE_VOTE) / 2 * trust
    yield "votes", math.log10(1 + max(title.vote_count, 0)) / 3
    yield "fame", math.log1p(sum(max(spread[f"{PERSON}:{name}"] - 1, 0) for name in set(title.people))) / 5
    commonness = [math.log(spread[f"{GENRE}:{genre}"] / titles) for genre in set(title.genres) if genre]
    yield "common", sum(commonness) / len(commonness) / 5 if commonness else -1.0
