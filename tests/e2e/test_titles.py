"""Finding, rating and recommending, over the stand-in's HTTP."""

from __future__ import annotations

import re
from dataclasses import asdict

from bot.sandbox.catalogue import load_titles
from bot.sandbox.chats import Phone
from core.titles import import_titles
from tests.e2e.world import World

TITLES = load_titles()


async def with_titles(world: World) -> World:
    """Put the demo's titles on the shelf; nobody has rated any."""
    async with world.demo.two.db.write() as session:
        await import_titles(session, [asdict(title) for title in TITLES], world.demo.now())
    return world


async def listed(phone: Phone) -> list[str]:
    """Return the names on the newest list of recommendations, in order."""
    text = (await phone.sees("예상 ★"))["text"]
    return [line.split(". ", 1)[1].rsplit(" (", 1)[0] for line in text.splitlines() if re.match(r"\d+\. ", line)]


async def test_a_title_is_found_rated_in_two_taps_rated_anew_and_cleared(world: World) -> None:
    await with_titles(world)
    jiu = await world.grown_up("지우")

    await jiu.says("/find 살인 의 추억")
    await jiu.sees("감독 봉준호")
    await jiu.taps("별점 주기")
    await jiu.taps("★ 4.5")
    await jiu.toast("★ 4.5")
    await jiu.sees("내 별점 ★ 4.5")

    await jiu.taps("별점 바꾸기", anywhere=True)
    await jiu.taps("★ 3.0")
    await jiu.sees("내 별점 ★ 3.0")
    assert await world.count("rating") == 1

    await jiu.taps("별점 지우기", anywhere=True)
    await jiu.toast("지웠어요")
    assert await world.count("rating") == 0


async def test_find_asks_takes_initials_and_lets_one_try_again(world: World) -> None:
    await with_titles(world)
    jiu = await world.grown_up("지우")

    await jiu.says("/find")
    await jiu.sees("어떤 작품을 찾을까요")
    await jiu.says("세상에없는작품")
    await jiu.sees("못 찾았어요")
    await jiu.says("ㅅㅇㅇ ㅊㅇ")
    await jiu.sees("Memories of Murder")

    await jiu.says("봉준호")
    await jiu.taps("‘봉준호’ 작품 찾기")
    await jiu.sees("검색 결과")
    await jiu.taps("기생충 (2019)")
    await jiu.sees("Parasite")


async def test_ten_titles_are_rated_in_a_row_and_then_the_picks_are_offered(world: World) -> None:
    await with_titles(world)
    jiu = await world.grown_up("지우")

    await jiu.says("/rate")
    await jiu.sees("0/10")
    await jiu.taps("안 봤어요")
    await jiu.sees("0/10")
    for done in range(1, 10):
        await jiu.taps("★ 4.5" if done % 2 else "★ 2.0")
        await jiu.sees(f"{done}/10")
    await jiu.taps("★ 5.0")
    await jiu.sees("10개를 다 채웠어요")
    assert await world.count("rating") == 10

    await jiu.taps("추천 받기")
    await jiu.sees("별점 10개로 고른 지우님")
    assert len(set(await listed(jiu))) == 10


async def test_tapping_the_same_star_twice_rates_one_title(world: World) -> None:
    await with_titles(world)
    jiu = await world.grown_up("지우")
    await jiu.says("/rate")
    await jiu.sees("0/10")

    await jiu.taps("★ 4.0")
    await jiu.sees("1/10")
    await jiu.taps("그만하기")

    await jiu.sees("지금까지 1개")
    assert await world.count("rating") == 1


async def test_a_rating_given_now_changes_the_list_now_and_leaves_it(world: World) -> None:
    await with_titles(world)
    jiu = await world.grown_up("지우")
    await jiu.says("/recommend")
    await jiu.sees("아직 별점이 없어서")
    before = await listed(jiu)

    await jiu.taps("1")
    await jiu.taps("별점 주기")
    await jiu.taps("★ 5.0")
    await jiu.sees("내 별점 ★ 5.0")
    await jiu.taps("다시 추천", anywhere=True)
    await jiu.sees("별점 1개로 골랐어요")
    after = await listed(jiu)

    assert len(before) == len(after) == 10
    assert before[0] not in after
    assert after != before[1:]


async def test_asking_again_without_new_ratings_shows_the_next_ten(world: World) -> None:
    await with_titles(world)
    jiu = await world.grown_up("지우")
    await jiu.says("/recommend")
    first = await listed(jiu)

    await jiu.taps("다시 추천")
    await jiu.sees("11. ")

    assert not set(first) & set(await listed(jiu))


async def test_a_teenager_neither_finds_nor_is_offered_what_is_for_adults(world: World) -> None:
    await with_titles(world)
    teen = await world.person("하늘")
    await teen.starts()
    await teen.taps("만 14~18세예요")
    await teen.sees("어떻게 불러 드릴까요")
    for_adults = {title.name_ko for title in TITLES if title.certificate in {"18", "19"}}

    await teen.says("/recommend")
    picks = await listed(teen)
    await teen.says("/find 올드보이")

    await teen.sees("못 찾았어요")
    assert len(picks) == 10
    assert not for_adults & set(picks)


async def test_english_speakers_read_english(world: World) -> None:
    await with_titles(world)
    kim = await world.grown_up("Kim", "en")

    await kim.says("/find parasite")
    await kim.sees("Directed by Bong Joon-ho")
    await kim.taps("Rate it")
    await kim.taps("★ 4.5")
    await kim.sees("Your rating ★ 4.5")
    await kim.taps("Picks for me")

    await kim.sees("for you")


async def test_without_any_titles_nothing_breaks(world: World) -> None:
    jiu = await world.grown_up("지우")

    await jiu.says("/recommend")
    await jiu.sees("더 추천할 작품이 없어요")
    await jiu.says("/rate")
    await jiu.sees("여기까지예요")
    await jiu.says("/find 기생충")

    await jiu.sees("못 찾았어요")
