"""What is known of films and series before anybody rates them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from recommender.border import plain_id


@dataclass(frozen=True, slots=True)
class Title:
    """One film or series; every field but the id may be missing."""

    id: int
    kind: str = ""
    year: int | None = None
    genres: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    """Director and cast."""
    country: str = ""
    language: str = ""
    services: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    vote_average: float | None = None
    """An outside average from 0 to 10, as TMDB gives it."""
    vote_count: int = 0


@dataclass(frozen=True, init=False, eq=False)
class Titles:
    """A catalogue in a fixed order, with ids normalised as ratings' are; of two titles with one id the later counts."""

    rows: tuple[Title, ...]

    def __init__(self, titles: Iterable[Title] = ()) -> None:
        by_id: dict[int, Title] = {}
        for title in titles:
            number = plain_id(title.id)
            if number is None:
                raise ValueError(f"a title without an id: {title!r}")
            by_id[number] = title if number == title.id else replace(title, id=number)
        object.__setattr__(self, "rows", tuple(by_id.values()))

    def __len__(self) -> int:
        return len(self.rows)
