"""Titles like a given one: liked by the same people beyond what popularity explains, and alike in what they are."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from recommender.arrays import F32
from recommender.best import best_first
from recommender.border import asked_id
from recommender.cells import cells_of
from recommender.features import GENRE, PERSON
from recommender.kinship import kinship_to
from recommender.model import Model
from recommender.ranking import ListHead
from recommender.titles import Titles
from recommender.trained import Trained

# How much viewers count, at most, against features, and with how many likes of a title half as much.
_VIEWERS, _LIKES_TO_BELIEVE = 0.7, 15.0


@dataclass(frozen=True, slots=True)
class Similar:
    """A title like another: how much (0 to 1), whether rather by its viewers than by its features, what both have."""

    title_id: int
    likeness: float
    by_viewers: bool
    genres: tuple[str, ...]
    people: tuple[str, ...]


def similar(
    model: Model, title: int, k: int = 10, *, titles: Titles | None = None, exclude: Collection[int] = ()
) -> list[Similar]:
    """Return up to `k` titles most like this one, best first; none for a title that nobody knows.

    `titles` is today's catalogue, as for `Model.recommend`; a title that nobody has rated is known by its features.
    """
    catalogue = model.catalogue_of(titles)
    at = catalogue.trained.position.get(number) if (number := asked_id(title)) is not None else None
    if at is None:
        return []
    likes = float(catalogue.trained.lists.likes[at])
    trust = np.float32(_VIEWERS * likes / (likes + _LIKES_TO_BELIEVE))
    viewers = trust * _by_viewers(catalogue.trained.lists, at)
    kin = (1 - trust) * kinship_to(catalogue.trained.words, at)
    likeness = catalogue.taken(viewers + kin)
    # what sets a title apart from the average one
    rather_viewers = viewers - viewers.mean() > kin - kin.mean()
    likeness[catalogue.places_of([title, *exclude])] = -np.inf
    likeness[likeness <= 0] = -np.inf
    result: list[Similar] = []
    for place in best_first(likeness, catalogue.ids, k):
        if len(result) == k:
            break
        other = int(catalogue.positions(np.array([place]))[0])
        genres, people = (_shared(catalogue.trained, at, other, group) for group in (GENRE, PERSON))
        number = int(catalogue.ids[place])
        result.append(Similar(number, float(likeness[place]), bool(rather_viewers[other]), genres, people))
    return result


def _by_viewers(lists: ListHead, title: int) -> F32:
    """Return how much more than by chance each title is liked by those who like this one; 1 is the strongest.

    It is the partial correlation of likes, all other titles held still, so that what everybody likes is like nothing
    in particular. Both directions of the regression are multiplied; past the covered titles there is only one.
    """
    result = np.zeros(len(lists.likes), dtype=np.float32)
    row = int(lists.place[title])
    if row >= 0:
        result += lists.outer[[row]].toarray().ravel() ** 2
        there, back = np.maximum(lists.items[row], 0), np.maximum(lists.items[:, row], 0)
        result[lists.covered] = there * back
    else:
        result[lists.covered] = lists.outer[:, [title]].toarray().ravel() ** 2
    strongest = float(result.max(initial=0.0))
    return np.sqrt(result / np.float32(strongest)) if strongest else result


def _shared(trained: Trained, one: int, other: int, group: str) -> tuple[str, ...]:
    """Return the words of a group (genres, people) that both titles have."""
    columns = [set(cells_of(trained.stars.features, np.array([at]))[0].tolist()) for at in (one, other)]
    named = (trained.names[column].partition(":") for column in sorted(columns[0] & columns[1]))
    return tuple(word for name, _, word in named if name == group)
