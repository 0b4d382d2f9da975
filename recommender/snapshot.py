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
    """Read a snapshot; raises `SnapshotBroken` for anything but an intact one of this version."""
    meta, arrays = unpack(data)
    try:
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
    return sparse.csr_array(parts, shape=tuple(shape))
