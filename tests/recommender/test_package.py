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
        recommender.nothing_like_this  # noqa: B018 - asking is the test


def test_where_no_folder_can_be_written_the_loops_are_compiled_in_memory() -> None:
    code = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "import numpy as np\n"
        "from recommender.kernels import sums_of_titles\n"
        "cell = np.zeros(1, dtype=np.int32)\n"
        "stars, generosity = np.array([4.0], dtype=np.float32), np.zeros(1)\n"
        "print(sums_of_titles(np.array([0, 1]), cell, stars, generosity, 3.0, 2).tolist())"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[1.0, 0.0]"


def test_importing_the_package_brings_no_compiler() -> None:
    code = "import sys, recommender; print('numba' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_the_first_person_to_ask_a_loaded_model_waits_for_no_compiler() -> None:
    code = (
        "from recommender import Model, Ratings, Title, Titles, loops, train\n"
        "titles = Titles([Title(1, year=1999, genres=('drama',)), Title(2, year=2020)])\n"
        "model = Model.load(train(Ratings([1, 1, 2], [1, 2, 2], [5, 3, 4]), titles).dump())\n"
        "of = [getattr(loops, name) for name in ('stars_of_people', 'likes_told', 'weighed_sum', 'best_places')]\n"
        "before = [len(loop.signatures) for loop in of]\n"
        "model.recommend({1: 5.0}, n=2)\n"
        "print(before, [len(loop.signatures) for loop in of])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[1, 1, 1, 1] [1, 1, 1, 1]"


def test_warming_up_compiles_every_loop() -> None:
    code = (
        "from recommender import kernels, loops\n"
        "from recommender.warm import warm\n"
        "warm()\n"
        "made = {name: loop for module in (kernels, loops) for name, loop in vars(module).items()\n"
        "        if hasattr(loop, 'signatures') and not name.startswith('_')}\n"
        "print(len(made) > 10, [name for name, loop in made.items() if not loop.signatures])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "True []"
