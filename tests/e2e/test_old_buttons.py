"""Buttons under old messages, pressed days later: each answers with what is true now and where to go from there."""

from __future__ import annotations

from bot import journeys
from tests.e2e.world import World


async def test_who_has_left_reads_so_under_every_button_of_the_party(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    gone = await world.member("하늘", code)
    party = await world.newest("party")
    await gone.says("/my")
    await gone.taps("넷플릭스")
    await gone.taps("파티 나가기")
    await gone.taps("지금 바로 나가고")
    await gone.sees("파티에서 나왔어요")

    for button in (f"leave:{party}", f"leaveok:{party}:0", f"stay:{party}", f"unjoin:{party}"):
        await gone.forges(button)
        await gone.toast("/my 에서 내 파티를 확인해 주세요")
        await gone.sees("지금은 이 파티에 참여하고 있지 않아요", anywhere=True)


async def test_a_host_is_not_asked_to_call_off_what_runs_nor_shares_what_has_ended(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    await world.member("하늘", code)
    party = await world.newest("party")

    await host.forges(f"cancel:{party}")
    await host.toast("오래된 버튼이에요")
    await host.sees("결제일 23일")
    await host.says("/my")
    await host.taps("넷플릭스")
    await host.taps("파티 끝내기")
    await host.taps("에 끝내기")
    await host.sees("에 끝나요")

    await host.forges(f"share:{party}")
    await host.toast("초대할 수 없어요")
    await host.forges(f"price:{party}")
    await host.toast("/my 에서 지금 요금을 확인해 주세요")


async def test_who_is_about_to_leave_is_not_told_that_a_new_price_is_theirs(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.member("하늘", code)
    await host.says("/my")
    await host.taps("넷플릭스")
    await host.taps("요금이 바뀌었어요")
    await host.sees("숫자로 보내 주세요")
    await host.says("19,000원")
    await host.taps("네, 파티원에게 물어볼게요")
    await world.settled()
    await member.sees("동의하시나요?", anywhere=True)
    await member.says("/my")
    await member.taps("넷플릭스")
    await member.taps("파티 나가기")
    await member.taps("네, 나갈게요")
    await member.sees("그 전날까지는 그대로 볼 수 있어요")

    await member.taps("동의해요", anywhere=True)

    await member.sees("나가기로 하셔서 새 요금은 내지 않아요", anywhere=True)
    await member.sees_no("새 요금에 동의하셨어요", anywhere=True)


async def test_a_price_that_comes_too_early_names_the_day_to_come_back(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    await world.member("하늘", code)
    await world.days_pass(18)
    await host.says("/my")
    await host.taps("넷플릭스")
    await host.taps("요금이 바뀌었어요")
    await host.sees("숫자로 보내 주세요")

    await host.says("19,000원")

    shown = await host.sees("동의는 그 30일 전부터")
    assert "1월 23일 (토)에 시작하는 달부터" in shown["text"]
    assert "12월 24일 (목)에 다시 보내 주세요" in shown["text"]
