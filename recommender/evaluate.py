"""How good the two heads are, measured on ratings they have not seen."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np

from recommender.arrays import F64, I64, Bools
from recommender.border import Ratings
from recommender.groups import METHODS, pick_together
from recommender.kinship import kinship_among
from recommender.model import Model
from recommender.titles import Titles

RELEVANT = 4.0
LISTED = 10
COLD_PEOPLE, COLD_RELEVANT = 200, 20
GROUP_SIZES = range(2, 7)
GROUPS_OF_A_SIZE = 300
YOUNG = ((5, 5), (20, 8), (100, 10))
_DISCOUNTS = 1 / np.log2(np.arange(LISTED) + 2)

Top = Callable[[int], Sequence[int]]
"""Lists the best titles for a user, without those the user has rated."""
Tick = Callable[[str, float], None]
"""Is told what is going on, and how much of it is done (0 to 1)."""


@dataclass(frozen=True, slots=True)
class ListQuality:
    """NDCG and recall of the first ten, averaged over people with something to find, and the share of titles shown.

    `alike10` is how alike two titles of a list are on average, 0 to 1, where features of titles are known.
    """

    ndcg10: float
    recall10: float
    coverage10: float
    alike10: float | None = None


@dataclass(frozen=True, slots=True)
class StarQuality:
    """Root mean squared and mean absolute error, in the file's own scale, and the seconds that it took."""

    rmse: float
    mae: float
    fit_s: float
    predict_s: float


@dataclass(frozen=True, slots=True)
class GroupQuality:
    """NDCG@10 of the members of groups: their mean, and that of the worst-off, averaged over groups."""

    mean: float
    min: float


def folds(rows: int, count: int = 5, seed: int = 0) -> Iterator[tuple[I64, I64]]:
    """Yield (training rows, test rows) of every fold, the same rows as Surprise's `KFold(count, random_state=seed)`."""
    order = np.arange(rows)
    np.random.RandomState(seed).shuffle(order)
    for test in np.array_split(order, count):
        yield np.setdiff1d(order, test), test


