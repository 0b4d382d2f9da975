import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender import Model, Ratings, SnapshotBroken, Titles, ranking, train
from recommender.packing import VERSION, pack, unpack
from tests.recommender.worlds import World, catalogue, of, world


@pytest.fixture(scope="module")
def town() -> World:
    return world(people=97, titles=60, each=12)


@pytest.fixture(scope="module")
def data(model: Model) -> bytes:
    return model.dump()


def test_a_loaded_model_says_exactly_what_the_trained_one_says(town: World, model: Model, data: bytes) -> None:
    loaded = Model.load(data)
    mine = of(town.ratings, 1007)
    today = Titles([*town.titles.rows, *catalogue(10, seed=4, first=777).rows])

    assert loaded.recommend(mine, n=60) == model.recommend(mine, n=60)
    assert loaded.recommend(mine, n=60, titles=today) == model.recommend(mine, n=60, titles=today)
    assert loaded.dump() == data


def test_an_empty_model_travels_too() -> None:
    data = train(Ratings([], [], []), Titles()).dump()

    assert Model.load(data).recommend({}) == []


def test_a_snapshot_cut_short_anywhere_is_refused(data: bytes) -> None:
    for end in [0, 1, 7, 8, 39, 40, 47, 48, 100, len(data) // 2, len(data) - 1]:
        with pytest.raises(SnapshotBroken):
            Model.load(data[:end])


def test_any_flipped_byte_is_refused(data: bytes) -> None:
    for at in [*range(50), *np.random.default_rng(0).integers(0, len(data), 50).tolist(), len(data) - 1]:
        broken = bytearray(data)
        broken[at] ^= 0x10
        with pytest.raises(SnapshotBroken):
            Model.load(bytes(broken))


def test_something_appended_is_refused(data: bytes) -> None:
    with pytest.raises(SnapshotBroken):
        Model.load(data + b"\0")


def test_a_whole_file_of_another_version_or_without_its_arrays_is_refused() -> None:
    whole = pack({"names": []}, {"title_ids": np.zeros(0, dtype=np.int64)})
    body = whole[40:].replace(f'"version": {VERSION}'.encode(), b'"version": 1')
    other_version = whole[:8] + hashlib.sha256(body).digest() + body

    with pytest.raises(SnapshotBroken, match="incomplete"):
        Model.load(whole)
    with pytest.raises(SnapshotBroken, match="version 1"):
        Model.load(other_version)


@pytest.fixture(scope="module", params=["instant", "full"])
def intact(request: pytest.FixtureRequest, town: World) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "MOST_TITLES", 30)  # so that there are titles past the covered ones
        return train(town.ratings, town.titles, tier=request.param).dump()


NONSENSE: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "cut short": lambda array: array[:-1],
    "too long": lambda array: np.concatenate([array, array[-1:]]),
    "of another type": lambda array: array.astype("<f8" if array.dtype != "<f8" else "<f4"),
    "of another shape": lambda array: array[None],
    "below": lambda array: put(array, -5 if array.dtype.kind == "i" else np.nan),
    "beyond": lambda array: put(array, 10**6 if array.dtype.kind == "i" else np.inf),
}


def put(array: NDArray[Any], number: float) -> NDArray[Any]:
    changed = array.copy()
    changed.flat[changed.size // 2] = number
    return changed


@pytest.mark.parametrize("how", NONSENSE)
def test_an_intact_file_of_nonsense_is_refused_before_any_loop_runs_on_it(intact: bytes, how: str) -> None:
    meta, arrays = unpack(intact)

    for name, array in arrays.items():
        # an id may be any number
        if name == "title_ids" and how in ("below", "beyond"):
            continue
        with pytest.raises(SnapshotBroken, match="incomplete"):
            Model.load(pack(meta, {**arrays, name: NONSENSE[how](array)}))


@pytest.mark.parametrize("value", ["x", None, [], float("nan"), -1])
def test_numbers_about_the_model_are_checked_too(intact: bytes, value: object) -> None:
    meta, arrays = unpack(intact)

    for name in ("readers", "usual", "names"):
        with pytest.raises(SnapshotBroken):
            Model.load(pack({**meta, name: value}, arrays))


def test_one_title_twice_is_refused(intact: bytes) -> None:
    meta, arrays = unpack(intact)
    ids, covered = arrays["title_ids"].copy(), arrays["covered"].copy()
    ids[1], covered[1] = ids[0], covered[0]

    for name, array in {"title_ids": ids, "covered": covered}.items():
        with pytest.raises(SnapshotBroken):
            Model.load(pack(meta, {**arrays, name: array}))


def test_a_pickle_is_refused_at_writing_and_never_read() -> None:
    with pytest.raises(TypeError):
        pack({}, {"objects": np.array([object()])})


def test_arrays_come_back_read_only_and_aligned() -> None:
    _, arrays = unpack(pack({}, {"a": np.arange(3, dtype=np.int32), "b": np.ones((2, 2), dtype=np.float32)}))

    assert arrays["a"].tolist() == [0, 1, 2]
    assert arrays["b"].tolist() == [[1, 1], [1, 1]]
    assert not arrays["a"].flags.writeable


def test_a_snapshot_holds_no_row_about_a_person(town: World, data: bytes) -> None:
    _, arrays = unpack(data)
    people = len(np.unique(town.ratings.users))

    assert people not in {size for array in arrays.values() for size in array.shape}
    assert not any(np.isin(town.ratings.users, array).any() for array in arrays.values() if array.dtype.kind == "i")
