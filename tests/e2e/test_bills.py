"""Bills in the chat: pages, receipts, why an amount is what it is, and help when money looks wrong."""

from __future__ import annotations

from bot import journeys
from core.people import find_person
from tests import builders
from tests.e2e.world import World


async def test_a_bill_is_explained_line_by_line(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host, seats=3)
    await world.days_pass(10)
    member = await world.member("하늘", code)

    await member.taps("왜 이 금액인가요?", anywhere=True)

    told = (await member.sees("왜 3,778원인가요?"))["text"]
    for line in ("17,000원 ÷ 3명 = 5,666원", "2021년 11월 18일부터", "+ 1원", "− 1,889원", "= 3,778원"):
        assert line in told
    assert "TWO가 맡아 두었다가 12월 23일 (수)" in told
    await member.says("/why")
    await member.sees("왜 3,778원인가요?")


async def test_why_without_a_bill_says_so(world: World) -> None:
    someone = await world.grown_up("하늘")

    await someone.says("/why")

    await someone.sees("아직 결제 내역이 없어요")


async def test_a_bill_opens_with_its_receipt_and_goes_back_to_the_list(world: World) -> None:
    host = await world.grown_up("민수")
    member = await world.member("하늘", await journeys.open_party(host))

    await member.says("/bills")
    await member.sees("번호를 누르면")
    await member.taps("1")

    shown = await member.sees("결제 시각")
    assert "결제 완료" in shown["text"]
    assert (await member.link("결제 영수증 보기")).startswith("http")
    await member.taps("결제 내역으로")
    await member.sees("번호를 누르면")


async def test_many_bills_come_in_pages(world: World) -> None:
    host, member = await world.grown_up("민수"), await world.grown_up("하늘")
    db, clock = world.demo.two.db, world.demo.clock
    async with db.read() as session:
        owner, payer = await find_person(session, host.id), await find_person(session, member.id)
    for _ in range(6):
        await builders.joins(db, clock, await builders.party(db, clock, owner), payer)

    await member.says("/bills")
    await member.taps("이전 내역 →")
    shown = await member.sees("← 최근 내역")
    assert "2." not in shown["text"]
    await member.taps("← 최근 내역")
    shown = await member.sees("이전 내역 →")
    assert "5." in shown["text"]


async def test_a_payment_that_nobody_confirmed_is_looked_for_on_demand(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.joins("하늘", code)
    world.demo.bootpay.faults.add("*", "confirm_critical")
    await world.pays(member)

    await member.says("/paysupport")
    shown = await member.sees("결제에 문제가 있나요?")
    assert "결제 확인 중" in shown["text"]
    assert "통신판매중개자" in shown["text"]
    await member.taps("다시 확인하기")
    await member.toast("결제사에 다시 물어보고 있어요")

    await world.days_pass(1 / 96)
    await member.sees("결제가 끝났어요", anywhere=True)
    assert await world.count("bill WHERE state = 'paid'") == 1


async def test_in_english_help_with_a_payment_and_the_reasons_of_a_bill(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.grown_up("Sky", "en")
    await member.starts(f"p_{code}")
    await member.taps("join")
    await member.sees("Pay until", anywhere=True)

    await member.says("/why")
    told = (await member.sees("Why ₩4,250?"))["text"]
    assert "₩17,000 a month ÷ 4 people = ₩4,250" in told
    await member.says("/paysupport")
    await member.sees("Something wrong with a payment?")


async def test_a_month_comes_as_a_file_and_leaves_no_trace_in_the_outbox(world: World) -> None:
    host = await world.grown_up("민수")
    member = await world.member("하늘", await journeys.open_party(host))

    await member.says("/statement")
    await member.taps("2026년 11월")

    shown = await member.sees("1건 · 합계 -4,250원")
    assert shown["document_url"]
    await world.settled()
    assert await world.count("outbox WHERE name = 'statement.ready' AND state = 'sent'") == 1
    assert await world.count("outbox WHERE name = 'statement.ready' AND CAST(data AS CHAR) LIKE '%2026%'") == 0


async def test_without_any_money_there_is_no_file(world: World) -> None:
    someone = await world.grown_up("하늘")

    await someone.says("/statement")

    await someone.sees("보내 드릴 내역이 없어요")
