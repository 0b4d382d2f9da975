"""The array types that the recommender's modules hand to one another."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
Sparse = Any  # scipy ships no types; always a CSR array, rows as the name says
