"""From the held seat to the receipt, the way in, the next month, and money that comes back."""

from __future__ import annotations

from bot import journeys
from tests.e2e.world import World


async def test_a_paid_bill_brings_receipt_seat_and_news_for_the_host(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.joins("하늘", code)

    page = await world.pays(member)

    assert "4,250원" in page
    receipt = await member.sees("결제가 끝났어요", anywhere=True)
    assert "4,250원" in receipt["text"]
    await host.sees("하늘님이 결제를 마치고")
    assert await world.count("bill WHERE state = 'paid'") == 1
    assert await world.count("party WHERE state = 'active'") == 1


async def test_closing_the_payment_window_pays_nothing(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.joins("하늘", code)

    await world.pays(member, "close")

    await world.settled()
    await member.sees_no("결제가 끝났어요", anywhere=True)
    assert await world.count("bill WHERE state = 'paid'") == 0
    assert await world.count("bill WHERE state = 'open'") == 1


async def test_invited_by_extra_seat_the_checklist_goes_back_and_forth(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host, service="티빙", plan="프리미엄 + 추가 회원 3명")
    member = await world.member("하늘", code)

    await host.taps("초대 보냈어요", anywhere=True)
    await member.taps("초대를 수락했어요")
    await member.taps("이제 볼 수 있어요")

    await member.sees("준비가 끝났어요")
    await host.sees("이용을 시작했어요")


async def test_the_next_month_opens_reminds_and_is_paid(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.member("하늘", code)

    await world.days_pass(24)
    await member.sees("다음 달", anywhere=True)
    await world.days_pass(6)
    await member.sees("오늘은", anywhere=True)
    await world.pays(member)

    await host.sees("요금을 냈어요")
    assert await world.count("bill WHERE state = 'paid'") == 2
    assert await world.count("cycle") == 2


async def test_a_member_leaves_at_the_end_of_what_is_paid(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.member("하늘", code)
    await member.says("/my")
    await member.taps("넷플릭스")

    await member.taps("파티 나가기")
    await member.taps("네, 나갈게요")
    await member.sees("그 전날까지는 그대로 볼 수 있어요")
    await host.sees("나가요")
    await world.days_pass(31)

    await member.sees("이용 기간이 끝났어요")
    assert await world.count("membership WHERE state = 'left'") == 1


async def test_calling_a_party_off_pays_everything_back(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host, start="1주일 뒤")
    member = await world.member("하늘", code)
    await host.says("/my")
    await host.taps("넷플릭스")

    await host.taps("파티 취소하기")
    await host.taps("네, 취소할게요")

    await member.sees("호스트가", anywhere=True)
    await world.settled()
    await member.sees("돌려드렸어요", anywhere=True)
    assert await world.count("bill WHERE state = 'refunded'") == 1


async def test_two_due_days_without_paying_bring_one_reminder_each_kind(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    await world.member("하늘", code)

    await world.days_pass(35)

    assert await world.count("reminder WHERE state = 'sent'") == 5
