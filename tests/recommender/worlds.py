"""Seeded worlds of titles and people whose tastes are known, so that better and worse can be told apart."""

from dataclasses import dataclass

import numpy as np

from recommender import Ratings, Title, Titles

GENRES = ("drama", "comedy", "thriller", "romance", "sci-fi", "animation", "crime", "family")
PEOPLE = tuple(f"person {number}" for number in range(60))


@dataclass(frozen=True)
class World:
    ratings: Ratings
    titles: Titles


def catalogue(titles: int, seed: int = 0, first: int = 1) -> Titles:
    rng = np.random.default_rng(seed)
    return Titles(
        Title(
            id=first + number,
            kind="film" if rng.random() < 0.7 else "series",
            year=int(rng.integers(1970, 2026)),
            genres=tuple(rng.choice(GENRES, rng.integers(1, 4), replace=False)),
            people=tuple(rng.choice(PEOPLE, 3, replace=False)),
            country=str(rng.choice(["KR", "US", "JP"])),
            language=str(rng.choice(["ko", "en", "ja"])),
            services=("tving",) if rng.random() < 0.5 else ("wavve", "netflix"),
            vote_average=float(np.round(rng.normal(6.8, 1.0), 1)),
            vote_count=int(rng.integers(5, 5000)),
        )
        for number in range(titles)
    )


def world(people: int = 150, titles: int = 120, each: int = 30, seed: int = 0) -> World:
    """People like genres and hidden qualities; they watch what is popular and what they like."""
    rng = np.random.default_rng(seed)
    shown = catalogue(titles, seed)
    genres = np.array([[genre in title.genres for genre in GENRES] for title in shown.rows], dtype=float)
    genres /= np.sqrt(genres.sum(axis=1, keepdims=True))
    hidden = rng.normal(0, 1, (titles, 3))
    fondness = rng.normal(0, 0.7, (people, len(GENRES))) @ genres.T + rng.normal(0, 0.45, (people, 3)) @ hidden.T
    mood, quality = rng.normal(0, 0.35, (people, 1)), rng.normal(0, 0.35, titles)
    wanted = 3.4 + mood + quality + fondness
    fame = rng.gamma(1.0, 1.0, titles) + 0.05
    users, items, stars = [], [], []
    for person in range(people):
        chance = fame * np.exp(1.2 * fondness[person])
        seen = rng.choice(titles, each, replace=False, p=chance / chance.sum())
        users += [1000 + person] * each
        items += [shown.rows[number].id for number in seen]
        given = wanted[person, seen] + rng.normal(0, 0.4, each)
        stars += list(np.clip(np.round(given * 2) / 2, 0.5, 5.0))
    return World(Ratings(users, items, stars), shown)


def young(people: int, each: int, titles: Titles, seed: int = 0) -> Ratings:
    """A database of the first days: a few people with a few ratings each."""
    rng = np.random.default_rng(seed)
    ids = np.array([title.id for title in titles.rows])
    users = np.repeat(np.arange(people), each)
    items = np.concatenate([rng.choice(ids, each, replace=False) for _ in range(people)])
    return Ratings(users, items, rng.integers(2, 11, people * each) / 2)


def of(ratings: Ratings, user: int) -> dict[int, float]:
    mine = ratings.users == user
    return dict(zip(ratings.titles[mine].tolist(), ratings.stars[mine].tolist(), strict=True))


def relabelled(titles: Titles, new: dict[int, int]) -> Titles:
    from dataclasses import replace

    return Titles(replace(title, id=new[title.id]) for title in titles.rows)
