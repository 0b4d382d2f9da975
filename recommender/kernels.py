"""The loops of training, compiled; `recommender.loops` has those behind an answer.

Every function works on a range of rows and lets go of the GIL: `recommender.crew` gives the ranges to threads. What a
row gets does not depend on how the rows are shared out, so the number of threads changes no result.
"""

import numpy as np

from recommender.arrays import F32, F64, I32, I64
from recommender.compiling import compiled

_CELLS_AT_ONCE = 256


@compiled
def ridge_rows(
    first: int, last: int, indptr: I64, indices: I32, data: F32, other: F32, fixed: float, each: float, result: F32
) -> None:
    """Solve [offset, factors...] of rows first..last; see `recommender.factors.solve`."""
    width = other.shape[1]
    gram = np.empty((width, width), dtype=np.float32)
    right = np.empty(width, dtype=np.float32)
    # turned round, so that the sums below run along memory, several cells at a time
    design = np.ones((width, _CELLS_AT_ONCE), dtype=np.float32)
    target = np.empty(_CELLS_AT_ONCE, dtype=np.float32)
    quiet = np.zeros(width, dtype=np.float32)
    for row in range(first, last):
        gram[:] = 0
        right[:] = 0
        _add_cells(indptr[row], indptr[row + 1], indices, data, other, design, target, gram, right)
        gram[0, 0] += np.float32(fixed)
        for k in range(1, width):
            gram[k, k] += np.float32(each * (1 + indptr[row + 1] - indptr[row]))
        _solve_in_place(gram, right, quiet)
        result[row] = right


@compiled
def draw_rows(
    first: int,
    last: int,
    indptr: I64,
    indices: I32,
    data: F32,
    other: F32,
    prior: F32,
    precision: F32,
    noise: float,
    random: F32,
    result: F32,
) -> None:
    """Draw [offset, factors...] of rows first..last; `prior` is their expectation times its precision."""
    width = other.shape[1]
    gram = np.empty((width, width), dtype=np.float32)
    right = np.empty(width, dtype=np.float32)
    design = np.ones((width, _CELLS_AT_ONCE), dtype=np.float32)
    target = np.empty(_CELLS_AT_ONCE, dtype=np.float32)
    for row in range(first, last):
        gram[:] = 0
        right[:] = 0
        _add_cells(indptr[row], indptr[row + 1], indices, data, other, design, target, gram, right)
        for one in range(width):
            right[one] = np.float32(noise) * right[one] + prior[row, one]
            for two in range(width):
                gram[one, two] = np.float32(noise) * gram[one, two] + precision[one, two]
        _solve_in_place(gram, right, random[row])
        result[row] = right


@compiled
def _add_cells(
    begin: int, end: int, indices: I32, data: F32, other: F32, design: F32, target: F32, gram: F32, right: F32
) -> None:
    """Add the cells begin..end of a row to the upper triangle of its gram matrix and to its right side."""
    width = len(right)
    for first in range(begin, end, _CELLS_AT_ONCE):
        count = min(_CELLS_AT_ONCE, end - first)
        for cell in range(count):
            column = indices[first + cell]
            target[cell] = data[first + cell] - other[column, 0]
            for k in range(1, width):
                design[k, cell] = other[column, k]
        for one in range(width):
            mine = design[one, :count]
            right[one] += _product(mine, target[:count])
            for two in range(one, width):
                gram[one, two] += _product(mine, design[two, :count])


@compiled
def squared_error(indptr: I64, indices: I32, data: F32, mine: F32, theirs: F32) -> float:
    """Return the sum of squares that rows of [offset, factors...] on both sides leave unexplained."""
    total = 0.0
    for row in range(len(indptr) - 1):
        for at in range(indptr[row], indptr[row + 1]):
            column = indices[at]
            fitted = mine[row, 0] + theirs[column, 0] + _product(mine[row, 1:], theirs[column, 1:])
            total += (data[at] - fitted) ** 2
    return total


@compiled
def _product(one: F32, two: F32) -> np.float32:
    total = np.float32(0)
    for at in range(len(one)):
        total += one[at] * two[at]
    return total


@compiled
def _solve_in_place(gram: F32, right: F32, random: F32) -> None:
    """Solve gram x = right by Cholesky's U'U; the upper triangle of `gram` and all of `right` are overwritten.

    Standard normal numbers in `random` make x a draw of that mean, with `gram` as its precision.
    """
    width = len(right)
    for pivot in range(width):
        scale = 1 / np.sqrt(gram[pivot, pivot])
        for k in range(pivot, width):
            gram[pivot, k] *= scale
        right[pivot] *= scale
        for row in range(pivot + 1, width):
            weight = gram[pivot, row]
            for k in range(row, width):
                gram[row, k] -= weight * gram[pivot, k]
            right[row] -= weight * right[pivot]
    for row in range(width - 1, -1, -1):
        total = right[row] + random[row]
        for k in range(row + 1, width):
            total -= gram[row, k] * right[k]
        right[row] = total / gram[row, row]


