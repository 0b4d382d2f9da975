"""`two demo --check`: the main job, played by four people over HTTP, a line a step."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as hour
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from bot import journeys
from bot.csv_files import as_csv, read_rows
from bot.demo import HOST, MEMBERS, OPERATORS, Demo, demo_running
from bot.desk import COLUMNS, Desk
from bot.sandbox.chats import Chats, Phone
from core import audit
from core.billing.tables import Bill, BillState
from core.clock import SystemClock
from core.dates import seoul_date, seoul_instant
from core.parties import Membership, MembershipState

Print = Callable[[str], None]
Step = Callable[["Walk"], Awaitable[None]]
NOON = hour(12)
_NUMBERED = re.compile(r"^\d+\. (.+?) \(\d{4}\)", re.MULTILINE)


@dataclass
class Walk:
    """The demo, the phones of its four people, and what one step leaves for the next."""

    demo: Demo
    chats: Chats
    phones: list[Phone] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def host(self) -> Phone:
        """Return the host's phone."""
        return self.phones[0]

    @property
    def members(self) -> list[Phone]:
        """Return the members' phones."""
        return self.phones[1:]

    async def days_pass(self, days: float) -> None:
        """Move the clock, due time by due time."""
        await self.demo.move_to(self.demo.now() + timedelta(days=days))

    async def bills(self, state: BillState) -> int:
        """Return how many bills are in a state."""
        async with self.demo.two.db.read() as session:
            return int(await session.scalar(select(func.count(Bill.id)).where(Bill.state == state)) or 0)


async def get_acquainted(walk: Walk) -> None:
    """Consent and age, nickname, picture, three genres; every step after consent can be skipped."""
    host = await walk.chats.person(HOST)
    walk.phones.append(host)
    await host.starts()
    async with walk.demo.two.db.read() as session:
        stored = await session.scalar(select(func.count()).select_from(Bill))
    require(stored == 0, "something was stored before consent")
    await host.taps(journeys.ADULT["ko"])
    await host.taps(f"‘{HOST}’ 그대로 쓸게요")
    await host.taps("이 그림으로 할게요")
    for genre in ("드라마", "스릴러", "코미디", "다 골랐어요"):
        await host.taps(genre)
    await host.sees("별점 10개 주기")


async def open_party(walk: Walk) -> None:
    """Six taps from /newparty to a share card with a deep link."""
    code = await journeys.open_party(walk.host, service="티빙", plan="프리미엄 + 추가 회원 3명")
    walk.codes.append(code)


async def join(walk: Walk) -> None:
    """Three strangers see the exact share and hold a seat in three taps each."""
    for name in MEMBERS:
        phone = await walk.chats.person(name)
        walk.phones.append(phone)
        walk.links.append(await journeys.follow_invitation(phone, walk.codes[0]))
        held = await phone.sees("자리를 맡아 뒀어요", anywhere=True)
        require("8,000원" in held["text"], "the share is not 8,000 won")
    late = await walk.chats.person("늦은이")
    await late.starts(f"p_{walk.codes[0]}")
    await late.taps(journeys.ADULT["ko"])
    await late.sees("자리가 다 찼어요")


async def pay(walk: Walk) -> None:
    """One closes the window and has paid nothing; all three pay and get their receipts."""
    bootpay = walk.demo.bootpay.url
    await journeys.pay(walk.links[0], bootpay, "close")
    require(await walk.bills(BillState.PAID) == 0, "a closed window counted as paid")
    for phone, link in zip(walk.members, walk.links, strict=True):
        await journeys.pay(link, bootpay)
        await phone.sees("결제가 끝났어요", anywhere=True)
    require(await walk.bills(BillState.PAID) == 3, "not every bill is paid")


async def get_access(walk: Walk) -> None:
    """The host ticks the invitations, the members that they can watch."""
    for _ in walk.members:
        await walk.host.taps("초대 보냈어요", anywhere=True)
        await walk.demo.settle_down()
    for phone in walk.members:
        await phone.taps("초대를 수락했어요", anywhere=True)
        await phone.taps("이제 볼 수 있어요")
        await phone.sees("준비가 끝났어요")


async def talk(walk: Walk) -> None:
    """The room has opened by itself: a word from one reaches the three others, and nobody else."""
    await walk.demo.settle_down()
    speaker, *others = walk.members
    await speaker.says("/room")
    await speaker.sees("대화방에 들어왔어요")
    await speaker.says("오늘 밤에 뭐 볼까요?")
    for phone in (walk.host, *others):
        await phone.sees("오늘 밤에 뭐 볼까요?", anywhere=True)
    await speaker.says("🚪 대화방 나가기")
    await speaker.sees("대화방에서 나왔어요")


