"""The town that most tests of the recommender train on, once a file."""

import pytest

from recommender import Model, train
from tests.recommender.worlds import World, world


@pytest.fixture(scope="module")
def town() -> World:
    return world()


@pytest.fixture(scope="module")
def model(town: World) -> Model:
    return train(town.ratings, town.titles)
