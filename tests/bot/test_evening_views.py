"""A room's evening as screens: within Telegram's limits, true, and no button for who may not use it."""

from __future__ import annotations

import pytest

from bot.evenings import Scene
from bot.recommending import RoomPick, Together
from bot.screen import Screen
from bot.texts import SPEECH, Speech
from bot.views import evenings as views
from core.people import AgeBand, Person
from core.rooms import Companion, Door, Evening, Room, Subject
from core.titles import Title
from tests.bot.titles_shown import KO, LARGEST_ID, LONG, NASTY, text_of, title

SUBJECT = Subject(LARGEST_ID, "🔴", "넷플릭스", "Netflix", "프리미엄", "Premium")


def person(number: int, nickname: str | None) -> Person:
    return Person(id=number, nickname=nickname, language="ko", age_band=AgeBand.ADULT, genres=[])


HANEUL, BADA, MINSU = person(1, "하늘"), person(2, "바다"), person(3, "민수")
PICKS = [RoomPick(title(id=n), (4.24, 3.86), (0.9, 0.4)) for n in (11, 12)]


def scene(
    watching: list[Person],
    picks: list[RoomPick],
    *,
    company: list[Companion] | None = None,
    counted_more: tuple[float, ...] | None = None,
    vetoed: dict[int, int] | None = None,
    is_open: bool = True,
    picked: Title | None = None,
) -> Scene:
    return Scene(
        evening=Evening(id=LARGEST_ID),
        is_open=is_open,
        subject=SUBJECT,
        company=company or [Companion(one, agreed=True, watches=True) for one in watching],
        watching=watching,
        together=Together(picks, counted_more or (0.0,) * len(watching)),
        vetoed=vetoed or {},
        title=picked,
    )


def data_of(screen: Screen) -> list[str | None]:
    return [button.data for row in screen.rows for button in row]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_screen_stays_within_telegrams_limits_with_ten_nasty_people(language: str) -> None:
    say: Speech = SPEECH[language]
    people = [person(LARGEST_ID - n, (NASTY * 2)[:20] if n else None) for n in range(10)]
    picks = [RoomPick(LONG, (4.24,) * 10, (0.5,) * 10)] * 5
    crowded = scene(people, picks, counted_more=(1.0,) * 10, vetoed={one.id: 99 for one in people})
    door = Door(Room(id=1), SUBJECT, inside=False)

    for screen in (
        views.evening(say, crowded, people[0]),
        views.evening(say, scene([], [], company=[Companion(one, False, False) for one in people]), people[0]),
        views.evening(say, scene(people, []), people[0]),
        views.evening(say, scene(people, [], is_open=False, picked=LONG), people[0]),
        views.settled(say, scene(people, [], is_open=False, picked=LONG)),
        views.evening(say, scene(people, [], is_open=False), people[0]),
        views.ask(say, LARGEST_ID),
        views.ask_to_join(say, LARGEST_ID),
        views.no_room(say),
        views.choose(say, [door] * 3),
        views.visibility(say, shown=True),
        views.visibility(say, shown=False),
    ):
        assert text_of(screen)
        assert len(screen.rows) <= 10


def test_a_line_per_title_with_everybodys_stars_in_their_order() -> None:
    screen = views.evening(KO, scene([HANEUL, BADA], PICKS, counted_more=(0.4, 0.0), vetoed={2: 3}), HANEUL)

    assert text_of(screen).splitlines() == [
        "🍿 오늘 같이 볼 작품 · 🔴 넷플릭스 프리미엄",
        "👥 같이 보는 사람: 하늘, 바다",
        "⚖️ 지난번에 양보한 하늘님 취향을 더 반영했어요.",
        "🙅 오늘 뺀 작품 3개 (바다 3)",
        "",
        "1. 무제 (2010) · 영화",
        "하늘 4.2 · 바다 3.9",
        "",
        "2. 무제 (2010) · 영화",
        "하늘 4.2 · 바다 3.9",
        "",
        "✅ 오늘은 이걸로  🙅 이건 빼 주세요",
    ]
    assert data_of(screen)[:4] == [
        f"eveok:{LARGEST_ID}:11",
        f"eveok:{LARGEST_ID}:12",
        f"eveno:{LARGEST_ID}:11",
        f"eveno:{LARGEST_ID}:12",
    ]


def test_only_who_watches_may_pick_and_only_who_vetoed_may_take_that_back() -> None:
    company = [Companion(HANEUL, True, True), Companion(BADA, True, True), Companion(MINSU, True, False)]
    now = scene([HANEUL, BADA], PICKS, company=company, vetoed={2: 1})

    of_haneul, of_bada, of_minsu = (data_of(views.evening(KO, now, reader)) for reader in (HANEUL, BADA, MINSU))

    assert f"eveundo:{LARGEST_ID}" in of_bada
    assert f"eveundo:{LARGEST_ID}" not in of_haneul
    assert not [one for one in of_minsu if one and one.startswith(("eveok", "eveno"))]
    assert f"evein:{LARGEST_ID}:3:1" in of_minsu
    assert f"evein:{LARGEST_ID}:1:0" in of_minsu


def test_who_has_not_agreed_is_marked_so() -> None:
    company = [Companion(HANEUL, True, True), Companion(BADA, False, False), Companion(MINSU, True, False)]

    screen = views.evening(KO, scene([HANEUL], [RoomPick(title(), (4.0,), (1.0,))], company=company), HANEUL)

    labels = [button.text for row in screen.rows for button in row]
    assert [label for label in labels if label.split(" (")[0].strip("✓ ") in {"하늘", "바다", "민수"}] == [
        "✓ 하늘",
        "바다 (아직)",
        "민수",
    ]


def test_what_was_picked_stays_without_anything_to_tap_but_the_title() -> None:
    screen = views.evening(KO, scene([HANEUL, BADA], [], is_open=False, picked=title(id=7)), BADA)

    assert text_of(screen).splitlines() == ["🎬 오늘은 이걸로! 무제 (2010)", "👥 하늘, 바다"]
    assert data_of(screen) == ["title:7"]
