"""A month that somebody does not pay, as chats: reminded, put off, warned, suspended, freed; what the host can do."""

from __future__ import annotations

from bot import journeys
from bot.sandbox.chats import Phone
from tests.e2e.world import World

REMINDED, OVERDUE, WARNED, SUSPENDED = 27, 31, 33, 34


async def party_of_three(world: World) -> tuple[Phone, Phone, Phone]:
    """Return a host and two members who have paid the first month."""
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    return host, await world.member("하늘", code), await world.member("바다", code)


async def test_who_does_not_pay_is_warned_suspended_and_freed(world: World) -> None:
    host, late, other = await party_of_three(world)
    await world.days_pass(30)
    await world.pays(other)

    await world.days_pass(WARNED - 30)
    warned = await late.sees("까지 결제하지 않으면 이용이 멈춰요", anywhere=True)
    assert "12월 27일 (일) 오전 10:00" in warned["text"]
    await host.sees("하늘님이", anywhere=True)
    await world.days_pass(1)
    await late.sees("이용이 멈췄어요", anywhere=True)
    await host.sees("⏸ 하늘님의", anywhere=True)
    await late.says("/my")
    await late.taps("넷플릭스")
    await late.sees("이용이 멈춰 있어요")
    await late.forges(f"access:{await world.newest('party')}")
    await late.toast("이용이 멈춰 있어요")
    await world.days_pass(3)
    await late.sees("마지막 안내예요", anywhere=True)
    await world.days_pass(1)

    await late.sees("자리가 비워졌어요", anywhere=True)
    await host.sees("하늘님의 넷플릭스 프리미엄 자리가 비워졌어요", anywhere=True)
    assert await world.count("membership WHERE state = 'removed'") == 1
    for shown in await other.reads():
        assert "일시 정지" not in shown["text"]
        assert "하늘님이 넷플릭스 프리미엄 요금" not in shown["text"]


async def test_a_suspended_member_reads_the_room_and_writes_again_as_soon_as_they_have_paid(world: World) -> None:
    host, late, other = await party_of_three(world)
    await late.says("/room")
    await late.sees("대화방에 들어왔어요")
    await world.days_pass(30)
    await world.pays(other)
    await world.days_pass(SUSPENDED - 30)
    await late.sees("이용이 멈췄어요", anywhere=True)
    await host.sees("⏸ 일시 정지", anywhere=True)

    await late.says("안녕하세요")
    await late.sees("결제하면 바로 다시 쓸 수 있어요")
    await other.sees_no("안녕하세요", anywhere=True)
    await other.says("/room")
    await other.sees("대화방에 들어왔어요")
    await other.says("오늘 뭐 볼까요?")
    await late.sees("오늘 뭐 볼까요?", anywhere=True)
    await late.forges(f"room:{await world.newest('party')}")
    await late.toast("이용이 멈춰 있어요")
    await world.pays(late)

    await late.sees("이제 다시 볼 수 있어요", anywhere=True)
    await late.says("돌아왔어요")
    await other.sees("돌아왔어요", anywhere=True)


async def test_a_reminder_is_put_off_in_one_tap_at_most_twice_and_never_after_paying(world: World) -> None:
    _, late, _ = await party_of_three(world)
    await world.days_pass(REMINDED)
    await late.sees("결제일이 3일 남았어요", anywhere=True)
    bill = await world.newest("bill") - 1  # the other member's was opened after it

    await late.taps("3시간 뒤에", anywhere=True)
    await late.toast("12월 20일 (일) 오후 3:00에 다시 알려 드릴게요.")
    await late.forges(f"snooze:{bill}:1:3h")
    await late.toast("이미 쓴 버튼이에요.")
    await world.days_pass(0.5)
    await late.taps("내일 아침에", anywhere=True)
    await late.toast("12월 21일 (월) 오전 10:00에 다시 알려 드릴게요.")
    await world.days_pass(0.5)

    last = (await late.reads())[-1]
    assert "결제일이 2일 남았어요" in last["text"]
    assert "3시간 뒤에" not in str(last["inline_keyboard"])
    await world.pays(late)
    await late.forges(f"snooze:{bill}:2:am")
    await late.toast("이미 처리된 결제예요.")


async def test_the_host_waits_reminds_and_frees_the_seat_of_somebody_who_reads_english(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    late = await world.grown_up("Sky", "en")
    await late.starts(f"p_{code}")
    await late.taps("join")
    await journeys.pay(await late.link("Pay", anywhere=True), world.demo.bootpay.url)
    await world.days_pass(OVERDUE)
    await late.sees("was due yesterday", anywhere=True)
    await host.sees("Sky님이", anywhere=True)

    await host.taps("지금 알림 보내기", anywhere=True)
    await host.toast("알림을 보냈어요.")
    await late.sees("Your host is waiting for your payment.", anywhere=True)
    await host.taps("지금 알림 보내기", anywhere=True)
    await host.toast("오늘은 이미 알려 드렸어요.")
    await host.forges(f"latefree:{await world.newest('bill')}")
    await host.toast("오래된 버튼이에요.")
    await host.taps("3일 더 기다릴게요", anywhere=True)
    await host.toast("까지 기다릴게요.")
    await late.sees("Your host gives you more time", anywhere=True)
    await world.days_pass(SUSPENDED - OVERDUE + 3)
    await late.sees("your access stops", anywhere=True)
    await late.sees("has stopped as the payment is late", anywhere=True)
    await host.taps("자리 비우기", anywhere=True)
    await host.taps("네, 비울게요")

    await host.sees("자리가 비워졌어요")
    await late.sees("your seat was freed", anywhere=True)


async def test_the_room_hears_of_one_late_payment_when_its_member_blocked_the_bot(world: World) -> None:
    host, late, other = await party_of_three(world)
    await late.blocks()

    await world.days_pass(WARNED)

    await host.sees("하늘님께 메시지가 닿지 않아요", anywhere=True)
    shown = await other.sees("한 분의 결제가 늦어지고 있어요", anywhere=True)
    assert "하늘" not in shown["text"]
    await host.forges(f"latenudge:{await world.newest('bill') - 1}")  # the other member's was opened after it
    await host.toast("하늘님께 메시지가 닿지 않아요")
