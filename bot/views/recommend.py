"""Recommendations as a screen: what, how many stars to expect, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.recommending import Suggestion
from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.filters import summary as filter_words
from bot.views.titles import GOAL, genres, kind, listed, name, shortened
from core.catalogue import Service
from core.people import GENRES, Person
from core.titles import Filters, Mark, Title

# Ten entries of these lengths fit a message even if every character counts twice.
_NAME_LENGTH, _QUOTED_LENGTH, _WORD_LENGTH = 48, 28, 24
_NUMBERS_IN_A_ROW = 5
AT_ONCE = 10


@dataclass(frozen=True)
class Entry:
    """A title of a page: suggested, or (without a suggestion) set aside or rated since it was shown."""

    title: Title
    suggestion: Suggestion | None
    mark: Mark | None = None
    halves: int | None = None


@dataclass(frozen=True)
class Page:
    """A page of a round: its entries, the place of the first one, and what filters they passed."""

    entries: Sequence[Entry]
    round: int
    begin: int
    filters: Filters
    services: Mapping[str, Service]


def suggestions(say: Speech, person: Person, page: Page, *, ratings: int, has_room: bool = False) -> Screen:
    """The list, numbered on through its pages; who has a room may choose together there."""
    numbered = list(enumerate(page.entries, page.begin + 1))
    introduction = _introduction(say, person, ratings)
    if page.filters.active:
        introduction += "\n" + say("recommend.filtered", filters=filter_words(say, page.filters, page.services))
    buttons = [_number(say, number, entry, page) for number, entry in numbered]
    turn = []
    if page.begin:
        turn.append(Button(say.plain("recommend.before"), data=f"rec:{page.round}:{max(page.begin - AT_ONCE, 0)}"))
    if len(page.entries) == AT_ONCE:
        turn.append(Button(say.plain("recommend.more"), data=f"rec:{page.round}:{page.begin + AT_ONCE}"))
    return Screen(
        "\n\n".join([introduction, *(_entry(say, number, entry) for number, entry in numbered)]),
        rows=[
            *(buttons[begin : begin + _NUMBERS_IN_A_ROW] for begin in range(0, len(buttons), _NUMBERS_IN_A_ROW)),
            *([turn] if turn else []),
            [
                Button(say.plain("recommend.filter"), data="flt"),
                Button(say.plain("recommend.rate_more"), data="go:rate"),
            ],
            *([[Button(say.plain("evenings.together"), data="eves")]] if has_room else []),
        ],
    )


def _number(say: Speech, number: int, entry: Entry, page: Page) -> Button:
    place = f"{page.round}:{page.begin}"
    if entry.suggestion is not None:
        return Button(str(number), data=f"pick:{entry.title.id}:{place}")
    if entry.mark is not None:
        return Button(say.plain("recommend.undo", number=number), data=f"pback:{entry.title.id}:{place}")
    return Button(str(number), data=f"title:{entry.title.id}")


def nothing_left(say: Speech, skipped: int) -> Screen:
    """There is nothing (more) that could be recommended."""
    rows = [[Button(say.plain("people.go_find"), data="go:find")], [Button(say.plain("recommend.filter"), data="flt")]]
    if skipped:
        rows.insert(0, [Button(say.plain("recommend.from_the_top"), data="go:recommend")])
    return Screen(say("recommend.seen_all" if skipped else "recommend.nothing_left"), rows=rows)


def filtered_out(
    say: Speech, filters: Filters, left: Mapping[str, int], skipped: int, services: Mapping[str, Service]
) -> Screen:
    """The filters leave nothing (more): say what each of them holds back, the one that holds back most first."""
    single = sorted((name for name in filters.active if left[name]), key=lambda name: -left[name])
    rows = [[Button(say.plain(f"recommend.loosen_{name}", n=left[name]), data=f"fltoff:{name}")] for name in single]
    if len(filters.active) > 1 and left["all"]:
        rows.append([Button(say.plain("recommend.loosen_all", n=left["all"]), data="fltoff:all")])
    rows.append([Button(say.plain("recommend.filter"), data="flt")])
    if skipped:
        rows.append([Button(say.plain("recommend.from_the_top"), data="go:recommend")])
    words = filter_words(say, filters, services)
    return Screen(say("recommend.filtered_no_more" if skipped else "recommend.filtered_out", filters=words), rows=rows)


def _introduction(say: Speech, person: Person, ratings: int) -> str:
    if ratings:
        key = "recommend.by_many" if ratings >= GOAL else "recommend.by_few"
        return say(key, n=ratings, nickname=person.nickname, goal=GOAL)
    return say("recommend.by_genres" if person.genres else "recommend.by_nothing")


def _entry(say: Speech, number: int, entry: Entry) -> str:
    title, one = entry.title, entry.suggestion
    called = shortened(name(say, title), _NAME_LENGTH)
    if one is None:
        what = say.plain(f"recommend.is_{entry.mark}") if entry.mark else say.plain("recommend.is_gone")
        if entry.halves is not None:
            what = say.plain("titles.yours_plain", stars=say.stars(entry.halves))
        return say("recommend.entry_done", number=number, name=called, what=what)
    line = say(
        "recommend.entry",
        number=number,
        name=called,
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
            called = [shortened(name(say, title), _QUOTED_LENGTH) for title in one.because]
            given = [
                say.plain("recommend.quoted_given", name=each, stars=say.stars(gave))
                for each, gave in zip(called, one.gave, strict=True)
            ]
            return say("recommend.reason_because_you_rated", titles=listed(say, given))
        case "genre_you_like" if quoted:
            shared = [word for word in one.reason.words if any(word in title.genres for title in one.because)]
            return say("recommend.reason_genre_you_like", titles=quoted, words=in_words(say, one.title, shared))
        case "genre_you_like":
            return say("recommend.reason_genre_you_chose", words=in_words(say, one.title, one.reason.words))
        case "people_you_like" if quoted:
            made_by = {person["ko"] for title in one.because for person in (*title.director, *title.cast)}
            shared = [word for word in one.reason.words if word in made_by]
            return say("recommend.reason_people_you_like", titles=quoted, words=in_words(say, one.title, shared))
        case "popular":
            return say("recommend.reason_popular")
        case "little_known" if one.reason.words:
            return say("recommend.reason_popular_words", words=in_words(say, one.title, one.reason.words))
        case "little_known":
            return say("recommend.reason_little_known")
        case _:
            return say("recommend.reason_taste_like_yours")


def in_words(say: Speech, title: Title, words: Sequence[str]) -> str:
    """Return genres and people of a title as the reader calls them."""
    called = {person["ko"]: person[say.language] for person in (*title.director, *title.cast)}
    return listed(
        say,
        [genres(say, [word]) if word in GENRES else shortened(called.get(word, word), _WORD_LENGTH) for word in words],
    )