async def choose_together(walk: Walk) -> None:
    """In the room the host is recommended something for all who say they watch; a veto counts, one pick ends it."""
    host, member = walk.host, walk.members[0]
    await host.says("/room")
    await host.sees("대화방에 들어왔어요")
    await host.says("/recommend")
    await host.taps("좋아요, 같이 고를게요")
    await member.taps(f"{member.name} (아직)", anywhere=True)
    await member.taps("좋아요, 같이 고를게요")
    await host.sees(f"같이 보는 사람: {host.name}, {member.name}", anywhere=True)
    await member.taps("🙅 1", anywhere=True)
    await host.sees(f"오늘 뺀 작품 1개 ({member.name} 1)", anywhere=True)
    await host.taps("✅ 1", anywhere=True)
    await host.sees("🎬 오늘은 이걸로!")
    await member.sees("🎬 오늘은 이걸로!", anywhere=True)
    await host.says("🚪 대화방 나가기")
    await host.sees("대화방에서 나왔어요")


async def next_months(walk: Walk) -> None:
    """Past two due days: the cycle opens by itself, reminders come on and after the day, but not to who has paid."""
    payer, silent, leaver = walk.members
    await walk.days_pass(24)
    for phone in walk.members:
        await phone.sees("다음 달", anywhere=True)
    await journeys.pay(await payer.link("결제하기", anywhere=True), walk.demo.bootpay.url)
    await walk.host.sees("요금을 냈어요", anywhere=True)
    await leaver.says("/my")
    await leaver.taps("티빙")
    await leaver.taps("파티 나가기")
    await leaver.taps("네, 나갈게요")
    await leaver.sees("까지는 그대로")
    await walk.days_pass(7)
    await silent.sees("결제일이에요", anywhere=True)
    await payer.sees_no("결제일이에요", anywhere=True)
    await leaver.sees("이용 기간이 끝났어요", anywhere=True)
    await walk.days_pass(3)
    await silent.sees("하루 지났어요", anywhere=True)
    await journeys.pay(await silent.link("결제하기", anywhere=True), walk.demo.bootpay.url)
    await silent.sees("결제가 끝났어요", anywhere=True)
    await walk.days_pass(24)
    require(await walk.bills(BillState.PAID) == 5, "the second month is not paid by two")
    await payer.sees("다음 달", anywhere=True)


async def payout(walk: Walk) -> None:
    """The host proves an account by the code that came with one won; two operators pay out the month that is served."""
    host, demo = walk.host, walk.demo
    mina, jun = (Desk(demo.two.db, demo.clock, demo.two.settings, by) for by in OPERATORS)
    await journeys.register_account(host)
    with TemporaryDirectory(prefix="two-payouts-") as folder:
        proof, transfers = Path(folder, "proof.csv"), Path(folder, "payouts.csv")
        await mina.export(proof, None)
        await demo.settle_down()
        (sent,) = await asyncio.to_thread(carried_out, proof)
        await journeys.prove_account(host, sent["words"].removeprefix("TWO"))
        await jun.confirm(proof)
        await demo.settle_down()
        await mina.export(transfers, None)
        (paid,) = await asyncio.to_thread(carried_out, transfers)
        await jun.confirm(transfers)
    await demo.settle_down()
    require(paid["won"] == "24000", f"three shares of 8,000 won were owed, {paid['won']} were paid out")
    await host.sees("정산금 24,000원을 국민 ****9012 계좌로 보냈어요", anywhere=True)


def carried_out(file: Path) -> list[dict[str, str]]:
    """Play the bank: every transfer of the file is done; return them."""
    rows = read_rows(file.read_bytes())
    file.write_bytes(as_csv(COLUMNS, [[(row | {"result": "done"})[name] for name in COLUMNS] for row in rows]))
    return rows


async def money_back(walk: Walk) -> None:
    """A party that is called off before it starts pays everything back."""
    code = await journeys.open_party(walk.host, start="1주일 뒤")
    member = walk.members[2]
    link = await journeys.follow_invitation(member, code, newcomer=False)
    await journeys.pay(link, walk.demo.bootpay.url)
    await member.sees("결제가 끝났어요")
    await walk.host.says("/my")
    await walk.host.taps("넷플릭스")
    await walk.host.taps("파티 취소하기")
    await walk.host.taps("네, 취소할게요")
    await walk.demo.settle_down()
    await member.sees("돌려드렸어요", anywhere=True)
    require(await walk.bills(BillState.REFUNDED) == 1, "the bill is not refunded")


