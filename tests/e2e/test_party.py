"""Opening a party, sharing it, joining up to the held seat."""

from __future__ import annotations

from bot import journeys
from bot.sandbox.chats import Phone
from tests.e2e.world import World


async def test_a_party_is_opened_in_six_taps_and_shared(world: World) -> None:
    host = await world.grown_up("민수")

    code = await journeys.open_party(host)

    card = await host.sees("같이 볼 사람 구해요")
    assert "4,250원" in card["text"]
    assert f"?start=p_{code}" in card["text"]


async def test_a_stranger_joins_by_the_link_in_three_taps(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.person("하늘")

    await member.starts(f"p_{code}")
    await member.taps("만 19세 이상이에요")
    offer = await member.sees("지금 낼 금액")
    assert "4,250원" in offer["text"]
    await member.taps("참여하기")

    held = await member.sees("자리를 맡아 뒀어요")
    assert "4,250원" in held["text"]
    assert (await member.link("결제하기")).startswith("http://127.0.0.1")


async def test_a_held_seat_is_freed_when_its_time_is_over(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.joins("하늘", code)

    await world.days_pass(1 / 24)

    await member.sees("자리가 비워졌어요")
    assert await world.count("membership WHERE state = 'reserved'") == 0
    again: Phone = await world.joins("바다", code)
    await again.sees("자리를 맡아 뒀어요", anywhere=True)


async def test_a_party_that_fills_while_you_press_join_says_so(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host, seats=2)
    slow = await world.person("지우")
    await slow.starts(f"p_{code}")
    await slow.taps("만 19세 이상이에요")
    await slow.sees("지금 낼 금액")
    await world.joins("하늘", code)

    await slow.taps("참여하기", anywhere=True)

    assert "자리가 다 찼어요" in await slow.toast()


async def test_a_price_that_changed_under_the_button_is_drawn_anew(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.person("하늘")
    await member.starts(f"p_{code}")
    await member.taps("만 19세 이상이에요")
    await member.sees("지금 낼 금액")

    await world.days_pass(10)
    await member.taps("참여하기", anywhere=True)

    assert "오래된 버튼" in await member.toast()
    assert await world.count("membership") == 1


async def test_giving_a_held_seat_up_frees_it(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.joins("하늘", code)

    await member.taps("참여 그만두기", anywhere=True)

    await member.sees("자리를 취소했어요")
    assert await world.count("bill WHERE state = 'void'") == 1


async def test_a_party_that_nobody_joined_is_called_off(world: World) -> None:
    host = await world.grown_up("민수")
    await journeys.open_party(host)

    await world.days_pass(16)

    await host.sees("파티를 닫았어요")


async def test_the_host_calls_a_recruiting_party_off(world: World) -> None:
    host = await world.grown_up("민수")
    await journeys.open_party(host)
    await host.says("/my")
    await host.taps("넷플릭스")

    await host.taps("파티 취소하기")
    await host.taps("네, 취소할게요")

    await host.sees("파티를 취소했어요")
