"""Wrong, stale and forged buttons: each gets its sentence and changes nothing (docs/bad-input.md)."""

from __future__ import annotations

import pytest

from bot import journeys
from core.billing import Bill, BillState, Refund
from core.parties import AccessStep, Membership, MembershipState, Party, PartyState
from core.people import Consent, Person
from core.titles import Rating
from tests import builders
from tests.bad_input import Row, bad_input
from tests.e2e.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

# row of the table -> who taps, and the data of the button that nobody showed them
FORGED = {
    "genre-unknown": ("지우", "genres:s:nonsense:on"),
    "language-unknown": ("지우", "lang:xx:s"),
    "quiet-unknown": ("지우", "quiet:1:23"),
    "quiet-shortened": ("지우", "quiet:23"),
    "mute-unknown": ("지우", "mute:always"),
    "step-unknown": ("지우", "skip:nonsense"),
    "button-unknown": ("지우", "nonsense:1"),
    "button-no-verb": ("지우", ":::"),
    "go-unknown": ("지우", "go:nonsense"),
    "go-nowhere": ("지우", "go"),
    "list-forged": ("지우", "rec:0:abc"),
    "filter-unknown": ("지우", "flt:mood:bored"),
    "filter-kind": ("지우", "flt:kind:opera"),
    "filter-service": ("지우", "flt:services:vhs:on"),
    "loosen-unknown": ("지우", "fltoff:everything"),
    "aside-unknown": ("지우", "paside:{film}:bored:1:0"),
    "aside-adult": ("이슬", "paside:{adult_film}:no:1:0"),
    "similar-adult": ("이슬", "tsim:{adult_film}"),
    "taste-unknown": ("지우", "taste:maybe"),
    "evening-stranger": ("지우", "eve:{running}"),
    "evening-agree-stranger": ("지우", "eveyes:{running}"),
    "evening-unknown": ("지우", "eveok:99999:{film}"),
    "service-unknown": ("지우", "newservice:99999"),
    "service-unshareable": ("지우", "newservice:{closed_service}"),
    "plan-unknown": ("지우", "newplan:99999"),
    "plan-unshareable": ("지우", "newplan:{unshareable}"),
    "open-unshareable": ("지우", "newopen:{unshareable}:1:261123:23:9500"),
    "number-word": ("지우", "newplan:abc"),
    "number-long": ("지우", "newplan:" + "9" * 30),
    "number-signs": ("지우", "newplan:--5"),
    "number-other-digits": ("지우", "newplan:５"),
    "seats-many": ("지우", "newseats:{plan}:99"),
    "seats-none": ("지우", "newseats:{plan}:0"),
    "start-impossible": ("지우", "newstart:{plan}:2:269999"),
    "start-past": ("지우", "newopen:{plan}:2:260101:1:17000"),
    "start-far": ("지우", "newopen:{plan}:2:270601:1:17000"),
    "day-impossible": ("지우", "newday:{plan}:2:261123:99"),
    "open-shortened": ("지우", "newopen:{plan}:2:261123"),
    "open-teen": ("이슬", "newopen:{plan}:2:261123:23:17000"),
    "join-unknown": ("지우", "join:zzzzzzzzzzzz:4250"),
    "join-shortened": ("지우", "join:{running_code}"),
    "join-word": ("지우", "join:{running_code}:free"),
    "join-negative": ("지우", "join:{running_code}:-8000"),
    "join-cancelled": ("지우", "join:{cancelled_code}:4250"),
    "join-full": ("지우", "join:{full_code}:8500"),
    "join-own": ("민수", "join:{running_code}:8000"),
    "join-again": ("하늘", "join:{running_code}:8000"),
    "join-teen": ("이슬", "join:{running_code}:8000"),
    "unjoin-stranger": ("지우", "unjoin:{full}"),
    "unjoin-paid": ("하늘", "unjoin:{running}"),
    "unjoin-unknown": ("지우", "unjoin:99999"),
    "party-stranger": ("지우", "party:{running}"),
    "party-unknown": ("지우", "party:99999"),
    "share-stranger": ("지우", "share:{running}"),
    "share-unknown": ("지우", "share:99999"),
    "cancel-stranger": ("지우", "cancelok:{early}"),
    "cancel-member": ("하늘", "cancelok:{running}"),
    "cancel-again": ("민수", "cancelok:{cancelled}"),
    "leave-host": ("민수", "leaveok:{running}:0"),
    "leave-stranger": ("지우", "leaveok:{running}:0"),
    "stay-stranger": ("지우", "stay:{running}"),
    "snooze-stranger": ("지우", "snooze:{open_bill}:1:3h"),
    "snooze-paid": ("하늘", "snooze:{paid_bill}:1:3h"),
    "snooze-word": ("바다", "snooze:{open_bill}:1:never"),
    "snooze-ahead": ("바다", "snooze:{open_bill}:2:3h"),
    "late-stranger": ("지우", "latewait:{open_bill}"),
    "late-nudge-stranger": ("바다", "latenudge:{open_bill}"),
    "late-free-stranger": ("지우", "latefreeok:{open_bill}"),
    "late-unknown": ("민수", "latefreeok:99999"),
    "late-paid": ("민수", "latenudge:{paid_bill}"),
    "line-unknown": ("지우", "line:nonsense"),
    "line-cancelled": ("지우", "line:{cancelled_code}"),
    "line-member": ("바다", "line:{full_code}"),
    "line-teen": ("이슬", "line:{full_code}"),
    "unline-stranger": ("지우", "unline:{full}"),
    "take-stranger": ("지우", "take:{full}"),
    "pass-member": ("하늘", "pass:{running}"),
    "access-stranger": ("지우", "access:{running}"),
    "tick-stranger": ("지우", "tick:{seat}:accepted"),
    "tick-host-line": ("하늘", "tick:{seat}:invited"),
    "tick-order": ("하늘", "tick:{seat}:watching"),
    "tick-unknown-line": ("하늘", "tick:{seat}:nonsense"),
    "tick-unknown-seat": ("하늘", "tick:99999:accepted"),
    "bill-stranger": ("지우", "bill:{paid_bill}"),
    "bill-unknown": ("지우", "bill:99999"),
    "why-stranger": ("지우", "why:{paid_bill}"),
    "recheck-stranger": ("지우", "recheck:{open_bill}"),
    "recheck-settled": ("하늘", "recheck:{paid_bill}"),
    "month-impossible": ("하늘", "month:2026-13"),
    "price-stranger": ("지우", "price:{running}"),
    "price-member": ("하늘", "priceok:{running}:33000:261223"),
    "price-forged": ("민수", "priceok:{running}:999999:261223"),
    "price-day": ("민수", "priceok:{running}:33000:269999"),
    "price-answer-unknown": ("하늘", "priceyes:99999"),
    "bills-word": ("지우", "bills:abc"),
    "bank-unknown": ("지우", "pbank:999"),
    "bank-shortened": ("지우", "pbank"),
    "bank-teen": ("이슬", "paccount"),
    "code-none": ("지우", "pcode"),
    "refunds-stranger": ("지우", "refunds:{paid_bill}"),
    "withdraw-stranger": ("지우", "withdraw:{running}:8000"),
    "withdraw-shortened": ("하늘", "withdraw:{running}"),
    "end-stranger": ("지우", "end:{running}"),
    "end-member": ("하늘", "endnowok:{running}:8000"),
    "end-unknown": ("민수", "end:99999"),
    "end-word": ("민수", "endnowok:{running}:abc"),
    "end-cancelled": ("민수", "end:{cancelled}"),
    "room-stranger": ("지우", "room:{running}"),
    "stars-none": ("지우", "trate:{film}:0"),
    "stars-eleven": ("지우", "trate:{film}:11"),
    "stars-word": ("지우", "trate:{film}:abc"),
    "stars-unknown-title": ("지우", "trate:99999:8"),
    "stars-adult-title": ("이슬", "trate:{adult_film}:8"),
    "card-adult-title": ("이슬", "tcard:{adult_film}"),
    "round-adult-title": ("이슬", "rate:{adult_film}:8:0:1"),
    "round-shortened": ("지우", "rate:{film}:8"),
    "take-back-nothing": ("지우", "tdrop:{film}"),
}

