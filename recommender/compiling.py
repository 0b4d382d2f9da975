"""How loops over single ratings and titles are compiled; importing this module costs half a second."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

# sums may be added up in another order, several at a time; NaN and infinity stay what they are
_REORDERED = {"contract", "reassoc", "nsz"}

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile at the first call and keep the result on disk, or in memory where no folder can be written.

    What is kept is renewed when the function's own file changes: a compiled function calls none of another file.
    """
    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy", fastmath=_REORDERED)(function))
    except RuntimeError:
        return cast(F, njit(nogil=True, error_model="numpy", fastmath=_REORDERED)(function))
