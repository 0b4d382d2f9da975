"""One title of the list as a screen: what it is, why it is there, and what one may say to it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.recommending import Suggestion
from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.recommend import reason
from bot.views.titles import described, name, star_rows
from core.catalogue import Service
from core.titles import Title


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
            _to_list(say, place),
        ],
    )


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
