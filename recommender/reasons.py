"""Why a title is on the list: the ratings and features that moved its score, never a guess made afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Literal

import numpy as np

from recommender.arrays import F32, F64, I32, I64, Sparse
from recommender.cells import cells_of

Kind = Literal["because_you_rated", "taste_like_yours", "genre_you_like", "people_you_like", "popular", "little_known"]
LIKED = 3.5
_WORD_KINDS: dict[str, Kind] = {"genre": "genre_you_like", "person": "people_you_like"}


@dataclass(frozen=True, slots=True)
class Reason:
    """A kind, the rated titles it speaks of (strongest first), and the genres or names it speaks of.

    because_you_rated: `title_ids` were liked and carry most of the score. taste_like_yours: many ratings together.
    genre_you_like, people_you_like: `words`, and the rated titles (if any) that showed it. popular: liked by many,
    here or by outside votes. little_known: few have rated it, but many like what it has (`words`, if any).
    """

    kind: Kind
    title_ids: tuple[int, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known about one person and needed for reasons; titles are positions."""

    title_ids: I64
    names: Sequence[str]
    features: Sparse
    rated: I64
    given: F64
    residuals: F32
    taste: F32
    wished: frozenset[str]
    """Features the person said they like."""
    promised: F32
    """What the content prior of likes gives to each feature."""

    @cached_property
    def cells(self) -> tuple[I32, I64]:
        """The features of all rated titles, and which of the rated titles each belongs to."""
        columns, _, lengths = cells_of(self.features, self.rated)
        return columns, np.repeat(np.arange(len(self.rated)), lengths)


def from_ratings(evidence: Evidence, pulls: F32) -> list[Reason | None]:
    """Name, for each title, the liked titles that pull it most; None where no rating speaks for it.

    `pulls` holds what each of the person's ratings adds to each title: rated x titles. If the titles they liked do
    not carry at least half, the honest reason is their taste as a whole.
    """
    if not pulls.size:
        return [None] * pulls.shape[1]
    raising = np.maximum(pulls, 0)
    liked = raising * (evidence.given >= LIKED)[:, None]
    total, carried = raising.sum(axis=0).tolist(), liked.sum(axis=0).tolist()
    best, strength = _two_largest(liked)
    named = evidence.title_ids[evidence.rated[best]].tolist()
    result: list[Reason | None] = []
    for at in range(len(total)):
        if total[at] <= 0:
            result.append(None)
        elif not carried[at] or 2 * carried[at] < total[at]:
            result.append(Reason("taste_like_yours"))
        else:
            strong = [pull > 0 and pull >= 0.5 * strength[at][0] for pull in strength[at]]
            result.append(Reason("because_you_rated", tuple(compress(named[at], strong))))
    return result


def _two_largest(liked: F32) -> tuple[I64, list[list[float]]]:
    """Return the rows of the two largest numbers of each column (columns x 2), and those numbers; of equals the upper.

    `liked` is used up. Of a single row the second number is 0.
    """
    columns = np.arange(liked.shape[1])
    first = liked.argmax(axis=0)
    most = liked[first, columns]
    liked[first, columns] = 0
    second = liked.argmax(axis=0)
    return np.stack([first, second], axis=1), np.stack([most, liked[second, columns]], axis=1).tolist()


def from_taste(evidence: Evidence, title: int) -> Reason | None:
    """Name the genre or the people whose earlier titles this person rated better than expected."""
    for kind, columns in _strongest(evidence, title, evidence.taste):
        shown_by = _shown_by(evidence, columns[0])
        if shown_by:
            return Reason(kind, shown_by, tuple(_word(evidence.names[column]) for column in columns))
    return None


def from_wishes(evidence: Evidence, title: int) -> Reason | None:
    """Name the genres of the title that the person said they like."""
    words = [_word(evidence.names[c]) for c in _cells(evidence, title)[0] if evidence.names[c] in evidence.wished]
    return Reason("genre_you_like", (), tuple(words)) if words else None


def from_promise(evidence: Evidence, title: int, *, known: bool) -> Reason:
    """Say that many liked a title, here or elsewhere, or else name what it has that many like."""
    columns, values = _cells(evidence, title)
    outside = sum(value for column, value in zip(columns, values, strict=True) if evidence.names[column] == "vote")
    if known or outside > 0:
        return Reason("popular")
    for _, best in _strongest(evidence, title, evidence.promised):
        return Reason("little_known", (), tuple(_word(evidence.names[column]) for column in best))
    return Reason("little_known")


def _strongest(evidence: Evidence, title: int, weights: F32) -> Iterator[tuple[Kind, list[int]]]:
    """Yield genres and people, the group with the best cell first, at most two positive cells each."""
    columns, values = _cells(evidence, title)
    adds = values * weights[columns]
    groups: dict[Kind, list[int]] = {}
    for cell in np.argsort(-adds, kind="stable"):
        kind = _WORD_KINDS.get(evidence.names[columns[cell]].partition(":")[0])
        if kind and adds[cell] > 0 and len(groups.setdefault(kind, [])) < 2:
            groups[kind].append(int(columns[cell]))
    yield from groups.items()


def _shown_by(evidence: Evidence, column: int) -> tuple[int, ...]:
    """Return the rated titles with this feature that were rated best against expectation."""
    columns, owners = evidence.cells
    has = owners[columns == column]
    shows = has[(evidence.residuals[has] > 0) & (evidence.given[has] >= LIKED)]
    best = shows[np.argsort(-evidence.residuals[shows], kind="stable")][:2]
    return tuple(evidence.title_ids[evidence.rated[best]].tolist())


def _cells(evidence: Evidence, title: int) -> tuple[I32, F32]:
    begin, end = evidence.features.indptr[title], evidence.features.indptr[title + 1]
    return evidence.features.indices[begin:end], evidence.features.data[begin:end]


def _word(name: str) -> str:
    return name.partition(":")[2]
