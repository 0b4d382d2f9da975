"""One list for the people in a room: each own list on one footing, vetoes kept, who got least heard more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.border import asked_id
from recommender.groups import counts_more, pick_together, satisfaction, worth
from recommender.model import LIKEABLE, Model
from recommender.titles import Titles


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody in the room: what they rated, what they will not see tonight, how much they got of earlier lists."""

    rated: Mapping[int, float]
    vetoes: Collection[int] = ()
    genres_liked: Collection[str] = ()
    had: float = 0.0


@dataclass(frozen=True, slots=True)
class GroupPick:
    """A title for the room, the stars that each of those present would give it, in their order, and its `worth`.

    That is how much it would be to each, 0 to 1: of what their own favourite is to them.
    """

    title_id: int
    stars: tuple[float, ...]
    worth: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evening:
    """A list for the room, how much each got of it (0 to 1 of their own best list), and who counted how much more."""

    picks: tuple[GroupPick, ...]
    satisfied: tuple[float, ...]
    counted_more: tuple[float, ...]


def recommend_together(
    model: Model,
    present: Sequence[Present],
    *,
    n: int = 10,
    exclude: Collection[int] = (),
    titles: Titles | None = None,
    method: str = "nash",
) -> Evening:
    """Return up to `n` titles for those present, best first: none that any of them rated or vetoed.

    A title that somebody would give less than `LIKEABLE` stars is taken only when nothing else is left.
    """
    if not present:
        return Evening((), (), ())
    own = [model.scores(one.rated, titles=titles, genres_liked=one.genres_liked) for one in present]
    ids = np.array(sorted(own[0]), dtype=np.int64)
    scores = np.array([[mine[number] for number in ids.tolist()] for mine in own])
    stars = np.array([model.predict(one.rated, ids.tolist(), titles=titles) for one in present])
    never = {asked_id(number) for one in present for number in (*one.rated, *one.vetoes)}
    never |= {asked_id(number) for number in exclude}
    scores[:, np.isin(ids, [number for number in never if number is not None])] = -np.inf
    had = [one.had for one in present]
    liked_by_all = np.where((stars >= LIKEABLE).all(axis=0), scores, -np.inf)
    picked = pick_together(liked_by_all, n, method=method, had=had)
    if len(picked) < n:
        rest = scores.copy()
        rest[:, picked] = -np.inf
        picked += pick_together(rest, n - len(picked), method=method, had=had)
    alone = worth(scores, picked) if picked else np.empty((len(present), 0))
    return Evening(
        tuple(
            GroupPick(int(ids[at]), tuple(stars[:, at].tolist()), tuple(alone[:, place].tolist()))
            for place, at in enumerate(picked)
        ),
        tuple(satisfaction(scores, picked).tolist()),
        tuple(counts_more(had).tolist()),
    )