# row of the table -> who taps, the data, and what is drawn in place of the old message
REDRAWN = {
    "open-old-price": ("지우", "newopen:{plan}:2:261123:23:100", "월 요금 17,000원"),
    "join-forged-price": ("지우", "join:{running_code}:1", "지금 낼 금액 8,000원"),
    "cancel-running": ("민수", "cancelok:{running}", "이용 중"),
    "leave-unpaid": ("바다", "leaveok:{full}:0", "참여 그만두기"),
    "line-room": ("지우", "line:{running_code}", "지금 낼 금액 8,000원"),
    "unline-member": ("하늘", "unline:{running}", "파티 나가기"),
    "withdraw-forged-won": ("하늘", "withdraw:{running}:99999", "파티 나가기"),
    "withdraw-host": ("민수", "withdraw:{running}:8000", "이용 중"),
    "withdraw-unpaid": ("바다", "withdraw:{full}:8500", "참여 그만두기"),
    "end-forged-won": ("민수", "endnowok:{running}:1", "이용 중"),
    "end-recruiting": ("민수", "end:{early}", "모집 중"),
    "stay-staying": ("하늘", "stay:{running}", "파티 나가기"),
}


@bad_input(FORGED)
async def test_a_forged_button_gets_its_sentence_and_changes_nothing(
    stage: Stage, row: Row, act: tuple[str, str]
) -> None:
    who, data = act

    async with stage.nothing_changes():
        await stage[who].forges(data.format(**stage.facts))

        await stage[who].toast(row.words)


