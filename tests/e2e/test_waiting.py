"""Waiting for a seat, being offered one, taking it or passing it on."""

from __future__ import annotations

from bot import journeys
from bot.sandbox.chats import Phone
from tests.e2e.world import World


async def full_party(world: World) -> tuple[Phone, Phone, str]:
    """Return the host and the only member of a party without a free seat, and its code."""
    host = await world.grown_up("민수")
    code = await journeys.open_party(host, seats=2)
    return host, await world.member("하늘", code), code


async def waits(world: World, name: str, code: str) -> Phone:
    """Let a stranger follow the link of a full party and wait."""
    phone = await world.grown_up(name)
    await phone.starts(f"p_{code}")
    await phone.sees("자리가 다 찼어요")
    await phone.taps("자리 나면 알려 주세요")
    await phone.sees("번째")
    return phone


async def leaves(member: Phone) -> None:
    """Leave at once, with the money back."""
    await member.says("/my")
    await member.taps("넷플릭스")
    await member.taps("파티 나가기")
    await member.taps("지금 바로 나가고")
    await member.sees("나왔어요")


async def test_a_free_seat_goes_to_the_first_in_line_who_takes_it(world: World) -> None:
    host, member, code = await full_party(world)
    first, second = await waits(world, "지우", code), await waits(world, "이슬", code)
    await second.says("/my")
    await second.sees("자리 기다리는 중 (2번째)")

    await leaves(member)
    await world.settled()
    await first.sees("자리가 났어요!", anywhere=True)
    await second.sees_no("자리가 났어요!", anywhere=True)
    stranger = await world.grown_up("낯선이")
    await stranger.starts(f"p_{code}")
    await stranger.sees("자리가 다 찼어요")
    await first.taps("참여할게요", anywhere=True)
    await first.sees("지금 낼 금액")
    await first.taps("규칙 확인하고 참여하기")
    await world.pays(first)

    await first.sees("결제가 끝났어요", anywhere=True)
    await host.sees("지우님이 결제를 마치고", anywhere=True)


async def test_passing_and_leaving_the_line_let_the_next_one_come(world: World) -> None:
    _, member, code = await full_party(world)
    first, second, third = [await waits(world, name, code) for name in ("하나", "두리", "세찬")]
    await second.says("/my")
    await second.taps("그만 기다리기")
    await second.sees("대기를 취소했어요")

    await leaves(member)
    await world.settled()
    await first.taps("이번에는 괜찮아요", anywhere=True)
    await first.sees("다음 분께 먼저 물어볼게요")
    await world.settled()
    await third.sees("자리가 났어요!", anywhere=True)
    await first.forges(f"take:{await world.newest('party')}")
    await first.toast("지금은 이 파티의 파티원이 아니에요. /my")
    await world.days_pass(1.01)

    await third.sees("자리를 다음 분께 넘겼어요", anywhere=True)
    await third.forges(f"pass:{await world.newest('party')}")
    await third.toast("지금은 이 파티의 파티원이 아니에요. /my")


async def test_waiting_in_english(world: World) -> None:
    _, member, code = await full_party(world)
    first = await world.grown_up("Sky", "en")
    await first.starts(f"p_{code}")
    await first.taps("Tell me when a seat is free")
    await first.sees("You are number 1 in line")

    await leaves(member)
    await world.settled()

    await first.sees("is free!", anywhere=True)
    await first.taps("I take it", anywhere=True)
    await first.sees("Netflix")
