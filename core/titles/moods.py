"""Moods: what somebody feels like watching, each written down as genres; here and nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mood:
    """Titles with one of `some`, with all of `every`, and with none of `without`; the words are genres."""

    some: frozenset[str]
    without: frozenset[str] = field(default=frozenset())
    every: frozenset[str] = field(default=frozenset())

    def suits(self, genres: Collection[str]) -> bool:
        """Tell whether a title of these genres fits the mood."""
        of_title = frozenset(genres)
        return not self.some.isdisjoint(of_title) and self.every <= of_title and self.without.isdisjoint(of_title)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# In the order in which they are offered.
MOODS: Mapping[str, Mood] = {
    "light": Mood(_words("comedy reality"), without=_words("horror war thriller")),
    "warm": Mood(_words("family romance animation music"), without=_words("horror thriller crime war")),
    "tearful": Mood(_words("romance family war"), every=_words("drama"), without=_words("comedy horror")),
    "tense": Mood(_words("thriller crime mystery"), without=_words("comedy family kids")),
    "thrilling": Mood(_words("action adventure"), without=_words("horror romance")),
    "otherworldly": Mood(_words("fantasy scifi"), without=_words("horror")),
    "chilling": Mood(_words("horror")),
    "thoughtful": Mood(_words("history documentary mystery war"), without=_words("comedy kids")),
    "with_children": Mood(_words("family animation kids"), without=_words("horror thriller crime war")),
}
