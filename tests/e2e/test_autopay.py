"""A card on file in the chat: agreed to, registered, told of, charged, stopped in two taps."""

from __future__ import annotations

from bot import journeys
from bot.sandbox.chats import Phone
from tests.e2e.stage import teenager
from tests.e2e.world import World


async def member_with_card(world: World) -> Phone:
    """Return a member whose card pays from the next month on."""
    host = await world.grown_up("민수")
    member = await world.member("하늘", await journeys.open_party(host))
    await registers(world, member)
    return member


async def registers(world: World, member: Phone, action: str = "approve") -> str:
    """Agree to automatic payment and go through the window; return the last page's text."""
    await member.says("/autopay")
    await member.taps("동의하고 카드 등록하기")
    page = await journeys.register_card(await member.link("카드 등록하기"), world.demo.bootpay.url, action)
    await world.settled()
    return page


async def test_a_card_pays_the_next_month_by_itself(world: World) -> None:
    member = await member_with_card(world)
    await member.sees("자동결제 카드를 등록했어요", anywhere=True)
    await member.says("/autopay")
    await member.sees("하늘카드 1234 카드로 자동결제 중이에요")

    await world.days_pass(24)
    await member.sees("따로 하실 일은 없어요", anywhere=True)
    await member.says("/bills")
    await member.taps("1")
    await member.sees("등록한 카드로 자동으로 결제돼요")
    await world.days_pass(5)
    await member.sees("내일 4,250원이 자동으로 결제돼요", anywhere=True)
    assert await world.count("bill WHERE state = 'paid'") == 1
    await world.days_pass(1)

    assert await world.count("bill WHERE state = 'paid'") == 2
    assert await world.count("attempt WHERE card_id IS NOT NULL AND state = 'paid'") == 1
    await member.sees_no("오늘은", anywhere=True)
    await member.sees_no("내일은", anywhere=True)


async def test_it_is_offered_after_a_payment_and_beside_the_bills(world: World) -> None:
    host = await world.grown_up("민수")
    member = await world.member("하늘", await journeys.open_party(host))

    await member.taps("다음부터 자동으로 결제하기", anywhere=True)
    await member.sees("청구서에 적힌 금액까지만")
    await member.says("/bills")
    await member.sees("다음부터 자동으로 결제하기")

    await registers(world, member)
    await member.says("/bills")
    await member.sees_no("다음부터 자동으로 결제하기")


async def test_it_is_stopped_in_two_taps_from_the_notice_and_nothing_is_charged(world: World) -> None:
    member = await member_with_card(world)
    await world.days_pass(29)

    await member.taps("자동결제 멈추기", anywhere=True)
    await member.taps("네, 멈출게요")
    await member.sees("자동결제를 멈췄어요")
    await world.settled()
    await world.days_pass(2)

    assert await world.count("bill WHERE state = 'paid'") == 1
    assert await world.count("card WHERE state = 'revoked' AND key_sealed IS NULL") == 1
    await member.sees("하루 지났어요", anywhere=True)


async def test_a_declined_card_is_told_with_the_way_to_pay(world: World) -> None:
    member = await member_with_card(world)
    await world.days_pass(29)
    world.demo.bootpay.faults.add("*", "decline_at_confirm")
    await world.days_pass(1)

    await member.sees("카드사에서 결제를 거절했어요", anywhere=True)
    await member.sees("내일 오전 10시에 한 번 더", anywhere=True)
    await world.pays(member)

    assert await world.count("bill WHERE state = 'paid'") == 2


async def test_an_expired_card_is_told_with_the_way_to_a_new_one(world: World) -> None:
    member = await member_with_card(world)
    await world.days_pass(29)
    world.demo.bootpay.faults.add("*", "card_expired")
    await world.days_pass(1)

    await member.sees("등록한 카드를 더는 쓸 수 없어요", anywhere=True)
    await member.taps("카드 다시 등록하기", anywhere=True)
    await member.sees("동의하고 카드 등록하기")


async def test_a_closed_window_registers_nothing(world: World) -> None:
    host = await world.grown_up("민수")
    member = await world.member("하늘", await journeys.open_party(host))

    page = await registers(world, member, "close")

    assert "카드 등록창을 닫으셨어요" in page
    assert await world.count("card WHERE state = 'active'") == 0


async def test_another_card_takes_the_place_of_the_first(world: World) -> None:
    member = await member_with_card(world)
    await member.says("/autopay")
    await member.taps("다른 카드로 바꾸기")
    await member.taps("동의하고 카드 등록하기")
    await journeys.register_card(await member.link("카드 등록하기"), world.demo.bootpay.url)
    await world.settled()

    assert await world.count("card WHERE state = 'active'") == 1
    assert await world.count("card WHERE state = 'revoked'") == 1


async def test_in_english_too(world: World) -> None:
    phone = await world.grown_up("Sky", "en")

    await phone.says("/autopay")
    await phone.taps("Agree and register a card")
    page = await journeys.register_card(await phone.link("Register a card"), world.demo.bootpay.url)
    await world.settled()

    assert "Your card is registered" in page
    await phone.sees("Your card for automatic payment", anywhere=True)
    await phone.says("/autopay")
    await phone.taps("Stop automatic payment")
    await phone.taps("Yes, stop")
    await phone.sees("Automatic payment is off")


async def test_a_teenager_is_not_offered_it(world: World) -> None:
    teen = await teenager(world)

    await teen.says("/autopay")

    await teen.sees("만 19세부터예요")
    assert await world.count("card") == 0
