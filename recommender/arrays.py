"""The array types that the recommender's modules hand to one another."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
Sparse = Any  # scipy ships no types; always a CSR array, rows as the name says

A = TypeVar("A", bound=NDArray[Any])


def sealed(array: A) -> A:
    """Return a window on an array through which nothing can be written.

    Compiled loops tell such arrays from others, as those of a snapshot are: whatever they only read is handed to them
    sealed, so that each is compiled once.
    """
    window: A = array.view()
    window.flags.writeable = False
    return window
