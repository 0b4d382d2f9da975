"""Getting to know each other, over the stand-in's HTTP."""

from __future__ import annotations

from tests.e2e.world import World


async def test_nothing_is_kept_before_consent(world: World) -> None:
    minsu = await world.person("민수")

    await minsu.starts()

    await minsu.sees("TWO")
    assert await world.count("person") == 0
    assert await world.count("outbox") == 0


async def test_a_newcomer_gets_acquainted_and_may_skip_every_step(world: World) -> None:
    minsu = await world.person("민수")
    await minsu.starts()

    await minsu.taps("만 19세 이상이에요")
    await minsu.sees("어떻게 불러 드릴까요")
    await minsu.says("영화왕 민수")
    await minsu.sees("영화왕 민수")
    await minsu.taps("이 그림으로 할게요")
    await minsu.taps("드라마")
    await minsu.taps("다 골랐어요")

    await minsu.sees("준비 끝!")


async def test_a_teen_may_use_it_but_not_host(world: World) -> None:
    young = await world.person("하늘")
    await young.starts()
    await young.taps("만 14~18세예요")

    await young.says("/newparty")

    await young.sees("만 19세부터예요")


async def test_english_by_the_persons_language_and_changeable(world: World) -> None:
    kim = await world.person("Kim", "en")
    await kim.starts()
    await kim.taps("I'm 19 or older")
    await kim.sees("What should we call you")

    await kim.says("/settings")
    await kim.taps("한국어")

    await kim.sees("설정")
