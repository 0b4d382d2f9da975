"""A host's money in the chat: held, released, on its way, paid; the account that it goes to."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from bot import journeys
from bot.demo import OPERATORS
from bot.sandbox.chats import Phone
from core import billing
from core.billing import Bill, Line, Result
from tests.e2e.world import World

MINA, JUN = OPERATORS


async def _host_with_a_paid_month(world: World) -> tuple[Phone, Phone]:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    return host, await world.member("하늘", code)


async def _exports(world: World) -> tuple[list[Line], str]:
    """Let one operator export; return the file as it comes back, and the code in it."""
    two = world.demo.two
    batch = await two.db.transact(billing.export_batch, MINA, world.demo.now())
    seal = two.settings.seal
    assert seal is not None
    async with two.db.read() as session:
        listed = await billing.instructions(session, seal, batch.id)
    await world.settled()
    lines = [Line(at, one.batch_id, one.key, one.won, Result.DONE) for at, one in enumerate(listed, start=2)]
    return lines, "".join(one.code or "" for one in listed)


async def _confirms(world: World, lines: list[Line]) -> None:
    await world.demo.two.db.transact(billing.confirm_batch, JUN, lines, world.demo.now())
    await world.settled()


async def _proves(world: World, host: Phone) -> None:
    await journeys.register_account(host)
    lines, code = await _exports(world)
    await journeys.prove_account(host, code)
    await _confirms(world, lines)


async def test_a_month_from_held_to_paid_out(world: World) -> None:
    host, _ = await _host_with_a_paid_month(world)
    await host.says("/payout")
    held = await host.sees("맡아 둔 금액 4,250원")
    assert "12월 23일 (수) · 넷플릭스 프리미엄 · 4,250원" in held["text"]
    await _proves(world, host)

    await world.days_pass(31)
    await host.sees("이용 기간이 끝나서 4,250원", anywhere=True)
    await host.says("/payout")
    await host.sees("곧 보낼 금액 4,250원")
    lines, _ = await _exports(world)
    await host.sees("정산금 4,250원을 국민 ****9012 계좌로 보내고 있어요")
    await _confirms(world, lines)

    await host.sees("정산금 4,250원을 국민 ****9012 계좌로 보냈어요")
    await host.says("/payout")
    await host.sees("지금까지 받은 금액 4,250원")


async def test_a_payout_that_comes_back_asks_for_another_account_and_goes_there(world: World) -> None:
    host, _ = await _host_with_a_paid_month(world)
    await _proves(world, host)
    await world.days_pass(31)
    lines, _ = await _exports(world)

    await _confirms(world, [replace(line, result=Result.RETURNED) for line in lines])

    await host.sees("정산금 4,250원이 되돌아왔어요", anywhere=True)
    await host.says("/payout")
    told = await host.sees("받으실 금액 4,250원")
    assert "이 계좌로는 보낼 수 없어요" in told["text"]
    await journeys.register_account(host, "110-222-333444")
    lines, code = await _exports(world)
    await journeys.prove_account(host, code)
    await _confirms(world, lines)
    lines, _ = await _exports(world)
    await _confirms(world, lines)
    await host.sees("정산금 4,250원을 국민 ****3444 계좌로 보냈어요", anywhere=True)


async def test_a_refund_after_the_payout_is_what_the_host_owes(world: World) -> None:
    host, _ = await _host_with_a_paid_month(world)
    await _proves(world, host)
    await world.days_pass(31)
    lines, _ = await _exports(world)
    await _confirms(world, lines)

    await _pays_back_the_first_month(world)
    await host.says("/payout")

    told = await host.sees("돌려주실 금액 4,250원")
    assert "다음 정산에서 빼 드리니" in told["text"]


async def _pays_back_the_first_month(world: World) -> None:
    two = world.demo.two
    async with two.db.write() as session:
        bill = await session.scalar(select(Bill).order_by(Bill.id).limit(1))
        assert bill is not None
        await billing.plan_refund(session, bill, 4250, "claim", world.demo.now(), two.settings.limits)
    await world.settled()


async def test_the_number_leaves_the_chat_and_stands_in_no_row(world: World) -> None:
    host, _ = await _host_with_a_paid_month(world)

    await journeys.register_account(host)

    await world.settled()
    assert "123-456-789012" not in str(await host.reads())
    for table in ("dialog", "outbox", "payout_account", "telegram_update"):
        async with world.demo.two.db.read() as session:
            connection = await session.connection()
            rows = repr((await connection.exec_driver_sql(f"SELECT * FROM {table}")).all())
        assert "123456789012" not in rows.replace("-", ""), table
        assert "김민수" not in rows, table


async def test_wrong_digits_use_up_the_tries(world: World) -> None:
    host, _ = await _host_with_a_paid_month(world)
    await journeys.register_account(host)
    _, code = await _exports(world)
    wrong = "0000" if code != "0000" else "1111"
    await host.taps("숫자 4개 입력하기", anywhere=True)
    await host.sees("숫자 4개를 보내 주세요")

    for left in (4, 3, 2, 1):
        await host.says(wrong)
        await host.sees(f"{left}번 더 해 볼 수 있어요")
    await host.says(wrong)

    await host.sees("다섯 번 잘못 입력해서")
    await host.says("/payout")
    await host.sees("이 계좌로는 보낼 수 없어요")
    await host.taps("계좌 등록하기")
    await host.sees("어느 은행 계좌로")


async def test_names_are_for_the_host_and_numbers_for_the_members(world: World) -> None:
    host = await world.grown_up("민수")
    code = await journeys.open_party(host)
    member = await world.member("하늘", code)
    await world.joins("바다", code)

    await host.says("/status")
    told = await host.sees("2명 중 1명 결제")
    assert "✅ 하늘 4,250원" in told["text"]
    assert "⏳ 바다 4,250원 · 11월 23일 (월)까지" in told["text"]
    await member.says("/status")

    told = await member.sees("2명 중 1명 결제")
    assert "바다" not in told["text"]


async def test_who_hosts_nothing_has_nothing_to_be_paid(world: World) -> None:
    someone = await world.grown_up("지우")

    await someone.says("/payout")
    await someone.sees("아직 정산할 금액이 없어요")
    await someone.says("/status")
    await someone.sees("지금 확인할 결제가 없어요")


async def test_a_host_reads_english(world: World) -> None:
    host = await world.grown_up("Minsu", "en")
    await host.says("/payout")
    await host.sees("Nothing to pay out yet")
    await host.taps("Register an account")
    await host.taps("KB Kookmin")
    await host.sees("name of the holder")
    await host.says("Minsu Kim")
    await host.sees("account number")
    await host.says("1234-56-789012")
    await host.sees("KB Kookmin ****9012 is registered")
