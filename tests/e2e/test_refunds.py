"""Money that comes back, as people see it: changing one's mind, a party that ends, the way of a refund."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from bot import journeys
from bot.sandbox.chats import Phone
from core import flows
from core.billing import Bill
from tests.e2e.world import World


async def party_screen(phone: Phone) -> None:
    await phone.says("/my")
    await phone.taps("넷플릭스")


async def test_a_member_changes_their_mind_and_gets_everything_back(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.member("하늘", code)
    await party_screen(member)

    await member.taps("파티 나가기")
    offer = await member.sees("돌려받을 수도 있어요")
    assert "30일 · 4,250원" in offer["text"]
    await member.taps("지금 바로 나가고 4,250원 돌려받기")

    await member.sees("파티에서 나왔어요", anywhere=True)
    await host.sees("나갔어요", anywhere=True)
    await world.settled()
    news = await member.sees("돌려드렸어요", anywhere=True)
    assert "4,250원" in news["text"]
    assert await world.count("membership WHERE state = 'left'") == 1
    assert await world.count("bill WHERE state = 'refunded'") == 1
    await member.says("/bills")
    await member.taps("1")
    await member.taps("환불 진행 보기")
    way = await member.sees("환불 접수")
    assert "결제 취소 완료" in way["text"]


async def test_who_has_watched_pays_for_the_days_until_today(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host, service="티빙", plan="프리미엄 + 추가 회원 3명")
    member = await world.member("하늘", code)
    await host.taps("초대 보냈어요", anywhere=True)
    await world.days_pass(2)
    await member.says("/my")
    await member.taps("티빙")

    await member.taps("파티 나가기")
    offer = await member.sees("돌려받을 수도 있어요")
    assert "27일 · 7,200원" in offer["text"]
    await member.taps("지금 바로 나가고 7,200원 돌려받기")

    await world.settled()
    assert "3~5영업일" in (await member.sees("돌려드렸어요", anywhere=True))["text"]
    assert await world.count("bill WHERE refunded_won = 7200") == 1


async def test_after_a_week_only_leaving_is_offered(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.member("하늘", code)
    await party_screen(member)
    await member.taps("파티 나가기")
    await member.sees("돌려받을 수도 있어요")
    await world.days_pass(9)

    await member.taps("지금 바로 나가고", anywhere=True)

    assert "오래된 버튼" in await member.toast()
    assert await world.count("refund") == 0
    await party_screen(member)
    await member.taps("파티 나가기")
    await member.sees("파티를 나갈까요")
    await member.sees_no("돌려받을 수도 있어요")


async def test_a_party_ends_with_its_period(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.member("하늘", code)
    await party_screen(host)

    await host.taps("파티 끝내기")
    await host.sees("언제 끝낼까요")
    await host.taps("12월 23일 (수)에 끝내기")

    await host.sees("에 끝나요")
    await member.sees("에 끝내기로 했어요", anywhere=True)
    stranger = await world.person("바다")
    await stranger.starts(f"p_{code}")
    await stranger.taps("만 19세 이상이에요")
    await stranger.sees("더 이상 파티원을 받지 않아요")
    await world.days_pass(31)
    await member.sees("파티가 끝났어요", anywhere=True)
    await member.sees_no("다음 달", anywhere=True)
    assert await world.count("party WHERE state = 'ended'") == 1
    assert await world.count("refund") == 0


async def test_a_party_ends_at_once_and_everybody_gets_their_days(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    members = [await world.member(name, code) for name in ("하늘", "바다")]
    await world.days_pass(10)
    await party_screen(host)

    await host.taps("파티 끝내기")
    await host.taps("지금 바로 끝내기")
    seen = await host.sees("지금 끝낼까요")
    assert "5,668원" in seen["text"]
    assert seen["text"].count("20일 · 2,834원") == 2
    await host.taps("네, 지금 끝낼게요")

    await host.sees("파티를 끝냈어요", anywhere=True)
    await world.settled()
    for phone in members:
        await phone.sees("오늘 끝냈어요", anywhere=True)
        assert "2,834원" in (await phone.sees("돌려드렸어요", anywhere=True))["text"]
    assert await world.count("party WHERE state = 'ended'") == 1
    assert await world.count("bill WHERE refunded_won = 2834") == 2


async def test_a_host_reads_that_money_went_back_elsewhere(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.member("하늘", code)
    (receipt,) = world.demo.bootpay.receipts()
    world.demo.bootpay.cancel_in_admin(receipt["receipt_id"])

    await world.days_pass(2)

    await member.sees("결제사에서 결제가 취소됐어요", anywhere=True)
    assert "4,250원" in (await host.sees("하늘님의 요금", anywhere=True))["text"]


async def test_in_english_a_small_refund_comes_off_the_next_payment(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.person("Ada", "en")
    await member.starts(f"p_{code}")
    await member.taps("I'm 19 or older")
    await member.taps("join for")
    await journeys.pay(await member.link("Pay", anywhere=True), world.demo.bootpay.url)
    await member.sees("Payment", anywhere=True)
    await world.days_pass(3)

    await claim_is_upheld(world)

    await member.sees("Ada gets ₩425 back", anywhere=True)
    assert "₩425" in (await member.sees("taken off your next payment", anywhere=True))["text"]
    await host.sees("425원을 돌려드려요", anywhere=True)
    await world.days_pass(22)
    assert "3,825" in (await member.sees("is open", anywhere=True))["text"]


async def claim_is_upheld(world: World) -> None:
    """Let the only member have had no access for three days, as an operator finds."""
    db, now, limits = world.demo.two.db, world.demo.now(), world.demo.two.settings.limits
    async with db.read() as session:
        bill = (await session.scalars(select(Bill))).one()
    claim = await db.transact(flows.open_claim, bill.party_id, bill.person_id, bill.serves_from, now)
    fourth = bill.serves_from + timedelta(days=3)
    await db.transact(flows.resolve_claim, claim.id, "mina", now, limits, upheld=True, works_since=fourth)
    await world.settled()
