"""The loops behind an answer, compiled: one person's stars, likes and scores over all titles.

Training's loops are in `recommender.kernels`. Tables are read row by row, a stretch of titles at a time, so that the
sums of a stretch stay in the processor's nearest memory.
"""

import math

import numpy as np

from recommender.arrays import F32, F64, I32, I64, Bools
from recommender.compiling import compiled

_STRETCH = 1024


@compiled
def _add_rows(table: F32, which: I32, amounts: F32, sums: F32) -> None:
    """Add amounts[i] times row which[i] of a table to `sums`, four rows at a time."""
    fours = len(which) // 4 * 4
    for begin in range(0, len(sums), _STRETCH):
        end = min(begin + _STRETCH, len(sums))
        part = sums[begin:end]
        for at in range(0, fours, 4):
            one, two = table[which[at], begin:end], table[which[at + 1], begin:end]
            three, four = table[which[at + 2], begin:end], table[which[at + 3], begin:end]
            a, b, c, d = amounts[at], amounts[at + 1], amounts[at + 2], amounts[at + 3]
            for title in range(end - begin):
                part[title] += a * one[title] + b * two[title] + c * three[title] + d * four[title]
        for at in range(fours, len(which)):
            one, a = table[which[at], begin:end], amounts[at]
            for title in range(end - begin):
                part[title] += a * one[title]


@compiled
def stars_of_people(
    first: int,
    last: int,
    residuals: tuple[I64, I32, F32],
    generosity: F64,
    people: F32,
    said_to: tuple[I64, I32, F32],
    features: tuple[I64, I32, F32],
    rare: tuple[I64, I32, F32],
    common: I32,
    down: F32,
    base: F32,
    weights: F32,
    floor: float,
    damping: float,
    taste: F32,
    liking: F32,
    result: F32,
) -> None:
    """Write the stars that people first..last would give to every title; see `recommender.stars.StarsHead`.

    `taste` (by feature) and `liking` (what it comes to, by title) are left as they are for the last of them.
    """
    rated_by, rated, residual_of = residuals
    heard_by, hearers, nearness = said_to
    cells_of, cells, values = features
    rare_of, rare_titles, rare_values = rare
    titles, rank = len(base), people.shape[1] - 1
    pulled = np.empty(titles, dtype=np.float32)
    heard = np.empty(titles, dtype=np.float32)
    counted = np.zeros(len(taste), dtype=np.float32)
    is_met = np.zeros(len(taste), dtype=np.bool_)
    met = np.empty(len(taste), dtype=np.int32)
    which = np.empty(rank + len(common), dtype=np.int32)
    amounts = np.empty(rank + len(common), dtype=np.float32)
    taste[:] = 0
    features_met = 0
    for person in range(first, last):
        for at in range(features_met):
            taste[met[at]] = 0
        features_met = 0
        pulled[:] = 0
        heard[:] = np.float32(floor)
        for at in range(rated_by[person], rated_by[person + 1]):
            place, residual = rated[at], residual_of[at]
            for near in range(heard_by[place], heard_by[place + 1]):
                pulled[hearers[near]] += nearness[near] * residual
                heard[hearers[near]] += nearness[near]
            for cell in range(cells_of[place], cells_of[place + 1]):
                name = cells[cell]
                if not is_met[name]:
                    is_met[name] = True
                    met[features_met] = name
                    features_met += 1
                taste[name] += residual * values[cell]
                counted[name] += values[cell] * values[cell]
        liking[:] = 0
        for at in range(features_met):
            name = met[at]
            taste[name] /= counted[name] + np.float32(damping)
            counted[name], is_met[name] = 0, False
            for cell in range(rare_of[name], rare_of[name + 1]):
                liking[rare_titles[cell]] += taste[name] * rare_values[cell]
        rows = 0
        for at in range(len(common)):
            if taste[common[at]] != 0:
                which[rows], amounts[rows] = rank + at, taste[common[at]]
                rows += 1
        _add_rows(down, which[:rows], amounts[:rows], liking)
        mine, generous = result[person], np.float32(generosity[person])
        for at in range(rank):
            which[at], amounts[at] = at, weights[0] * people[person, 1 + at]
        own = generous + weights[0] * (people[person, 0] - generous)
        for title in range(titles):
            mine[title] = base[title] + own + weights[1] * pulled[title] / heard[title] + weights[2] * liking[title]
        _add_rows(down, which[:rank], amounts[:rank], mine)


