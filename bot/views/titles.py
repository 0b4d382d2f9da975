"""Searching, title cards, half stars and rating one title after another as screens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from babel import Locale

from bot.screen import CALLBACK_BYTES, Button, Screen
from bot.texts import Speech
from core.catalogue.tables import Service
from core.titles import FEWEST_HALVES, FOR_ADULTS, MOST_HALVES, Found, Title, ToRate

GOAL = 10
_STARS_IN_A_ROW = 5
_WORDS_SHOWN = 60
_LABEL_LENGTH = 48
_PEOPLE_SHOWN, _PERSON_LENGTH = 6, 60


def name(say: Speech, title: Title) -> str:
    """Return what a title is called in the reader's language, not yet escaped."""
    return title.name_ko if say.language == "ko" else title.name_en


def shortened(text: str, longest: int) -> str:
    """Return a text of at most `longest` characters, with an ellipsis where something is missing."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def kind(say: Speech, title: Title) -> str:
    """Return film or series in words."""
    return say.plain(f"titles.kind_{title.kind}")


def genres(say: Speech, slugs: Sequence[str]) -> str:
    """Return genres in words."""
    return listed(say, [say.plain(f"people.genre_{slug}") for slug in slugs])


def listed(say: Speech, words: Sequence[str]) -> str:
    """Return words one after another as the language strings them together."""
    return say.plain("titles.separator").join(words)


def ask_find(say: Speech) -> Screen:
    """Ask what to look for."""
    return Screen(say("titles.ask_find"))


def none_found(say: Speech, words: str) -> Screen:
    """Nothing matches; the next words are another try."""
    return Screen(
        say("titles.none_found", words=shortened(words, _WORDS_SHOWN)),
        rows=[[Button(say.plain("titles.find_again"), data="go:find")]],
    )


def found(say: Speech, words: str, result: Found) -> Screen:
    """The best matches, each a button."""
    key = "titles.found" if len(result.titles) == result.total else "titles.found_more"
    return Screen(
        say(key, words=shortened(words, _WORDS_SHOWN), n=result.total, shown=len(result.titles)),
        rows=[[Button(label(say, title), data=f"title:{title.id}")] for title in result.titles],
    )


def label(say: Speech, title: Title) -> str:
    """Return what a button that opens a title says."""
    short = shortened(name(say, title), _LABEL_LENGTH)
    return say.plain("titles.label", name=short, year=title.year, kind=kind(say, title))


def find_button(say: Speech, text: str) -> Button | None:
    """Return a button that looks for what somebody just wrote; None when it is too long to be carried."""
    words = " ".join(text.split())
    data = f"find:{words}"
    if not words or len(data.encode()) > CALLBACK_BYTES:
        return None
    return Button(say.plain("titles.find_these", words=words), data=data)


def card(say: Speech, title: Title, services: Sequence[Service], given: int | None) -> Screen:
    """Everything about a title, and the way to its stars."""
    give = Button(say.plain("titles.give" if given is None else "titles.change"), data=f"tstars:{title.id}")
    take_back = [] if given is None else [Button(say.plain("titles.take_back"), data=f"tdrop:{title.id}")]
    rows = [[give, *take_back], [Button(say.plain("titles.similar"), data=f"tsim:{title.id}")]]
    if given is not None:
        rows.append([Button(say.plain("titles.to_recommend"), data="go:recommend")])
    return Screen(described(say, title, services, given), rows=rows)


def stars(say: Speech, title: Title, services: Sequence[Service], given: int | None) -> Screen:
    """The same card with all half stars to choose from."""
    return Screen(
        f"{described(say, title, services, given)}\n\n{say('titles.how_many')}",
        rows=[
            *star_rows(say, lambda halves: f"trate:{title.id}:{halves}", given),
            [Button(say.plain("titles.back"), data=f"tcard:{title.id}")],
        ],
    )


def star_rows(say: Speech, data: Callable[[int], str], given: int | None = None) -> list[list[Button]]:
    """Return all half stars as buttons."""
    buttons = [
        Button(f"✓ {halves / 2:.1f}" if halves == given else say.stars(halves), data=data(halves))
        for halves in range(FEWEST_HALVES, MOST_HALVES + 1)
    ]
    return [buttons[begin : begin + _STARS_IN_A_ROW] for begin in range(0, len(buttons), _STARS_IN_A_ROW)]


def described(say: Speech, title: Title, services: Sequence[Service], given: int | None) -> str:
    """Return everything that is known about a title, a line each."""
    lines = [say("titles.heading", name=name(say, title), year=title.year)]
    other = title.name_en if say.language == "ko" else title.name_ko
    if other != name(say, title):
        lines.append(say("titles.other_name", name=other))
    lines.append(
        say(
            "titles.facts",
            kind=kind(say, title),
            genres=genres(say, title.genres),
            country=_countries(say, title),
            certificate=_certificate(say, title),
        )
    )
    if title.director:
        lines.append(say(f"titles.director_{title.kind}", people=_people(say, title.director)))
    if title.cast:
        lines.append(say("titles.cast", people=_people(say, title.cast)))
    if services:
        names = (service.name_ko if say.language == "ko" else service.name_en for service in services)
        lines.append(say("titles.services", services=", ".join(names)))
    if given is not None:
        lines.append("\n" + say("titles.yours", stars=say.stars(given)))
    return "\n".join(lines)


def _people(say: Speech, people: Sequence[dict[str, str]]) -> str:
    names = (shortened(person[say.language], _PERSON_LENGTH) for person in people[:_PEOPLE_SHOWN])
    return ", ".join(names)


def _countries(say: Speech, title: Title) -> str:
    territories = Locale.parse(say.language).territories
    return listed(say, [territories.get(code, code) for code in title.country])


def _certificate(say: Speech, title: Title) -> str:
    if title.certificate == "all":
        return say.plain("titles.certificate_all")
    if title.certificate in FOR_ADULTS:
        return say.plain("titles.certificate_adult")
    return say.plain("titles.certificate_age", age=title.certificate)


def to_rate(say: Speech, card: ToRate, seed: int, count: int, just_rated: tuple[Title, int] | None) -> Screen:
    """One title to rate, with the half stars at once."""
    title = card.title
    lines = [] if just_rated is None else [_confirmation(say, *just_rated) + "\n"]
    progress = say("titles.progress", done=count, goal=GOAL) if count < GOAL else say("titles.progress_on", n=count)
    lines += [
        progress + "\n",
        say("titles.heading", name=name(say, title), year=title.year),
        say("titles.asked_about", kind=kind(say, title), genres=genres(say, title.genres)),
    ]
    if title.director:
        lines.append(say(f"titles.director_{title.kind}", people=_people(say, title.director)))
    if title.cast:
        lines.append(say("titles.cast", people=_people(say, title.cast)))
    return Screen(
        "\n".join(lines),
        rows=[
            *star_rows(say, lambda halves: f"rate:{title.id}:{halves}:{card.position}:{seed}"),
            [
                Button(say.plain("titles.not_seen"), data=f"rskip:{card.position}:{seed}"),
                Button(say.plain("titles.stop"), data="rstop"),
            ],
        ],
    )


def _confirmation(say: Speech, title: Title, halves: int) -> str:
    return say("titles.just_rated", name=name(say, title), stars=say.stars(halves))


def goal_reached(say: Speech, title: Title, halves: int, position: int, seed: int) -> Screen:
    """Ten are rated: offer what they were rated for."""
    return Screen(
        f"{_confirmation(say, title, halves)}\n\n{say('titles.ten_done', goal=GOAL)}",
        rows=[
            [Button(say.plain("titles.to_recommend"), data="go:recommend")],
            [Button(say.plain("titles.go_on"), data=f"rskip:{position}:{seed}")],
        ],
    )


def stopped(say: Speech, count: int) -> Screen:
    """The person has rated enough for now."""
    text = say("titles.stopped", n=count) if count else say("titles.stopped_at_none")
    return Screen(text, rows=[[Button(say.plain("titles.to_recommend"), data="go:recommend")]])


def round_over(say: Speech) -> Screen:
    """Nothing is left to ask about."""
    return Screen(
        say("titles.round_over"),
        rows=[
            [
                Button(say.plain("titles.find_again"), data="go:find"),
                Button(say.plain("titles.to_recommend"), data="go:recommend"),
            ]
        ],
    )