async def unpaid(walk: Walk) -> None:
    """Who does not pay is reminded, warned, suspended and freed; the first in line takes the seat."""
    code = await journeys.open_party(walk.host, seats=2)
    late, first = await walk.chats.person("미루"), await journeys.arrive(walk.chats, "다음이")
    await journeys.pay(await journeys.follow_invitation(late, code), walk.demo.bootpay.url)
    await late.sees("결제가 끝났어요", anywhere=True)
    await first.starts(f"p_{code}")
    await first.taps("자리 나면 알려 주세요")
    await first.sees("1번째")
    await walk.days_pass(32)
    await _until_a_seat_is_offered(walk)
    for told in (
        "하루 지났어요",
        "결제하지 않으면 이용이 멈춰요",
        "이용이 멈췄어요",
        "마지막 안내예요",
        "자리가 비워졌어요",
    ):
        await late.sees(told, anywhere=True)
    await first.taps("참여할게요", anywhere=True)
    await first.taps("규칙 확인하고 참여하기")
    await journeys.pay(await first.link("결제하기", anywhere=True), walk.demo.bootpay.url)
    await first.sees("결제가 끝났어요", anywhere=True)


async def _until_a_seat_is_offered(walk: Walk) -> None:
    offered = select(func.count(Membership.id)).where(Membership.state == MembershipState.OFFERED)
    for _ in range(24):
        async with walk.demo.two.db.read() as session:
            if await session.scalar(offered):
                return
        await walk.days_pass(0.5)
    raise StepFailed("nobody in line was offered the seat")


async def card_on_file(walk: Walk) -> None:
    """A card pays the next month by itself, told the day before; two taps stop it and nothing of it is kept."""
    payer, bootpay = walk.members[0], walk.demo.bootpay
    await payer.says("/autopay")
    await payer.taps("동의하고 카드 등록하기")
    await journeys.register_card(await payer.link("카드 등록하기"), bootpay.url)
    await walk.demo.settle_down()
    await payer.sees("자동결제 카드를 등록했어요", anywhere=True)
    paid = await walk.bills(BillState.PAID)
    await walk.days_pass(4)
    await payer.sees("내일 8,000원이 자동으로 결제돼요", anywhere=True)
    require(await walk.bills(BillState.PAID) == paid + 1, "the card on file did not pay the month")
    await payer.says("/autopay")
    await payer.taps("자동결제 멈추기")
    await payer.taps("네, 멈출게요")
    await walk.demo.settle_down()
    require([card["deleted"] for card in bootpay.cards()] == [True], "the stopped card can still be charged")


async def change_of_mind(walk: Walk) -> None:
    """A member withdraws within seven days: Bootpay and the books agree that everything has gone back."""
    code = await journeys.open_party(walk.host)
    member = walk.members[2]
    link = await journeys.follow_invitation(member, code, newcomer=False)
    before = _kept(walk)
    await journeys.pay(link, walk.demo.bootpay.url)
    await member.sees("결제가 끝났어요")
    require(_kept(walk) == before + 4250, "Bootpay did not take 4,250 won")
    await member.says("/my")
    await member.taps("넷플릭스")
    await member.taps("파티 나가기")
    await member.taps("지금 바로 나가고 4,250원 돌려받기")
    await member.sees("파티에서 나왔어요")
    await walk.demo.settle_down()
    await member.sees("4,250원을 돌려드렸어요", anywhere=True)
    require(_kept(walk) == before, "Bootpay did not give 4,250 won back")
    require(await walk.bills(BillState.REFUNDED) == 2, "the bill is not refunded")


def _kept(walk: Walk) -> int:
    """Return the won that Bootpay took and did not give back."""
    return sum(receipt["charged"] - receipt["cancelled"] for receipt in walk.demo.bootpay.receipts())


async def new_price(walk: Walk) -> None:
    """Everybody is asked about a new price: who agrees stays and pays it, who is silent leaves and is not charged."""
    host = await journeys.arrive(walk.chats, "바꿈이")
    code = await journeys.open_party(host, service="디즈니+", plan="프리미엄 · 13,900원")
    willing, silent = await walk.chats.person("좋아"), await walk.chats.person("조용이")
    for member in (willing, silent):
        await journeys.pay(await journeys.follow_invitation(member, code), walk.demo.bootpay.url)
        await member.sees("결제가 끝났어요", anywhere=True)
    await walk.days_pass(1)  # in a month of 31 days nobody may be asked on its first one
    await host.says("/my")
    await host.taps("디즈니+")
    await host.taps("요금이 바뀌었어요")
    await host.sees("숫자로 보내 주세요")
    await host.says("15,900원")
    await host.taps("네, 파티원에게 물어볼게요")
    await walk.demo.settle_down()
    asked = await silent.sees("동의하시나요?", anywhere=True)
    require("3,475원 → 3,975원" in asked["text"], "the own amounts are not told")
    await willing.taps("동의해요", anywhere=True)
    await willing.sees("새 요금에 동의하셨어요")
    await walk.days_pass(24)
    opened = await willing.sees("요금이 나왔어요", anywhere=True)
    require("3,975원" in opened["text"], "the next bill is not at the new price")
    await silent.sees("새 요금에 답이 없어서", anywhere=True)
    await silent.sees_no("요금이 나왔어요", anywhere=True)


