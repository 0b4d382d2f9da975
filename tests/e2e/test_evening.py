"""Choosing together in a party's room, over the stand-in's HTTP: three people, a veto, a pick, and the next evening."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import pytest

from bot.sandbox.catalogue import load_titles
from bot.sandbox.chats import Phone
from core.titles import add_ratings, import_titles
from tests.core.rooms.building import make_party
from tests.e2e.test_room import consenting
from tests.e2e.world import World

TITLES = load_titles()
LINE = re.compile(r"^\d+\. (.+?) \(\d{4}\) · .+\n(.+)$", re.MULTILINE)


@dataclass
class Living:
    """A host and two members of a party with an open room; each has rated what they like."""

    world: World
    minsu: Phone
    haneul: Phone
    bada: Phone


@pytest.fixture
async def living(world: World) -> Living:
    demo = world.demo
    (minsu, host), (haneul, first), (bada, second) = [
        await consenting(world, name) for name in ("민수", "하늘", "바다")
    ]
    liked = {host: {"action"}, first: {"romance", "animation"}, second: {"horror", "thriller"}}
    async with demo.two.db.write() as session:
        await import_titles(session, [asdict(title) for title in TITLES], demo.now())
        rows = [
            (person.id, title.id, 10 if genres & set(title.genres) else 3)
            for at, (person, genres) in enumerate(liked.items())
            for title in TITLES[at:90:3]
        ]
        await add_ratings(session, rows, demo.now())
    await make_party(demo.two.db, demo.clock, first, second, host=host)
    await world.settled()
    return Living(world, minsu, haneul, bada)


async def shown(phone: Phone) -> dict[str, dict[str, float]]:
    """Return the titles on the newest list of the room, with everybody's stars."""
    text = (await phone.sees("오늘은 이걸로", anywhere=True))["text"]
    return {
        name: {one.rsplit(" ", 1)[0]: float(one.rsplit(" ", 1)[1]) for one in line.split(" · ")}
        for name, line in LINE.findall(text)
    }


async def test_three_choose_together_and_who_gave_way_counts_more_next_time(living: Living) -> None:
    minsu, haneul, bada = living.minsu, living.haneul, living.bada

    # in the room the command is the room's; nobody's taste is shown before they agree
    await minsu.says("/room")
    await minsu.sees("대화방에 들어왔어요")
    await minsu.says("/recommend")
    await minsu.sees("내가 준 별점과 내가 빼 둔 작품은 보이지 않아요")
    await minsu.taps("좋아요, 같이 고를게요")
    first = await shown(minsu)
    assert len(first) == 5
    assert {frozenset(stars) for stars in first.values()} == {frozenset({"민수"})}
    await minsu.taps("바다 (아직)")
    await minsu.toast("바다님이 직접 이름을 눌러야 함께할 수 있어요")

    # the others join from the message that came to them
    for phone, name in ((haneul, "하늘"), (bada, "바다")):
        await phone.sees("오늘 같이 볼 작품", anywhere=True)
        await phone.taps(f"{name} (아직)", anywhere=True)
        await phone.taps("좋아요, 같이 고를게요")
        await phone.sees(f"✓ {name}")
    for phone in (minsu, haneul):
        await phone.sees("같이 보는 사람: 민수, 하늘, 바다", anywhere=True)
    all_three = await shown(haneul)
    assert await shown(minsu) == all_three
    assert all(set(stars) == {"민수", "하늘", "바다"} for stars in all_three.values())

    # a veto takes the title off everybody's list and is counted
    vetoed = next(iter(all_three))
    await haneul.taps("🙅 1", anywhere=True)
    await haneul.toast(f"‘{vetoed}’, 오늘은 뺐어요.")
    await bada.sees("오늘 뺀 작품 1개 (하늘 1)", anywhere=True)
    assert vetoed not in await shown(bada)
    assert len(await shown(bada)) == 5

    # one pick closes it for everybody; an old button changes nothing
    picked = next(iter(await shown(bada)))
    await bada.taps("✅ 1", anywhere=True)
    await bada.sees("🎬 오늘은 이걸로!")
    for phone in (minsu, haneul):
        await phone.sees("🎬 오늘은 이걸로!", anywhere=True)
    evening = await living.world.newest("evening")
    await haneul.says("/help")
    await haneul.forges(f"eveno:{evening}:{TITLES[0].id}")
    await haneul.toast("이번 고르기는 끝났어요.")

    # next time the one who got least is counted more, openly
    least = await living.world.scalar(
        "SELECT nickname FROM evening_seat JOIN person ON person.id = evening_seat.person_id ORDER BY got LIMIT 1"
    )
    await minsu.says("/recommend")
    told = await minsu.sees("지난번에 양보한")
    assert picked not in await shown(minsu)
    assert least in re.findall(r"지난번에 양보한 (.+?)님", told["text"])[0].split(", ")


async def test_who_hides_their_taste_again_is_gone_from_the_list_at_once(living: Living) -> None:
    minsu, haneul = living.minsu, living.haneul
    await minsu.taps("👥 같이 볼 작품", anywhere=True)
    await minsu.taps("좋아요, 같이 고를게요")
    await haneul.taps("하늘 (아직)", anywhere=True)
    await haneul.taps("좋아요, 같이 고를게요")
    await minsu.sees("같이 보는 사람: 민수, 하늘", anywhere=True)

    await haneul.says("/settings")
    await haneul.taps("대화방에서 내 예상 별점")
    await haneul.taps("끄기")
    await haneul.sees("보이기: 끔")

    await minsu.sees("같이 보는 사람: 민수\n", anywhere=True)
    assert all(set(stars) == {"민수"} for stars in (await shown(minsu)).values())


async def test_without_a_room_the_command_is_for_one(living: Living) -> None:
    loner = await living.world.grown_up("지우")

    await loner.says("/recommend")
    await loner.sees("예상 ★")
    await loner.sees_no("같이 볼 작품")
    await loner.forges("eves")
    await loner.sees("아직 함께 볼 파티원이 없어요")
