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
    return re.findall(r"^\d+\. (.+?) \(\d{4}\)", text, re.MULTILINE)


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
    await jiu.sees("검색 결과가 없어요")
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
    await jiu.sees("별점 10개를 보고 지우님께")
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


async def test_a_list_learns_is_filtered_turned_and_leaves_out_what_one_does_not_want(world: World) -> None:
    await with_titles(world)
    jiu = await world.grown_up("지우")
    await jiu.says("/recommend")
    await jiu.sees("아직 별점이 없어서")
    before = await listed(jiu)

    # seen, and rated at once: the list has learned
    await jiu.taps("1")
    await jiu.sees(f"{before[0]}")
    await jiu.taps("봤어요")
    await jiu.sees("어떻게 보셨어요")
    await jiu.taps("★ 5.0")
    await jiu.toast("★ 5.0")
    await jiu.sees("별점 1개로 골랐어요")
    after = await listed(jiu)
    assert len(before) == len(after) == 10
    assert before[0] not in after
    assert after != before[1:]

    # not interested: gone, with the way back in the same message
    await jiu.taps("2")
    await jiu.taps("관심 없어요")
    await jiu.sees(f"2. {after[1]} · 앞으로 추천하지 않을게요")
    await jiu.taps("↩ 2")
    await jiu.toast("되돌렸어요")
    assert await listed(jiu) == after
    await jiu.taps("2")
    await jiu.taps("관심 없어요")

    # the numbers behind a pick, and titles like it
    await jiu.taps("1")
    await jiu.taps("왜 추천했나요?")
    await jiu.sees("목록 점수")
    await jiu.taps("돌아가기")
    await jiu.taps("비슷한 작품")
    await jiu.sees("이 작품과 비슷해요")
    await jiu.taps("추천 목록", anywhere=True)

    # the next ten are ten others, and the first ten stay as they were
    await jiu.taps("다음 10개")
    await jiu.sees("11. ")
    assert not {*after, before[0]} & set(await listed(jiu))
    await jiu.taps("이전 10개")
    assert await listed(jiu) == [after[0], *after[2:]]

    # filters stay, and a list without what was set aside comes anew
    for label in ("필터", "분위기", "오싹한", "추천 보기"):
        await jiu.taps(label)
    await jiu.sees("🎛 오싹한")
    scary = {title.name_ko for title in TITLES if "horror" in title.genres}
    assert set(await listed(jiu)) <= scary
    await jiu.says("/recommend")
    assert set(await listed(jiu)) <= scary
    for label in ("필터", "장르", "서부", "추천 보기"):
        await jiu.taps(label)
    await jiu.sees("어떤 조건을 풀어 볼까요")
    await jiu.taps("분위기 풀기")
    await jiu.sees("🎛 서부")

    # what was set aside can be taken back from its list
    for label in ("필터", "빼 둔 작품 1개", f"↩ {after[1]}"):
        await jiu.taps(label)
    await jiu.sees("빼 둔 작품이 없어요")
    assert await world.count("set_aside") == 0


async def test_a_button_of_an_older_list_shows_the_present_one(world: World) -> None:
    await with_titles(world)
    jiu = await world.grown_up("지우")
    await jiu.says("/recommend")
    first = await listed(jiu)
    await jiu.says("/recommend")
    await jiu.sees("예상 ★")
    number = await world.scalar("SELECT round FROM browsing")
    await jiu.says("/help")  # a message of its own, so that what is drawn in its place is news
    await jiu.sees("/newparty")

    await jiu.forges(f"rec:{number - 1}:10")
    await jiu.toast("지난 목록의 버튼이에요")

    assert await listed(jiu) == first


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

    await teen.sees("검색 결과가 없어요")
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

    await jiu.sees("검색 결과가 없어요")
