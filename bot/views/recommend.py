"""Recommendations as a screen: what, how many stars to expect, and why."""

from __future__ import annotations

from collections.abc import Sequence

from bot.recommending import Suggestion
from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.titles import GOAL, genres, kind, listed, name, shortened
from core.people import GENRES, Person

# Ten entries of these lengths fit a message even if every character counts twice.
_NAME_LENGTH, _QUOTED_LENGTH, _WORD_LENGTH = 48, 28, 24
_NUMBERS_IN_A_ROW = 5


def suggestions(
    say: Speech, person: Person, shown: Sequence[Suggestion], *, ratings: int, skipped: int, again: str
) -> Screen:
    """The list, numbered on after the `skipped` ones; `again` is the data of the button that asks for others."""
    entries = [_entry(say, number, one) for number, one in enumerate(shown, skipped + 1)]
    numbers = [Button(str(number), data=f"title:{one.title.id}") for number, one in enumerate(shown, skipped + 1)]
    return Screen(
        "\n\n".join([_introduction(say, person, ratings), *entries]),
        rows=[
            *(numbers[begin : begin + _NUMBERS_IN_A_ROW] for begin in range(0, len(numbers), _NUMBERS_IN_A_ROW)),
            [
                Button(say.plain("recommend.again"), data=again),
                Button(say.plain("recommend.rate_more"), data="go:rate"),
            ],
        ],
    )


def nothing_left(say: Speech, skipped: int) -> Screen:
    """There is nothing (more) that could be recommended."""
    rows = [[Button(say.plain("people.go_find"), data="go:find")]]
    if skipped:
        rows.insert(0, [Button(say.plain("recommend.from_the_top"), data="go:recommend")])
    return Screen(say("recommend.nothing_left"), rows=rows)


def _introduction(say: Speech, person: Person, ratings: int) -> str:
    if ratings:
        key = "recommend.by_many" if ratings >= GOAL else "recommend.by_few"
        return say(key, n=ratings, nickname=person.nickname, goal=GOAL)
    return say("recommend.by_genres" if person.genres else "recommend.by_nothing")


def _entry(say: Speech, number: int, one: Suggestion) -> str:
    title = one.title
    line = say(
        "recommend.entry",
        number=number,
        name=shortened(name(say, title), _NAME_LENGTH),
        year=title.year,
        kind=kind(say, title),
        stars=f"{one.stars:.1f}",
    )
    return f"{line}\n{reason(say, one)}"


def reason(say: Speech, one: Suggestion) -> str:
    """Say why a title is on the list, and nothing that is not so."""
    quoted = listed(
        say,
        [say.plain("recommend.quoted", name=shortened(name(say, title), _QUOTED_LENGTH)) for title in one.because],
    )
    match one.reason.kind:
        case "because_you_rated" if quoted:
            return say("recommend.reason_because_you_rated", titles=quoted)
        case "genre_you_like" if quoted:
            shared = [word for word in one.reason.words if any(word in title.genres for title in one.because)]
            return say("recommend.reason_genre_you_like", titles=quoted, words=_in_words(say, one, shared))
        case "genre_you_like":
            return say("recommend.reason_genre_you_chose", words=_in_words(say, one, one.reason.words))
        case "people_you_like" if quoted:
            made_by = {person["ko"] for title in one.because for person in (*title.director, *title.cast)}
            shared = [word for word in one.reason.words if word in made_by]
            return say("recommend.reason_people_you_like", titles=quoted, words=_in_words(say, one, shared))
        case "popular":
            return say("recommend.reason_popular")
        case "little_known" if one.reason.words:
            return say("recommend.reason_popular_words", words=_in_words(say, one, one.reason.words))
        case "little_known":
            return say("recommend.reason_little_known")
        case _:
            return say("recommend.reason_taste_like_yours")


def _in_words(say: Speech, one: Suggestion, words: Sequence[str]) -> str:
    called = {person["ko"]: person[say.language] for person in (*one.title.director, *one.title.cast)}
    return listed(
        say,
        [genres(say, [word]) if word in GENRES else shortened(called.get(word, word), _WORD_LENGTH) for word in words],
    )
