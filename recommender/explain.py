"""Why a title stands where it stands, in numbers: what adds up to its stars, and what to its place in the list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recommender.border import HIGHEST, LOWEST, asked_id
from recommender.fold_in import fold_in
from recommender.model import LIKEABLE, Model
from recommender.scoring import Term
from recommender.titles import Titles

StarTerm = Literal["everybody", "title", "you", "factors", "neighbours", "taste", "linked"]
_MEMBERS: tuple[StarTerm, ...] = ("factors", "neighbours", "taste", "linked")
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """A title that was rated, the stars it was given, and what that adds to (or takes from) this title's score."""

    title_id: int
    given: float
    score: float


@dataclass(frozen=True, slots=True)
class Explained:
    """The numbers behind one title for one person.

    `star_terms` add up to the predicted stars before they are kept within 0.5 to 5 (`stars`): the mean of all ratings
    (everybody), how the title is rated beside others (title), how generous the person is (you), and what the members
    of the blend say: factors, neighbours, taste and, in the full tier, linked. `score_terms` add up to `score`, which
    orders the list: 1,000 is one standard deviation of all titles' scores, 0 the average title. `ratings` are those
    that moved the score most, either way, through the term `near`. `hardly` says that so few stars are expected that
    the title comes after all others, whatever its score.
    """

    title_id: int
    stars: float
    score: float
    star_terms: Mapping[StarTerm, float]
    score_terms: Mapping[Term, float]
    ratings: tuple[Moved, ...]
    hardly: bool


def why(
    model: Model,
    rated: Mapping[int, float],
    title: int,
    *,
    titles: Titles | None = None,
    genres_liked: Collection[str] = (),
) -> Explained | None:
    """Return the numbers behind a title, those that `Model.recommend` works with; None if it is not in the catalogue.

    Raises `RatingRefused` for stars outside 0.5..5.
    """
    catalogue = model.catalogue_of(titles)
    trained, number = catalogue.trained, asked_id(title)
    places = catalogue.places_of([] if number is None else [number])
    if not len(places):
        return None
    place, at = int(places[0]), int(catalogue.positions(places)[0])
    person = fold_in(trained.stars, trained.position, rated)
    found = model.scored(catalogue, person, genres_liked)
    scores, predicted = found.scores, found.stars
    head, reader = trained.stars, person.reader
    members = head.weights * head.terms_of(reader, at)
    star_terms: dict[StarTerm, float] = {
        "everybody": head.biases.mean,
        "title": float(head.biases.titles[at]),
        "you": reader.generosity,
        **dict(zip(_MEMBERS, members.tolist(), strict=False)),
    }
    pulls = trained.lists.pulls(person.rated, person.likes, np.array([at]), found.near)[:, 0]
    added = pulls * np.float32(scores.weights["near"])
    strongest = [row for row in np.argsort(-np.abs(added), kind="stable")[:_NAMED].tolist() if added[row]]
    return Explained(
        int(catalogue.ids[place]),
        float(np.clip(predicted[place], LOWEST, HIGHEST)),
        float(scores.total[place]),
        star_terms,
        scores.added(place),
        tuple(
            Moved(int(trained.title_ids[person.rated[row]]), float(person.given[row]), float(added[row]))
            for row in strongest
        ),
        bool(predicted[place] < LIKEABLE),
    )
