"""An invented crowd with tastes of its own, so that a recommender has something true to find.

Only sums, products, quotients and square roots of `Random.random()` are used, and sums of floats go through
`math.fsum`: these are the same on every machine and in every Python, which logarithms and `gauss` are not.
"""

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from bot.sandbox.catalogue.titles import GENRES, Title, load_titles

FEWEST_RATINGS, MOST_RATINGS = 20, 60

# What seven kinds of viewer look for (+) and pass by (-). A person is of one kind, half of another, with whims beside.
CAMPS: tuple[dict[str, float], ...] = (
    {"romance": 1.3, "fantasy": 0.5, "music": 0.5, "drama": 0.4, "horror": -1.0, "war": -0.7, "western": -0.6},
    {"crime": 1.1, "thriller": 1.0, "mystery": 1.0, "romance": -0.8, "kids": -0.7, "reality": -0.4},
    {"action": 1.1, "adventure": 0.9, "scifi": 1.0, "western": 0.4, "romance": -0.7, "reality": -0.4},
    {"animation": 1.3, "family": 0.9, "kids": 0.8, "fantasy": 0.7, "adventure": 0.4, "crime": -0.9, "horror": -0.7},
    {"drama": 1.0, "documentary": 0.9, "music": 0.5, "western": 0.4, "action": -0.9, "fantasy": -0.5, "reality": -0.9},
    {"history": 1.2, "war": 1.1, "drama": 0.4, "western": 0.5, "fantasy": -0.5, "animation": -0.6, "comedy": -0.5},
    {"comedy": 1.2, "reality": 1.1, "family": 0.5, "romance": 0.3, "horror": -0.6, "war": -0.6, "mystery": -0.4},
)
ABROAD = ("JP", "HK", "TW", "CN")
STYLES = 3
# `votes` counts the whole world, where a Korean title is seen by far fewer people than in Korea.
HOME_BOOST = 6.0


@dataclass(frozen=True, slots=True)
class CrowdRating:
    """One rating of 0.5 to 5 stars in half steps; persons count from 1."""

    person: int
    title_id: int
    stars: float


@dataclass(frozen=True, slots=True)
class _Taste:
    genres: dict[str, float]
    regions: dict[str, float]
    old: float
    series: float
    styles: tuple[float, ...]
    mean: float
    spread: float


def crowd(seed: int, people: int = 240, titles: Sequence[Title] | None = None) -> list[CrowdRating]:
    """Return what `people` persons gave to 20 to 60 titles each; a smaller crowd is the beginning of a larger one."""
    catalogue = load_titles() if titles is None else list(titles)
    if not catalogue:
        return []
    quality = _standardised([title.vote for title in catalogue])
    styles = [_style_of(title, seed) for title in catalogue]
    fame = [_fame(title) for title in catalogue]
    ratings: list[CrowdRating] = []
    for person in range(1, people + 1):
        dice = Random(f"{seed}:person:{person}")  # noqa: S311 - an invented crowd, no secret
        taste = _taste(dice)
        liking = _standardised([_liking(taste, title, style) for title, style in zip(catalogue, styles, strict=True)])
        for index in _seen(dice, fame, liking):
            wish = 0.5 * quality[index] + liking[index] + 0.35 * _normal(dice)
            ratings.append(CrowdRating(person, catalogue[index].id, _half_stars(taste.mean + taste.spread * wish)))
    return ratings


def _taste(dice: Random) -> _Taste:
    first, second = (CAMPS[int(dice.random() * len(CAMPS))] for _ in range(2))
    return _Taste(
        genres={g: first.get(g, 0.0) + 0.4 * second.get(g, 0.0) + 0.25 * _normal(dice) for g in GENRES},
        regions={region: 0.35 * _normal(dice) for region in ("home", "abroad", "west")},
        old=0.3 * _normal(dice),
        series=0.25 * _normal(dice),
        styles=tuple(0.35 * _normal(dice) for _ in range(STYLES)),
        mean=3.1 + 0.35 * _normal(dice),
        spread=max(0.35, 0.75 + 0.15 * _normal(dice)),
    )


def _liking(taste: _Taste, title: Title, style: tuple[float, ...]) -> float:
    region = "home" if "KR" in title.country else "abroad" if title.country[0] in ABROAD else "west"
    return math.fsum(
        [
            math.fsum(taste.genres[genre] for genre in title.genres) / math.sqrt(len(title.genres)),
            taste.regions[region],
            taste.old * max(-1.0, min(2.0, (2010 - title.year) / 15)),
            taste.series if title.kind == "series" else -taste.series,
            *(mine * its for mine, its in zip(taste.styles, style, strict=True)),
        ]
    )


def _fame(title: Title) -> float:
    """Return how likely anybody in Korea is to have come across the title, against the others."""
    known = math.sqrt(max(1, title.votes)) * (HOME_BOOST if "KR" in title.country else 1.0)
    return known * math.sqrt(known)


def _style_of(title: Title, seed: int) -> tuple[float, ...]:
    """Draw the hidden style that all titles of one director share and that no genre tells."""
    dice = Random(f"{seed}:style:{title.director[0].en}")  # noqa: S311 - an invented crowd, no secret
    return tuple(_normal(dice) for _ in range(STYLES))


def _seen(dice: Random, fame: Sequence[float], liking: Sequence[float]) -> list[int]:
    """Draw the titles a person has come across: famous ones first of all, then what the person would choose."""
    draw = [known * (1.0 + 0.6 * max(-1.5, min(2.0, liked))) for known, liked in zip(fame, liking, strict=True)]
    bounds = list(accumulate(draw))
    wanted = min(FEWEST_RATINGS + int(dice.random() * (MOST_RATINGS - FEWEST_RATINGS + 1)), len(draw))
    seen: dict[int, None] = {}
    while len(seen) < wanted:
        seen[min(bisect(bounds, dice.random() * bounds[-1]), len(draw) - 1)] = None
    return list(seen)


def _standardised(values: Sequence[float]) -> list[float]:
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) * (value - mean) for value in values) / len(values)) or 1.0
    return [(value - mean) / deviation for value in values]


def _normal(dice: Random) -> float:
    """Draw a nearly normal number: twelve dice less their mean."""
    return math.fsum(dice.random() for _ in range(12)) - 6.0


def _half_stars(stars: float) -> float:
    return int(max(0.5, min(5.0, stars)) * 2 + 0.5) / 2