async def rate(walk: Walk) -> None:
    """Search by Korean, English and initials; half stars in two taps; ten titles one after another."""
    host = walk.host
    await host.says("/find 살인의 추억")
    await host.sees("봉준호")
    await host.says("/find parasite")
    await host.sees("기생충")
    await host.says("/find ㅅㅇㅇㅊㅇ")
    await host.taps("별점 주기")
    await host.taps("4.5")
    await host.toast("저장했어요")
    await host.says("/rate")
    for stars in ("5.0", "4.5", "4.0", "3.5", "2.0", "4.5", "5.0", "3.0", "4.0"):
        await host.taps(stars)
    await host.sees("다 채웠어요")


async def recommend(walk: Walk) -> None:
    """Ten titles in order, with stars and reasons, none of them rated; a rating given now changes the list now."""
    host = walk.host
    await host.says("/recommend")
    first = await _listed(host)
    require(len(first) == 10, f"not ten titles: {first}")
    await host.says(f"/find {first[0]}")
    await host.taps("별점 주기")
    await host.taps("0.5")
    await host.toast("저장했어요")
    await host.says("/recommend")
    second = await _listed(host)
    require(first[0] not in second, "a title that was just rated is recommended")
    require(second != first[1:] + second[-1:], "a rating changed nothing but its own title")


async def _listed(phone: Phone) -> list[str]:
    message = await phone.sees("예상 ★")
    return _NUMBERED.findall(message["text"])


async def books(walk: Walk) -> None:
    """Every invariant of money and seats holds."""
    async with walk.demo.two.db.read() as session:
        violations = await audit.check(session)
    require(not violations, f"{violations}")


STEPS: tuple[tuple[str, Step], ...] = (
    ("consent, age, nickname, picture, genres", get_acquainted),
    ("a party opens, with a card to share", open_party),
    ("three join by the link, the fourth finds it full", join),
    ("a closed window pays nothing, three pay", pay),
    ("access by invite checklist", get_access),
    ("the room passes words on", talk),
    ("the room chooses what to watch", choose_together),
    ("two due days: bills, reminders, a leave", next_months),
    ("a payout reaches the host", payout),
    ("a party called off, money back", money_back),
    ("a card on file pays by itself, and is stopped in two taps", card_on_file),
    ("a mind changed within a week, money back to the won", change_of_mind),
    ("search and rate", rate),
    ("recommendations that learn at once", recommend),
    ("an unpaid month: warned, suspended, freed to the next in line", unpaid),
    ("a new price: who agrees stays, who says nothing leaves without being charged", new_price),
    ("the books", books),
)


class StepFailed(Exception):
    """What a step found is not what it should be."""


def require(holds: bool, otherwise: str) -> None:
    """Raise StepFailed with a sentence unless the condition holds."""
    if not holds:
        raise StepFailed(otherwise)


def beginning(now: datetime) -> datetime:
    """Return noon of the day in Seoul: begun at night, every step would wait for the end of the quiet hours."""
    return seoul_instant(seoul_date(now), NOON)


async def walk(say: Print, *, webhook: bool = False) -> bool:
    """Play every step on a fresh demo; say a line a step; False at the first one that fails."""
    begun = time.perf_counter()
    start = beginning(SystemClock().now())
    async with demo_running(webhook=webhook, start=start) as demo, Chats(demo.telegram.url) as chats:
        say(f"ready in {time.perf_counter() - begun:.1f} s")
        state = Walk(demo, chats)
        for number, (name, step) in enumerate(STEPS, start=1):
            at = time.perf_counter()
            try:
                await step(state)
            except (StepFailed, AssertionError) as error:
                say(f"{number:2} FAILED {name}: {error}")
                return False
            say(f"{number:2} ok {name} ({time.perf_counter() - at:.1f} s)")
    say(f"main job: {len(STEPS)} steps ok in {time.perf_counter() - begun:.1f} s")
    return True
