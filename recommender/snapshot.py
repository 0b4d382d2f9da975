"""A trained model as one versioned, checksummed file; it holds titles only, no row about a person."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.arrays import Sparse
from recommender.biases import Biases
from recommender.content import Prior
from recommender.hints import Hints
from recommender.linked import Linked
from recommender.packing import SnapshotBroken, pack, unpack
from recommender.ranking import ListHead
from recommender.stars import StarsHead
from recommender.trained import Trained

# What each array holds, and along what: titles, names, width of factors, members, covered, directions, samples, width
# of linked factors; the small letters are one more.
_FORMS = {
    "title_ids": ("<i8", "T"),
    "offsets": ("<f4", "T"),
    "stars_prior": ("<f4", "N"),
    "factors": ("<f4", "TW"),
    "blend": ("<f8", "M"),
    "covered": ("<i4", "C"),
    "items": ("<f4", "CC"),
    "likes": ("<f4", "T"),
    "likes_prior": ("<f4", "N"),
    "hints.vectors": ("<f4", "CD"),
    "hints.strengths": ("<f4", "D"),
    "hints.scale": ("<f4", "C"),
    "linked.titles": ("<f4", "STL"),
    "linked.links": ("<f4", "StL"),
    "linked.promised": ("<f4", "SnL"),
    "linked.precisions": ("<f4", "SLL"),
    "linked.noises": ("<f8", "S"),
}
_MEMBERS = 3
_HINTS = ("vectors", "strengths", "scale")
_LINKED = ("titles", "links", "promised", "precisions", "noises")


def dump(trained: Trained) -> bytes:
    """Return the bytes of a snapshot; the same model gives the same bytes."""
    stars, lists = trained.stars, trained.lists
    meta: dict[str, Any] = {
        "names": list(trained.names),
        "mean": stars.biases.mean,
        "stars_intercept": stars.biases.prior.intercept,
        "likes_intercept": lists.prior.intercept,
        "readers": lists.readers,
        "usual": lists.hints.usual,
    }
    arrays: dict[str, NDArray[Any]] = {
        "title_ids": trained.title_ids,
        "offsets": stars.biases.titles,
        "stars_prior": stars.biases.prior.weights,
        "factors": stars.factors,
        "blend": stars.weights,
        "covered": lists.covered,
        "items": lists.items,
        "likes": lists.likes,
        "likes_prior": lists.prior.weights,
        **{f"hints.{name}": getattr(lists.hints, name) for name in _HINTS},
        **_taken_apart("outer", lists.outer),
        **_taken_apart("neighbours", stars.neighbours),
        **_taken_apart("features", stars.features),
    }
    if stars.linked is not None:
        meta["linked_mean"] = stars.linked.mean
        arrays |= {f"linked.{name}": getattr(stars.linked, name) for name in _LINKED}
    return pack(meta, arrays)


def load(data: bytes | memoryview) -> Trained:
    """Read a snapshot; raises `SnapshotBroken` for anything but an intact one of this version.

    An intact file may still hold nonsense, from a training gone wrong. Compiled loops trust what they are handed, so
    that every shape, every index and every number is checked here.
    """
    meta, arrays = unpack(data)
    try:
        _check(meta, arrays)
        titles, names = len(arrays["title_ids"]), tuple(meta["names"])
        biases = Biases(
            float(meta["mean"]), arrays["offsets"], Prior(arrays["stars_prior"], float(meta["stars_intercept"]))
        )
        stars = StarsHead(
            biases,
            arrays["factors"],
            _put_together("neighbours", arrays, (titles, titles)),
            _put_together("features", arrays, (titles, len(names))),
            arrays["blend"],
            _linked(meta, arrays),
        )
        prior = Prior(arrays["likes_prior"], float(meta["likes_intercept"]))
        outer = _put_together("outer", arrays, (len(arrays["covered"]), titles))
        hints = Hints(**{name: arrays[f"hints.{name}"] for name in _HINTS}, usual=float(meta["usual"]))
        lists = ListHead(arrays["covered"], arrays["items"], outer, arrays["likes"], prior, int(meta["readers"]), hints)
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotBroken(f"incomplete: {error}") from error
    return Trained(arrays["title_ids"], names, stars, lists)


def _check(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise KeyError, TypeError or ValueError for what does not fit together or is no number."""
    titles, names, linked = len(arrays["title_ids"]), len(meta["names"]), "linked_mean" in meta
    sizes = {"T": titles, "t": titles + 1, "N": names, "n": names + 1, "M": _MEMBERS + linked}
    for name, (kind, along) in _FORMS.items():
        if name.startswith("linked.") and not linked:
            continue
        array = arrays[name]
        shape = tuple(sizes.setdefault(axis, size) for axis, size in zip(along, array.shape, strict=True))
        if array.dtype != kind or array.shape != shape:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, not {kind} {shape}")
    if not all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f"):
        raise ValueError("a number is none")
    if not all(np.isfinite(float(value)) for name, value in meta.items() if name != "names"):
        raise ValueError("a number is none")
    if meta["readers"] < 0 or meta["usual"] < 0:
        raise ValueError("fewer than none")
    covered = arrays["covered"]
    if len(np.unique(covered)) < len(covered) or not ((covered >= 0) & (covered < titles)).all():
        raise ValueError("covered titles that there are not")
    if len(np.unique(arrays["title_ids"])) < titles or not all(isinstance(name, str) for name in meta["names"]):
        raise ValueError("ids or names that are none")


def _linked(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Linked | None:
    if "linked_mean" not in meta:
        return None
    return Linked(float(meta["linked_mean"]), **{name: arrays[f"linked.{name}"] for name in _LINKED})


def _taken_apart(name: str, matrix: Sparse) -> dict[str, NDArray[Any]]:
    return {
        f"{name}.data": matrix.data.astype(np.float32),
        f"{name}.indices": matrix.indices.astype(np.int32),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
    }


def _put_together(name: str, arrays: Mapping[str, NDArray[Any]], shape: Sequence[int]) -> Sparse:
    parts = (arrays[f"{name}.data"], arrays[f"{name}.indices"], arrays[f"{name}.indptr"])
    if [part.dtype.str for part in parts] != ["<f4", "<i4", "<i8"]:
        raise ValueError(f"{name} is of other types")
    data, indices, indptr = parts
    # scipy's own check passes over the rows of a matrix without cells
    if len(indptr) != shape[0] + 1 or indptr[0] or indptr[-1] != len(indices) or (np.diff(indptr) < 0).any():
        raise ValueError(f"{name} has other rows")
    if len(data) != len(indices) or not ((indices >= 0) & (indices < shape[1])).all():
        raise ValueError(f"{name} has other columns")
    return sparse.csr_array(parts, shape=tuple(shape))