@bad_input(REDRAWN)
async def test_an_old_button_is_drawn_anew_as_things_are(stage: Stage, row: Row, act: tuple[str, str, str]) -> None:
    who, data, drawn = act
    # A message of its own, so that what is drawn in its place is news.
    await stage[who].says("/help")
    await stage[who].sees("/newparty")

    async with stage.nothing_changes():
        await stage[who].forges(data.format(**stage.facts))

        await stage[who].toast(row.words)
        await stage[who].sees(drawn)


@bad_input(["genre-fourth"])
async def test_a_fourth_genre_is_refused_and_the_three_stay(stage: Stage, row: Row) -> None:
    fan = stage["지우"]
    for genre in ("drama", "comedy", "crime"):
        await fan.forges(f"genres:s:{genre}:on")
        await fan.sees("장르를")

    async with stage.nothing_changes():
        await fan.forges("genres:s:war:on")

        await fan.toast(row.words)


async def test_nobody_came_or_went_through_all_that(stage: Stage) -> None:
    assert await stage.count(Party) == 4
    assert await stage.count(Party, Party.state == PartyState.CANCELLED) == 1
    assert await stage.count(Membership, Membership.present.is_(True)) == 5


@bad_input(["double-consent"])
async def test_consent_tapped_twice_makes_one_person_and_asks_once(stage: Stage, row: Row) -> None:
    newcomer = await stage.world.person("두번이")
    await newcomer.starts()
    before = await stage.count(Person)

    await newcomer.taps_twice("만 19세 이상이에요")
    await newcomer.sees(row.words)
    await stage.world.settled()

    asked = [message for message in await newcomer.reads() if row.words in message["text"]]
    assert len(asked) == 1
    assert await stage.count(Person) == before + 1
    stage.phones["두번이"] = newcomer
    person = await stage.person("두번이")
    assert await stage.count(Consent, Consent.person_id == person.id) == 2


@bad_input(["double-open"])
async def test_open_tapped_twice_opens_one_party(stage: Stage, row: Row) -> None:
    host = await stage.newcomer("두파티")
    await host.says("/newparty")
    for label in ("넷플릭스", "프리미엄 · 17,000원", "4명", "오늘 바로", "시작일과 같은"):
        await host.taps(label)

    await host.taps_twice("파티 열기")

    await host.toast(row.words)
    await host.sees("같이 볼 사람 구해요")
    assert await stage.count(Party, Party.host_id == (await stage.person("두파티")).id) == 1


@bad_input(["double-join", "double-give-up"])
async def test_join_and_give_up_tapped_twice_happen_once(stage: Stage, row: Row) -> None:
    member = await stage.newcomer(f"두자리{row.id[-1]}")
    await member.starts(f"p_{stage.facts['running_code']}")
    joining = row.id == "double-join"
    if joining:
        await member.taps_twice("참여하기")
    else:
        await member.taps("참여하기")
        await member.taps_twice("참여 그만두기")

    await member.toast(row.words)

    person = await stage.person(member.name)
    state = MembershipState.RESERVED if joining else MembershipState.DECLINED
    assert await stage.count(Membership, Membership.person_id == person.id) == 1
    assert await stage.count(Membership, Membership.person_id == person.id, Membership.state == state) == 1
    bill_state = BillState.OPEN if joining else BillState.VOID
    assert await stage.count(Bill, Bill.person_id == person.id, Bill.state == bill_state) == 1
    assert await stage.count(Bill, Bill.person_id == person.id) == 1