@compiled
def best_neighbours(
    first: int,
    last: int,
    by_title: tuple[I64, I32, F32],
    by_user: tuple[I64, I32, F32],
    shrink: float,
    found: I64,
    columns: I32,
    values: F32,
) -> None:
    """Write the best neighbours of titles first..last into their rows of `columns` and `values`, in title order."""
    raters_of, raters, residual_by = by_title
    rated_by, rated, residual_of = by_user
    titles, kept = len(raters_of) - 1, columns.shape[1]
    # side by side for each other title: product, own square, other's square, number of people who rated both
    sums = np.zeros((titles, 4), dtype=np.float32)
    near = np.empty(titles, dtype=np.float32)
    ranked = np.empty(titles, dtype=np.float32)
    who = np.empty(titles, dtype=np.int32)
    for title in range(first, last):
        for at in range(raters_of[title], raters_of[title + 1]):
            user, mine = raters[at], residual_by[at]
            square = mine * mine
            for other in range(rated_by[user], rated_by[user + 1]):
                place, theirs = rated[other], residual_of[other]
                sums[place, 0] += mine * theirs
                sums[place, 1] += square
                sums[place, 2] += theirs * theirs
                sums[place, 3] += 1
        count = 0
        for place in range(titles):
            shared = sums[place, 3]
            if shared == 0:
                continue
            if shared > 1 and place != title and sums[place, 0] > 0:
                cosine = sums[place, 0] / np.sqrt(sums[place, 1] * sums[place, 2])
                near[count] = cosine * (shared - 1) / (shared - 1 + np.float32(shrink))
                who[count] = place
                count += 1
            sums[place] = 0
        least, ties = np.float32(0), count
        if count > kept:
            ranked[:count] = near[:count]
            least = _largest(ranked[:count], kept)
            ties = kept
            for at in range(count):
                ties -= near[at] > least
        written = 0
        for at in range(count):
            if near[at] == least:
                ties -= 1
                if ties < 0:
                    continue
            if near[at] >= least:
                columns[title, written] = who[at]
                values[title, written] = near[at] * near[at]
                written += 1
        found[title] = written


@compiled
def turn(rows_of: I64, columns: I32, values: F32, indptr: I64, indices: I32, data: F32) -> None:
    """Write the cells of rows, column by column, into `indices` and `data`; `indptr` comes with zeros."""
    for column in columns:
        indptr[column + 1] += 1
    for column in range(len(indptr) - 1):
        indptr[column + 1] += indptr[column]
    free = indptr[:-1].copy()
    for row in range(len(rows_of) - 1):
        for at in range(rows_of[row], rows_of[row + 1]):
            place = free[columns[at]]
            indices[place], data[place] = row, values[at]
            free[columns[at]] = place + 1


@compiled
def ratings_behind(by_title: tuple[I64, I32, F32], by_user: tuple[I64, I32, F32]) -> I64:
    """Return, for each title, how many ratings those who rated it have given: what its neighbours cost to find."""
    result = np.zeros(len(by_title[0]) - 1, dtype=np.int64)
    for title in range(len(result)):
        for at in range(by_title[0][title], by_title[0][title + 1]):
            user = by_title[1][at]
            result[title] += by_user[0][user + 1] - by_user[0][user]
    return result


@compiled
def _largest(values: F32, place: int) -> np.float32:
    """Return the place-th largest value, by quickselect; `values` are left in another order."""
    low, high = 0, len(values) - 1
    wanted = len(values) - place
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    return np.float32(values[wanted])


@compiled
def generosity_of_users(indptr: I64, indices: I32, data: F32, offsets: F32, mean: float, damping: float) -> F64:
    """Return the damped mean of what each user gave beyond mean and offsets."""
    result = np.zeros(len(indptr) - 1)
    for user in range(len(result)):
        begin, end = indptr[user], indptr[user + 1]
        total = 0.0
        for at in range(begin, end):
            total += data[at] - mean - offsets[indices[at]]
        result[user] = total / (end - begin + damping)
    return result


@compiled
def sums_of_titles(indptr: I64, indices: I32, data: F32, generosity: F64, mean: float, titles: int) -> F64:
    """Return the sum of what each title got beyond mean and generosity."""
    result = np.zeros(titles)
    for user in range(len(indptr) - 1):
        base = mean + generosity[user]
        for at in range(indptr[user], indptr[user + 1]):
            result[indices[at]] += data[at] - base
    return result


@compiled
def pair_terms(
    pairs_of: I64,
    titles: I64,
    residuals: tuple[I64, I32, F32],
    neighbours: tuple[I64, I32, F32],
    features: tuple[I64, I32, F32],
    sizes: tuple[int, int],
    floor: float,
    damping: float,
    result: F64,
) -> None:
    """Write what neighbours and taste say of each pair; the pairs of reader r are pairs_of[r]..pairs_of[r + 1]."""
    rated_by, rated, residual_of = residuals
    near_of, near, nearness = neighbours
    cells_of, cells, values = features
    own = np.zeros(sizes[0], dtype=np.float32)
    has = np.zeros(sizes[0], dtype=np.bool_)
    total = np.zeros(sizes[1], dtype=np.float32)
    weight = np.zeros(sizes[1], dtype=np.float32)
    for reader in range(len(pairs_of) - 1):
        if pairs_of[reader] == pairs_of[reader + 1]:
            continue
        for at in range(rated_by[reader], rated_by[reader + 1]):
            place = rated[at]
            own[place], has[place] = residual_of[at], True
            for cell in range(cells_of[place], cells_of[place + 1]):
                total[cells[cell]] += residual_of[at] * values[cell]
                weight[cells[cell]] += values[cell] * values[cell]
        for pair in range(pairs_of[reader], pairs_of[reader + 1]):
            title = titles[pair]
            pulled, heard = np.float32(0), np.float32(0)
            for at in range(near_of[title], near_of[title + 1]):
                if has[near[at]]:
                    pulled += nearness[at] * own[near[at]]
                    heard += nearness[at]
            result[pair, 1] = pulled / (heard + floor)
            taste = 0.0
            for cell in range(cells_of[title], cells_of[title + 1]):
                taste += values[cell] * total[cells[cell]] / (weight[cells[cell]] + damping)
            result[pair, 2] = taste
        for at in range(rated_by[reader], rated_by[reader + 1]):
            place = rated[at]
            has[place] = False
            for cell in range(cells_of[place], cells_of[place + 1]):
                total[cells[cell]] = 0
                weight[cells[cell]] = 0