def split_each_user(ratings: Ratings, share: float = 0.2, seed: int = 0) -> tuple[Ratings, Ratings]:
    """Hold out this share of each user's ratings, chosen by seed."""
    chance = np.random.default_rng(seed).random(len(ratings))
    order = np.lexsort((chance, ratings.users))
    _, starts, counts = np.unique(ratings.users[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(starts, counts)
    held_out: Bools = np.zeros(len(ratings), dtype=bool)
    held_out[order] = place < np.repeat((counts * share).astype(np.int64), counts)
    return ratings.where(~held_out), ratings.where(held_out)


def predictions(model: Model, known: Ratings, asked: Ratings) -> F64:
    """Return the predicted stars of every row of `asked`, each user folded in from their rows of `known`."""
    result = np.empty(len(asked))
    for user, begin, end in by_user(asked):
        rated = rated_by(known, user)
        result[begin:end] = model.predict(rated, asked.titles[begin:end].tolist())
    return result


def rmse(predicted: F64, stars: F64) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


def mae(predicted: F64, stars: F64) -> float:
    """Return the mean absolute error."""
    return float(np.mean(np.abs(predicted - stars)))


def averaged(parts: Sequence[StarQuality]) -> StarQuality:
    """Return the mean of several folds."""
    return StarQuality(*(float(np.mean(values)) for values in zip(*map(astuple, parts), strict=True)))


def list_quality(
    model: Model,
    known: Ratings,
    held_out: Ratings,
    *,
    relevant: float = RELEVANT,
    variety: float = 0.0,
    tick: Tick | None = None,
) -> ListQuality:
    """Rank every title a user has not rated in `known`; relevant is what they gave that many stars in `held_out`."""
    trained = model.catalogue_of(None).trained
    alike: list[float] = []

    def top(user: int) -> list[int]:
        listed = [pick.title_id for pick in model.recommend(rated_by(known, user), n=LISTED, variety=variety)]
        positions = np.array([trained.position[number] for number in listed], dtype=np.int64)
        kinship = kinship_among(trained.words, positions)
        pairs = kinship[np.triu_indices(len(listed), 1)]
        if len(pairs):
            alike.append(float(pairs.mean()))
        return listed

    found = quality_of(top, held_out, len(model.title_ids), relevant=relevant, tick=tick)
    return replace(found, alike10=float(np.mean(alike))) if alike and trained.words.nnz else found


def quality_of(
    top: Top, held_out: Ratings, titles: int, *, relevant: float = RELEVANT, tick: Tick | None = None
) -> ListQuality:
    """Judge the first ten of anything that lists titles for a user, out of so many titles.

    ValueError where nobody gave `relevant` stars to anything held out.
    """
    people = list(by_user(held_out))
    gains, recalls, shown = [], [], set[int]()
    for done, (user, begin, end) in enumerate(people):
        wanted = set(held_out.titles[begin:end][held_out.stars[begin:end] >= relevant].tolist())
        if tick is not None:
            tick("ranking", done / len(people))
        if wanted:
            ids = list(top(user))[:LISTED]
            gains.append(ndcg(ids, wanted))
            recalls.append(len(wanted.intersection(ids)) / len(wanted))
            shown.update(ids)
    if not gains:
        raise ValueError("nobody liked what was held out: there is nothing for lists to find")
    return ListQuality(float(np.mean(gains)), float(np.mean(recalls)), len(shown) / titles)


def ndcg(listed: Sequence[int], wanted: set[int]) -> float:
    """Return the normalised discounted cumulative gain of the first ten."""
    hits = np.array([number in wanted for number in listed[:LISTED]], dtype=np.float64)
    best = _DISCOUNTS[: min(len(wanted), LISTED)].sum()
    return float((hits * _DISCOUNTS[: len(hits)]).sum() / best)


def cold_start(
    train: Callable[[Ratings], Model],
    ratings: Ratings,
    sizes: Sequence[int],
    *,
    seed: int = 0,
    relevant: float = RELEVANT,
    tick: Tick | None = None,
) -> Mapping[int, tuple[float, float]]:
    """Return (RMSE in stars, NDCG@10) of people with so few ratings: 200 people, by seed, whom training never saw.

    They are chosen among those who gave `relevant` stars to at least 20 titles: of somebody with fewer hardly anything
    is left to be found. ValueError when there is nobody like that, or a size leaves nothing of anybody to be held out.
    """
    rng = np.random.default_rng(seed)
    users, liked = np.unique(ratings.users[ratings.stars >= relevant], return_counts=True)
    able = users[liked >= COLD_RELEVANT]
    if not len(able):
        raise ValueError(f"--cold needs people who liked {COLD_RELEVANT} titles; in this file nobody did")
    strangers = rng.choice(able, min(COLD_PEOPLE, len(able)), replace=False)
    strange = np.isin(ratings.users, strangers)
    model = train(ratings.where(~strange))
    theirs = ratings.where(strange)
    chance = rng.random(len(theirs))
    found: dict[int, tuple[float, float]] = {}
    for number, size in enumerate(sizes):
        errors, gains = [], []
        for _, begin, end in by_user(theirs):
            order = begin + np.argsort(chance[begin:end])
            kept, held = order[:size], order[size:]
            rated = dict(zip(theirs.titles[kept].tolist(), theirs.stars[kept].tolist(), strict=True))
            errors.append(model.predict(rated, theirs.titles[held].tolist()) - theirs.stars[held])
            wanted = set(theirs.titles[held][theirs.stars[held] >= relevant].tolist())
            if wanted:
                gains.append(ndcg([pick.title_id for pick in model.recommend(rated, n=LISTED)], wanted))
            if tick is not None:
                tick(f"{size} ratings", (number + end / len(theirs)) / len(sizes))
        if not sum(map(len, errors)):
            raise ValueError(f"--cold {size}: nobody in this file has rated more than that")
        found[size] = rmse(np.concatenate(errors), np.zeros(1)), float(np.mean(gains)) if gains else 0.0
    return found


def ties(
    train: Callable[[Ratings], Model], ratings: Ratings, titles: Titles, people: int, each: int, seed: int = 0
) -> float:
    """Return the share of unseen titles whose score, to three decimals, equals that of a title unlike them.

    The database is young: `people` of the file, chosen by seed, with `each` of their ratings. Titles that are the
    same in everything but the id may tie.
    """
    rng = np.random.default_rng(seed)
    users, counts = np.unique(ratings.users, return_counts=True)
    chosen = rng.choice(users[counts >= each], people, replace=False)
    rows = np.concatenate([rng.choice(np.flatnonzero(ratings.users == user), each, replace=False) for user in chosen])
    young = ratings.where(np.sort(rows))
    model = train(young)
    kinds = _kinds(titles)
    shares = []
    for user in chosen.tolist():
        rated = rated_by(young, user)
        scores = {number: round(score, 3) for number, score in model.scores(rated).items() if number not in rated}
        kinds_of_score: dict[float, set[object]] = {}
        for number, score in scores.items():
            kinds_of_score.setdefault(score, set()).add(kinds.get(number, number))
        shares.append(np.mean([len(kinds_of_score[score]) > 1 for score in scores.values()]))
    return float(np.mean(shares))


def _kinds(titles: Titles) -> dict[int, object]:
    return {title.id: astuple(title)[1:] for title in titles.rows}


def group_quality(
    model: Model,
    known: Ratings,
    held_out: Ratings,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    groups: int = GROUPS_OF_A_SIZE,
    relevant: float = RELEVANT,
    tick: Tick | None = None,
) -> Mapping[str, list[GroupQuality]]:
    """Return, by method, what each of so many random groups of 2 to 6 got, the same groups for every method.

    Candidates are the titles that no member has rated in `known`; a member's gain is NDCG@10 over what they gave
    `relevant` stars in `held_out`. ValueError when fewer than two people have anything to find.
    """
    rng = np.random.default_rng(seed)
    wants = {
        user: set(held_out.titles[begin:end][held_out.stars[begin:end] >= relevant].tolist())
        for user, begin, end in by_user(held_out)
    }
    able = np.array([user for user, wanted in wants.items() if wanted], dtype=np.int64)
    ids = np.sort(model.title_ids)
    scores: dict[int, F64] = {}
    found: dict[str, list[GroupQuality]] = {method: [] for method in methods}
    sizes = [size for size in GROUP_SIZES if size <= len(able)]
    for turn, size in enumerate(np.repeat(sizes, groups).tolist()):
        members = rng.choice(able, size, replace=False).tolist()
        seen = {number for user in members for number in rated_by(known, user)}
        for user in members:
            if user not in scores:
                by_id = model.scores(rated_by(known, user))
                scores[user] = np.array([by_id[number] for number in ids.tolist()])
        table = np.array([scores[user] for user in members])
        table[:, np.isin(ids, np.array(sorted(seen)))] = -np.inf
        for method in methods:
            listed = ids[pick_together(table, LISTED, method=method)].tolist()
            gains = [ndcg(listed, wants[user] - seen) for user in members if wants[user] - seen]
            if gains:
                found[method].append(GroupQuality(float(np.mean(gains)), float(min(gains))))
        if tick is not None:
            tick("groups", turn / (len(sizes) * groups))
    if not all(found.values()):
        raise ValueError("--groups needs two people who liked what was held out of their ratings")
    return found


def surely_above(ours: F64, theirs: F64, *, draws: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the mean of paired differences, by bootstrap; above 0 means surely better."""
    rng = np.random.default_rng(seed)
    difference = ours - theirs
    means = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(draws)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def by_user(ratings: Ratings) -> Iterator[tuple[int, int, int]]:
    """Yield (user, first row, one past the last row); rows are sorted by user."""
    users, starts, counts = np.unique(ratings.users, return_index=True, return_counts=True)
    yield from zip(users.tolist(), starts.tolist(), (starts + counts).tolist(), strict=True)


def rated_by(ratings: Ratings, user: int) -> dict[int, float]:
    """Return what one user rated."""
    begin, end = np.searchsorted(ratings.users, [user, user + 1])
    return dict(zip(ratings.titles[begin:end].tolist(), ratings.stars[begin:end].tolist(), strict=True))


class Stopwatch:
    """Counts the seconds between two looks at it."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last look."""
        before, self._since = self._since, time.perf_counter()
        return self._since - before