@compiled
def likes_told(
    rows: I32, liked: F32, covered: I32, items: F32, outer: tuple[I64, I32, F32], inside: F32, result: F32
) -> None:
    """Write what likes of the covered titles `rows` tell of every title; `inside` holds it for the covered ones."""
    told_of, told, weights = outer
    inside[:] = 0
    result[:] = 0
    _add_rows(items, rows, liked, inside)
    for at in range(len(covered)):
        result[covered[at]] = inside[at]
    for at in range(len(rows)):
        for cell in range(told_of[rows[at]], told_of[rows[at] + 1]):
            result[told[cell]] += weights[cell] * liked[at]


@compiled
def mean_and_deviation(values: F32) -> tuple[float, float]:
    """Return the mean of some values and their standard deviation."""
    total, squares = 0.0, 0.0
    for begin in range(0, len(values), _STRETCH):
        total += _sum(values[begin : begin + _STRETCH])
    mean = total / len(values)
    for begin in range(0, len(values), _STRETCH):
        squares += _squares(values[begin : begin + _STRETCH], np.float32(mean))
    return mean, math.sqrt(squares / len(values))


@compiled
def _sum(values: F32) -> float:
    total = np.float32(0)
    for at in range(len(values)):
        total += values[at]
    return float(total)


@compiled
def _squares(values: F32, middle: np.float32) -> float:
    total = np.float32(0)
    for at in range(len(values)):
        total += (values[at] - middle) * (values[at] - middle)
    return float(total)


@compiled
def weighed_sum(terms: tuple[F32, ...], means: F32, weights: F32, result: F32) -> float:
    """Write the sum of five terms, each around its mean and by its weight, and return the sum's deviation from 0."""
    one, two, three, four, five = terms
    mean_1, mean_2, mean_3, mean_4, mean_5 = means[0], means[1], means[2], means[3], means[4]
    weight_1, weight_2, weight_3, weight_4, weight_5 = weights[0], weights[1], weights[2], weights[3], weights[4]
    squares = 0.0
    for begin in range(0, len(result), _STRETCH):
        end = min(begin + _STRETCH, len(result))
        sums, a, b, c = result[begin:end], one[begin:end], two[begin:end], three[begin:end]
        d, e = four[begin:end], five[begin:end]
        for at in range(end - begin):
            sums[at] = (
                weight_1 * (a[at] - mean_1)
                + weight_2 * (b[at] - mean_2)
                + weight_3 * (c[at] - mean_3)
                + weight_4 * (d[at] - mean_4)
                + weight_5 * (e[at] - mean_5)
            )
        squares += _squares(sums, np.float32(0))
    return math.sqrt(squares / len(result))


@compiled
def best_places(scores: F32, ids: I64, allowed: Bools, wanted: int) -> I64:
    """Return the places of the best of the allowed scores, best first, of equal ones the smaller id first."""
    # a heap with the worst of the best on top; -inf and NaN never get in
    heap = np.empty(min(wanted, len(scores)), dtype=np.int64)
    size, least = 0, np.float32(-np.inf)
    for place in range(len(scores)):
        if not scores[place] >= least or not allowed[place] or scores[place] == -np.inf:
            continue
        if size < len(heap):
            at = size
            size += 1
            while at > 0 and _is_worse(place, heap[(at - 1) // 2], scores, ids):
                heap[at] = heap[(at - 1) // 2]
                at = (at - 1) // 2
            heap[at] = place
        elif size and _is_worse(heap[0], place, scores, ids):
            _sink(heap, size, place, scores, ids)
        if size == len(heap) > 0:
            least = scores[heap[0]]
    for last in range(size - 1, 0, -1):
        worst, place = heap[0], heap[last]
        _sink(heap, last, place, scores, ids)
        heap[last] = worst
    return heap[:size]


@compiled
def _sink(heap: I64, size: int, place: int, scores: F32, ids: I64) -> None:
    """Put a place on top of a heap, and let it sink to where it belongs."""
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and _is_worse(heap[below + 1], heap[below], scores, ids):
            below += 1
        if not _is_worse(heap[below], place, scores, ids):
            break
        heap[at] = heap[below]
        at = below
    heap[at] = place


@compiled
def _is_worse(one: int, two: int, scores: F32, ids: I64) -> bool:
    return bool(scores[one] < scores[two] or (scores[one] == scores[two] and ids[one] > ids[two]))
