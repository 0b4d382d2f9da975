"""A new price in the chat: the host proposes, members answer, and silence is no consent."""

from __future__ import annotations

from bot import journeys
from bot.sandbox.chats import Phone
from tests.e2e.world import World


async def _proposes(host: Phone, words: str, *, says_yes: str = "네, 파티원에게 물어볼게요") -> None:
    await host.says("/my")
    await host.taps("넷플릭스")
    await host.taps("요금이 바뀌었어요")
    await host.sees("지금 월 요금은 17,000원")
    await host.says(words)
    await host.taps(says_yes)


async def test_who_agrees_stays_and_who_says_nothing_leaves_without_being_charged(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    willing, silent = [await world.member(name, code) for name in ("하늘", "바다")]

    await _proposes(host, "19,000원")
    await host.sees("⏳ 하늘 · 답이 없어요")
    asked = (await willing.sees("동의하시나요?", anywhere=True))["text"]
    for told in (
        "월 요금 17,000원 → 19,000원",
        "내 금액 4,250원 → 4,750원",
        "12월 23일 (수)",
        "12월 15일 (화)까지",
        "파티 나가기",
    ):
        assert told in asked
    await willing.taps("동의해요", anywhere=True)
    await willing.sees("새 요금에 동의하셨어요")
    await world.days_pass(22)
    await silent.sees("아직 답하지 않으셨어요", anywhere=True)
    await willing.sees_no("아직 답하지 않으셨어요", anywhere=True)
    await world.days_pass(2)

    await silent.sees("새 요금에 답이 없어서", anywhere=True)
    told = (await host.sees("✅ 하늘 · 동의했어요", anywhere=True))["text"]
    assert "⏳ 바다 · 답이 없어요" in told
    opened = await willing.sees("요금이 나왔어요", anywhere=True)
    assert "4,750원" in opened["text"]
    await silent.sees_no("요금이 나왔어요", anywhere=True)
    await silent.taps("동의해요", anywhere=True)
    await silent.toast("새 요금을 정하는 시간이 지났거나")
    await silent.says("/my")
    await silent.taps("넷플릭스")
    await silent.sees("월 17,000원, 12월 23일 (수)부터 19,000원")
    await silent.taps("계속 있을래요")
    await silent.toast("새 요금에 동의하지 않아서 되돌릴 수 없어요")
    await world.days_pass(8)
    await silent.sees("이용 기간이 끝났어요", anywhere=True)
    assert await world.count("bill") == 3


async def test_one_changes_ones_mind_and_the_host_takes_the_price_back(world: World) -> None:
    host = await world.grown_up("민수")
    member = await world.member("하늘", await journeys.open_party(host))
    await _proposes(host, "19000")

    await member.taps("동의하지 않아요", anywhere=True)
    await member.sees("더 결제되는 금액은 없어요")
    await member.taps("다시 생각했어요")
    await member.sees("동의하셨어요")
    await host.taps("요금 변경 취소하기")

    await host.sees("17,000원 그대로예요")
    await member.sees("그대로예요", anywhere=True)


async def test_who_joins_while_a_price_is_asked_sees_both_amounts(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    await world.member("하늘", code)
    await _proposes(host, "19000")

    late = await world.person("지우")
    await late.starts(f"p_{code}")
    await late.taps("만 19세 이상이에요")
    offer = (await late.sees("지금 낼 금액"))["text"]
    assert "지금 낼 금액 4,250원" in offer
    assert "월 요금은 19,000원, 내 금액은 4,750원" in offer
    await late.taps("참여하기")
    await late.sees("자리를 맡아 뒀어요! ")


async def test_a_lower_price_is_told_and_asks_nobody(world: World) -> None:
    host = await world.grown_up("민수")
    member = await world.member("하늘", await journeys.open_party(host))

    await _proposes(host, "₩15,000", says_yes="네, 내릴게요")

    told = await member.sees("요금이 내려가요", anywhere=True)
    assert "4,250원 → 3,750원" in told["text"]


async def test_a_member_is_asked_in_english(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.grown_up("Sky", "en")
    await member.starts(f"p_{code}")
    await member.taps("join for")
    link = await member.link("Pay ₩4,250")
    await journeys.pay(link, world.demo.bootpay.url)
    await member.sees("Paid", anywhere=True)
    await _proposes(host, "19000")

    asked = (await member.sees("Do you agree?", anywhere=True))["text"]
    assert "You pay ₩4,250 → ₩4,750" in asked
    await member.taps("I do not agree", anywhere=True)
    await member.sees("nothing more is charged")
