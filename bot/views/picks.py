"""One title of the list as a screen: what it is, why it is there, and what one may say to it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.recommending import Explanation, Suggestion
from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.recommend import in_words, reason
from bot.views.titles import described, label, name, shortened, star_rows
from core.catalogue import Service
from core.titles import Title
from recommender import Explained, Similar

_NAME_LENGTH, _QUOTED_LENGTH = 48, 28
# Stars are shown to the hundredth; what rounds to nothing there is no part of the sum.
_WORTH_TELLING = 0.005


def _carried(place: tuple[int, int]) -> str:
    return f"{place[0]}:{place[1]}"


def _to_list(say: Speech, place: tuple[int, int]) -> list[Button]:
    return [Button(say.plain("recommend.to_list"), data=f"rec:{_carried(place)}")]


def card(say: Speech, one: Suggestion, services: Sequence[Service], place: tuple[int, int]) -> Screen:
    """A title of the list; `place` is the round and the page to go back to."""
    title, carried = one.title, _carried(place)
    expected = say("recommend.expected", stars=f"{one.stars:.1f}")
    return Screen(
        f"{described(say, title, services, None)}\n\n{expected}\n{reason(say, one)}",
        rows=[
            [
                Button(say.plain("recommend.seen"), data=f"pseen:{title.id}:{carried}"),
                Button(say.plain("recommend.not_interested"), data=f"paside:{title.id}:no:{carried}"),
            ],
            [
                Button(say.plain("recommend.why"), data=f"pwhy:{title.id}:{carried}"),
                Button(say.plain("titles.similar"), data=f"tsim:{title.id}"),
            ],
            _to_list(say, place),
        ],
    )


def numbers(say: Speech, one: Explanation, place: tuple[int, int]) -> Screen:
    """The numbers behind a pick: its stars and its place in the list, each as a sum, and what is known of it."""
    title, told = one.title, one.numbers
    back = Button(say.plain("titles.back"), data=f"pick:{title.id}:{_carried(place)}")
    return Screen(
        "\n\n".join(
            "\n".join(block)
            for block in (
                [say("recommend.why_heading", name=shortened(name(say, title), _NAME_LENGTH))],
                _stars_added_up(say, told),
                _score_added_up(say, told),
                _moved(say, one),
                _known(say, one),
            )
            if block
        ),
        rows=[[back], _to_list(say, place)],
    )


def _stars_added_up(say: Speech, told: Explained) -> list[str]:
    terms = {
        "everybody": told.star_terms["everybody"],
        "title": told.star_terms["title"],
        "you": told.star_terms["you"],
        # what people with a taste like yours gave, whichever part of the blend heard it
        "people": sum(told.star_terms.get(part, 0.0) for part in ("factors", "neighbours", "linked")),
        "taste": told.star_terms["taste"],
    }
    lines = [
        say(f"recommend.star_{term}", value=f"{value:.2f}" if term == "everybody" else f"{value:+.2f}")
        for term, value in terms.items()
        if term == "everybody" or abs(value) >= _WORTH_TELLING
    ]
    return [say("recommend.why_stars", stars=f"{told.stars:.1f}"), *lines]


def _score_added_up(say: Speech, told: Explained) -> list[str]:
    strongest = sorted(told.score_terms.items(), key=lambda term: -abs(term[1]))
    lines = [say(f"recommend.score_{term}", value=f"{round(value):+,}") for term, value in strongest if round(value)]
    return [say("recommend.why_score", score=f"{round(told.score):+,}"), *lines]


def _moved(say: Speech, one: Explanation) -> list[str]:
    lines = [
        say(
            "recommend.moved",
            name=shortened(name(say, one.named[moved.title_id]), _QUOTED_LENGTH),
            stars=f"{moved.given:.1f}",
            value=f"{round(moved.score):+,}",
        )
        for moved in one.numbers.ratings
        if moved.title_id in one.named and round(moved.score)
    ]
    return [say("recommend.why_ratings"), *lines] if lines else [say("recommend.why_no_ratings")]


def _known(say: Speech, one: Explanation) -> list[str]:
    title = one.title
    here = say("recommend.known_here", n=one.rated_by)
    outside = say("recommend.known_outside", vote=f"{title.vote_tenths / 10:.1f}", n=f"{title.votes:,}")
    return [say("recommend.why_known"), here, outside]


def similar(say: Speech, title: Title, found: Sequence[tuple[Title, Similar]]) -> Screen:
    """Titles like this one, each with what they have in common."""
    heading = shortened(name(say, title), _NAME_LENGTH)
    if not found:
        return Screen(say("titles.similar_none", name=heading))
    lines = [
        say(
            "titles.similar_line",
            name=shortened(name(say, other), _NAME_LENGTH),
            year=other.year,
            common=_common(say, other, one),
        )
        for other, one in found
    ]
    rows = [[Button(label(say, other), data=f"title:{other.id}")] for other, _ in found]
    return Screen("\n".join([say("titles.similar_to", name=heading), "", *lines]), rows=rows)


def _common(say: Speech, other: Title, one: Similar) -> str:
    # What both are says more than that the same people liked them, which is so for most of them.
    return in_words(say, other, [*one.people[:2], *one.genres[:2]]) or say.plain("titles.similar_by_viewers")


def how_was_it(say: Speech, title: Title, place: tuple[int, int]) -> Screen:
    """The half stars for what somebody has seen, or none."""
    carried = _carried(place)
    return Screen(
        say("recommend.how_was_it", name=name(say, title)),
        rows=[
            *star_rows(say, lambda halves: f"pgive:{title.id}:{halves}:{carried}"),
            [Button(say.plain("recommend.seen_only"), data=f"paside:{title.id}:seen:{carried}")],
            _to_list(say, place),
        ],
    )
