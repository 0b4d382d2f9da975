import subprocess
import sys

import pytest

import recommender


def test_importing_the_package_brings_neither_surprise_nor_pandas() -> None:
    code = "import sys, recommender; print(sorted({'surprise', 'pandas', 'sklearn'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_surprise_algorithm_comes_when_asked_for() -> None:
    from recommender import HybridSVDKNN

    assert HybridSVDKNN.__mro__[1].__name__ == "AlgoBase"
    with pytest.raises(AttributeError):
        recommender.nothing_like_this  # noqa: B018