@bad_input(["double-cancel"])
async def test_cancel_tapped_twice_cancels_once_and_keeps_its_answer(stage: Stage, row: Row) -> None:
    host = await stage.newcomer("두취소")
    await journeys.open_party(host)
    await host.taps("파티 관리")
    await host.taps("파티 취소하기")

    await host.taps_twice("네, 취소할게요")

    await host.toast(row.words)
    await host.sees("파티를 취소했어요")
    mine = Party.host_id == (await stage.person("두취소")).id
    assert await stage.count(Party, mine, Party.state == PartyState.CANCELLED) == 1


@bad_input(["double-leave"])
async def test_leave_tapped_twice_leaves_once_and_pays_back_once(stage: Stage, row: Row) -> None:
    member = await stage.newcomer("두나감")
    bill = await _pays_for(stage, "두나감", stage.facts["early"])
    await member.forges(f"leave:{bill.party_id}")

    await member.taps_twice("네, 나갈게요")

    await member.toast(row.words)
    await member.sees("파티에서 나왔어요", anywhere=True)
    assert await stage.count(Membership, Membership.id == bill.membership_id, Membership.state == "left") == 1
    assert await stage.count(Refund, Refund.bill_id == bill.id) == 1


@bad_input(["double-withdraw"])
async def test_a_withdrawal_tapped_twice_happens_once_and_pays_back_once(stage: Stage, row: Row) -> None:
    member = await stage.newcomer("두마음")
    bill = await _pays_for(stage, "두마음", stage.facts["running"])
    await member.forges(f"leave:{bill.party_id}")

    await member.taps_twice("지금 바로 나가고")

    await member.toast(row.words)
    await member.sees("파티에서 나왔어요", anywhere=True)
    assert await stage.count(Membership, Membership.id == bill.membership_id, Membership.state == "left") == 1
    assert await stage.count(Refund, Refund.bill_id == bill.id) == 1


@bad_input(["double-end"])
async def test_a_party_ended_twice_ends_once_and_pays_back_once(stage: Stage, row: Row) -> None:
    host, demo = await stage.newcomer("두끝"), stage.world.demo
    opened = await builders.party(demo.two.db, demo.clock, await stage.person("두끝"))
    bill = await _pays_for(stage, "지우", opened.id)
    await host.forges(f"endnow:{opened.id}")

    await host.taps_twice("네, 지금 끝낼게요")

    await host.toast(row.words)
    await host.sees("파티를 끝냈어요", anywhere=True)
    assert await stage.count(Party, Party.id == opened.id, Party.state == PartyState.ENDED) == 1
    assert await stage.count(Refund, Refund.bill_id == bill.id) == 1


async def _pays_for(stage: Stage, name: str, party_id: int) -> Bill:
    """Let somebody on the stage join a party and pay."""
    demo = stage.world.demo
    async with demo.two.db.read() as session:
        into = await session.get_one(Party, party_id)
    bill = await builders.joins(demo.two.db, demo.clock, into, await stage.person(name))
    await journeys.pay(demo.two.pay_links.url(bill.id, demo.now()), demo.bootpay.url)
    return bill


@bad_input(["double-tick"])
async def test_a_line_ticked_twice_is_ticked_once(stage: Stage, row: Row) -> None:
    await stage["민수"].forges(f"access:{stage.facts['running']}")

    await stage["민수"].taps_twice("하늘님께 초대 보냈어요")

    await stage["민수"].sees(f"✅ {row.words}")
    await stage.world.settled()
    assert await stage.count(AccessStep, AccessStep.membership_id == stage.facts["seat"]) == 1


@bad_input(["double-stars"])
async def test_stars_given_twice_are_one_rating(stage: Stage, row: Row) -> None:
    await stage["지우"].forges(f"tstars:{stage.facts['film']}")

    await stage["지우"].taps_twice("★ 4.5")

    await stage["지우"].toast(row.words)
    await stage.world.settled()
    assert await stage.count(Rating, Rating.person_id == (await stage.person("지우")).id) == 1


@bad_input(["double-genre"])
async def test_a_genre_tapped_twice_stays_chosen(stage: Stage, row: Row) -> None:
    fan = await stage.newcomer("두장르")
    await fan.forges("genres:s:ask")

    await fan.taps_twice("스릴러")

    await fan.sees(row.words)
    await stage.world.settled()
    assert (await stage.person("두장르")).genres == ["thriller"]
