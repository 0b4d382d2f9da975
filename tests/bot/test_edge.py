"""One tap is one transaction: repeats, refusals, bugs, lost races, an absent database, and updates of other kinds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.demo import TOKEN
from bot.edge import MOST_ATTEMPTS, Outcome, TelegramUpdate
from bot.sandbox.telegram import TelegramStandIn
from bot.screen import Replies, Screen
from bot.tap import Tap
from core.clock import ManualClock
from core.db import Database, changed
from core.errors import PartyFull
from core.people import AgeBand, Person, agree, set_nickname
from tests.bot.edging import (
    DEADLOCK,
    LOCK_TIMEOUT,
    SERVER_GONE,
    Desk,
    commits_fail,
    desk_open,
    message,
    press,
)

COPIES = 10


class Commands:
    """What the tests' own commands do; `troubles` are raised one by one before the last one works."""

    def __init__(self) -> None:
        self.troubles: list[Exception] = []

    async def grow(self, tap: Tap) -> Replies:
        """Make the nickname one letter longer: done twice, it shows."""
        longer = Person.nickname.concat("!")
        await changed(tap.session, update(Person).where(Person.id == tap.person.id).values(nickname=longer))
        if self.troubles:
            raise self.troubles.pop(0)
        return Screen("자랐어요")

    async def rename_and_refuse(self, tap: Tap) -> Replies:
        """Change the person, then find out that a rule says no."""
        await set_nickname(tap.session, tap.person, "바뀐 이름")
        raise PartyFull(party=1)

    async def agree_and_refuse(self, tap: Tap) -> Replies:
        """Let somebody agree, then find out that a rule says no."""
        tap.person_or_none = await agree(tap.session, tap.user_id, "ko", AgeBand.ADULT, tap.now)
        raise PartyFull(party=1)

    def table(self) -> dict[str, Any]:
        return {"grow": self.grow, "rename": self.rename_and_refuse, "help": self.agree_and_refuse}


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn(TOKEN) as telegram:
        yield telegram


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
async def desk(db: Database, clock: ManualClock, telegram: TelegramStandIn, commands: Commands) -> AsyncIterator[Desk]:
    async with desk_open(db, clock, telegram, commands.table()) as desk:
        yield desk


async def test_a_repeated_update_has_one_effect(desk: Desk) -> None:
    await desk.agrees(nickname="민수")

    outcomes = [await desk.edge.take(message(1, "/grow")) for _ in range(COPIES)]

    assert outcomes == [Outcome.DONE, *[Outcome.REPEAT] * (COPIES - 1)]
    assert await desk.nickname() == "민수!"
    assert len(await desk.outbox()) == 1


async def test_copies_that_come_at_once_to_two_replicas_have_one_effect(
    desk: Desk, db_url: str, clock: ManualClock, telegram: TelegramStandIn, commands: Commands
) -> None:
    await desk.agrees(nickname="민수")
    async with AsyncExitStack() as stack:
        other_db = Database(db_url)
        stack.push_async_callback(other_db.close)
        other = await stack.enter_async_context(desk_open(other_db, clock, telegram, commands.table()))

        outcomes = await asyncio.gather(*(at.edge.take(message(1, "/grow")) for at in (desk, other) * COPIES))

    assert sorted(outcomes) == [Outcome.DONE, *[Outcome.REPEAT] * (2 * COPIES - 1)]
    assert await desk.nickname() == "민수!"
    assert len(await desk.outbox()) == 1


async def test_updates_that_come_out_of_order_are_all_done(desk: Desk) -> None:
    await desk.agrees(nickname="민수")

    outcomes = [await desk.edge.take(message(update_id, "/grow")) for update_id in (3, 1, 2, 1, 3)]

    assert outcomes == [Outcome.DONE, Outcome.DONE, Outcome.DONE, Outcome.REPEAT, Outcome.REPEAT]
    assert await desk.nickname() == "민수!!!"


async def test_a_refusal_takes_the_use_case_back_and_still_answers(desk: Desk) -> None:
    person = await desk.agrees(nickname="민수")

    outcome = await desk.edge.take(message(1, "/rename"))

    assert outcome is Outcome.DONE
    assert await desk.nickname() == "민수"
    (answer,) = await desk.outbox()
    assert (answer.name, answer.person_id) == ("sendMessage", person.id)


async def test_a_refused_newcomer_leaves_nothing_but_the_answer(desk: Desk) -> None:
    outcome = await desk.edge.take(message(1, "/help"))

    assert outcome is Outcome.DONE
    assert await desk.rows(Person) == 0
    (answer,) = await desk.outbox()
    assert (answer.person_id, answer.leaves_no_trace) == (None, True)


async def test_a_bug_takes_everything_back_and_is_counted_apart(desk: Desk, commands: Commands) -> None:
    await desk.agrees(nickname="민수")
    commands.troubles = [RuntimeError("a bug"), KeyError("another")]

    outcomes = [await desk.edge.take(message(1, "/grow")) for _ in range(2)]

    assert outcomes == [Outcome.FAILED, Outcome.FAILED]
    assert await desk.nickname() == "민수"
    assert await desk.outbox() == []
    noted = await desk.noted(1)
    assert noted is not None and (noted.attempts, noted.error, noted.done_at) == (2, "KeyError", None)


async def test_a_bug_that_heals_leaves_one_effect(desk: Desk, commands: Commands) -> None:
    await desk.agrees(nickname="민수")
    commands.troubles = [RuntimeError("a bug")] * (MOST_ATTEMPTS - 1)

    outcomes = [await desk.edge.take(message(1, "/grow")) for _ in range(MOST_ATTEMPTS + 1)]

    assert outcomes == [*[Outcome.FAILED] * (MOST_ATTEMPTS - 1), Outcome.DONE, Outcome.REPEAT]
    assert await desk.nickname() == "민수!"


async def test_after_five_attempts_a_bug_is_a_dead_letter_with_an_answer(desk: Desk, commands: Commands) -> None:
    await desk.agrees(nickname="민수")
    commands.troubles = [RuntimeError("a bug")] * 9

    outcomes = [await desk.edge.take(message(1, "/grow")) for _ in range(MOST_ATTEMPTS + 1)]

    assert outcomes == [*[Outcome.FAILED] * (MOST_ATTEMPTS - 1), Outcome.DEAD, Outcome.REPEAT]
    assert await desk.nickname() == "민수"
    alert, answer = await desk.outbox()
    assert (alert.name, alert.data) == ("alerts.dead_update", {"update": 1, "error": "RuntimeError"})
    assert "문제" in answer.data["text"] or "죄송" in answer.data["text"]
    assert await desk.says("/grow") is Outcome.FAILED  # and others are still heard


async def test_a_bug_in_the_router_itself_is_no_success(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.agrees()

    def broken(*_: object) -> None:
        raise RuntimeError("a filter that breaks")

    monkeypatch.setattr("telegram.ext.CommandHandler.check_update", broken)

    assert await desk.edge.take(message(1, "/grow")) is Outcome.FAILED


@pytest.mark.parametrize("error", [DEADLOCK, LOCK_TIMEOUT], ids=["deadlock", "lock time-out"])
async def test_a_race_lost_at_the_commit_is_run_again_as_a_whole(desk: Desk, error: Exception) -> None:
    await desk.agrees(nickname="민수")

    with commits_fail(desk.db, error, times=2) as failed:
        outcome = await desk.edge.take(message(1, "/grow"))

    assert (outcome, len(failed)) == (Outcome.DONE, 2)
    assert await desk.nickname() == "민수!"
    assert len(await desk.outbox()) == 1


async def test_a_race_lost_every_time_is_no_bug_and_comes_again(desk: Desk) -> None:
    await desk.agrees(nickname="민수")

    with commits_fail(desk.db, DEADLOCK, times=None):
        outcomes = [await desk.edge.take(message(1, "/grow")) for _ in range(2)]
    noted = await desk.noted(1)
    later = await desk.edge.take(message(1, "/grow"))

    assert outcomes == [Outcome.AWAY, Outcome.AWAY]
    assert noted is None
    assert later is Outcome.DONE
    assert await desk.nickname() == "민수!"


async def test_nothing_is_lost_or_doubled_while_the_database_is_away(desk: Desk, commands: Commands) -> None:
    await desk.agrees(nickname="민수")

    with commits_fail(desk.db, SERVER_GONE, times=None):
        away = await desk.edge.take(message(1, "/grow"))
        commands.troubles = [RuntimeError("a bug while nothing can be counted")]
        uncounted = await desk.edge.take(message(2, "/grow"))
    back = [await desk.edge.take(message(update_id, "/grow")) for update_id in (1, 2, 1)]

    assert (away, uncounted) == (Outcome.AWAY, Outcome.AWAY)
    assert back == [Outcome.DONE, Outcome.DONE, Outcome.REPEAT]
    assert await desk.nickname() == "민수!!"


async def test_a_copy_that_fails_after_another_one_came_through_is_not_called_dead(
    desk: Desk, commands: Commands
) -> None:
    await desk.agrees(nickname="민수")
    commands.troubles = [RuntimeError("a bug")]
    await desk.edge.take(message(1, "/grow"))
    await desk.edge.take(message(1, "/grow"))

    for _ in range(MOST_ATTEMPTS):
        async with desk.db.write() as session:
            late = await desk.edge._count_failure(session, 1, message(1, "/grow"), RuntimeError("late"))
        assert late is Outcome.REPEAT

    noted = await desk.noted(1)
    assert noted is not None and noted.dead_at is None and noted.done_at is not None


PERSON = message(1, "")["message"]["from"]
GROUP = {"id": -100200300, "type": "supergroup", "title": "우리 방"}
MEMBERSHIP = {
    "chat": GROUP,
    "from": PERSON,
    "date": 1_795_000_000,
    "old_chat_member": {"status": "left", "user": {"id": 1, "is_bot": True, "first_name": "TWO"}},
    "new_chat_member": {"status": "member", "user": {"id": 1, "is_bot": True, "first_name": "TWO"}},
}
OTHERS: dict[str, dict[str, Any]] = {
    "a kind of a newer Bot API": {"quantum_message": {"chat": {"id": 1}, "flux": True}},
    "no kind at all": {},
    "a channel's post": {"channel_post": message(1, "소식")["message"] | {"chat": GROUP | {"type": "channel"}}},
    "a message in a group": {"message": message(1, "/start")["message"] | {"chat": GROUP}},
    "an edit in a group": {"edited_message": message(1, "/start")["message"] | {"chat": GROUP, "edit_date": 1}},
    "a message without a sender": {"message": {k: v for k, v in message(1, "x")["message"].items() if k != "from"}},
    "another bot": {"message": message(1, "/start")["message"] | {"from": PERSON | {"is_bot": True}}},
    "an inline query": {"inline_query": {"id": "1", "from": PERSON, "query": "영화", "offset": ""}},
    "a poll": {"poll": {
        "id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": True, "is_anonymous": True,
        "type": "regular", "allows_multiple_answers": False, "allows_revoting": True, "members_only": False,
    }},
    "a pinned message": {"message": message(1, "")["message"] | {
        "text": None, "pinned_message": message(2, "이것")["message"],
    }},
    "the bot enters a group": {"my_chat_member": MEMBERSHIP},
    "a press without its message": {"callback_query": {
        "id": "1", "from": PERSON, "chat_instance": "1", "data": "go:help", "inline_message_id": "abc",
    }},
}  # fmt: skip


@pytest.mark.parametrize("known", [False, True], ids=["stranger", "member"])
async def test_updates_that_are_not_for_us_do_no_harm(desk: Desk, known: bool) -> None:
    if known:
        await desk.agrees()

    outcomes = {
        name: await desk.edge.take({"update_id": number, **body}) for number, (name, body) in enumerate(OTHERS.items())
    }

    assert outcomes == dict.fromkeys(OTHERS, Outcome.DONE)
    assert await desk.outbox() == []
    assert await desk.nickname() == ("민수" if known else None)
    assert await desk.says("/start") is Outcome.DONE


async def test_fields_of_a_newer_bot_api_change_nothing(desk: Desk) -> None:
    await desk.agrees(nickname="민수")

    outcome = await desk.edge.take(message(1, "/grow", quantum={"flux": [1]}) | {"entangled": True})

    assert outcome is Outcome.DONE
    assert await desk.nickname() == "민수!"


async def test_an_edited_command_is_not_run_again(desk: Desk) -> None:
    await desk.agrees(nickname="민수")
    edited = {"update_id": 2, "edited_message": message(2, "/grow")["message"] | {"edit_date": 1_795_000_100}}

    outcomes = [await desk.edge.take(message(1, "/grow")), await desk.edge.take(edited)]

    assert outcomes == [Outcome.DONE, Outcome.DONE]
    assert await desk.nickname() == "민수!"


@pytest.mark.parametrize("body", [{"message": 7}, {"message": {"message_id": 5}}, {"callback_query": {"id": "1"}}])
async def test_what_cannot_be_read_is_dead_after_five_attempts(desk: Desk, body: dict[str, Any]) -> None:
    outcomes = [await desk.edge.take({"update_id": 1, **body}) for _ in range(MOST_ATTEMPTS + 1)]

    assert outcomes == [*[Outcome.FAILED] * (MOST_ATTEMPTS - 1), Outcome.DEAD, Outcome.REPEAT]
    assert [row.name for row in await desk.outbox()] == ["alerts.dead_update"]


@pytest.mark.parametrize("update_id", [None, "7", 1.5, True, [1]])
async def test_an_update_without_a_number_is_dropped_at_once(desk: Desk, update_id: object) -> None:
    assert await desk.edge.take({"update_id": update_id, "message": {}}) is Outcome.DEAD
    assert await desk.rows(TelegramUpdate) == 0


async def test_nothing_that_people_wrote_is_kept_with_the_update(desk: Desk, commands: Commands) -> None:
    await desk.agrees()
    commands.troubles = [RuntimeError("비밀 이야기")] * MOST_ATTEMPTS

    for _ in range(MOST_ATTEMPTS):
        await desk.edge.take(message(1, "/grow 비밀 이야기"))

    noted = await desk.noted(1)
    assert noted is not None
    assert "비밀" not in repr({column.name: getattr(noted, column.name) for column in TelegramUpdate.__table__.columns})


async def test_blocking_and_unblocking_are_remembered(desk: Desk) -> None:
    person = await desk.agrees()

    def moved(update_id: int, after: str) -> dict[str, Any]:
        chat = message(1, "")["message"]["chat"]
        member = MEMBERSHIP["new_chat_member"]["user"]
        until = {"until_date": 0} if after == "kicked" else {}
        body = MEMBERSHIP | {"chat": chat, "new_chat_member": {"status": after, "user": member, **until}}
        return {"update_id": update_id, "my_chat_member": body}

    async def reachable() -> bool | None:
        async with desk.db.read() as session:
            return await session.scalar(select(Person.reachable).where(Person.id == person.id))

    seen = []
    for update_id, after in enumerate(("kicked", "member", "kicked")):
        assert await desk.edge.take(moved(update_id, after)) is Outcome.DONE
        seen.append(await reachable())
    await desk.says("/start")  # pressing Start lifts a block, too
    seen.append(await reachable())

    assert seen == [False, True, False, True]


async def test_a_button_always_gets_its_answer_and_the_first_toast_counts(desk: Desk) -> None:
    await desk.agrees()

    await desk.edge.take(press(1, "nobody:knows:this"))

    answers = [row for row in await desk.outbox() if row.name == "answerCallbackQuery"]
    assert [row.data["callback_query_id"] for row in answers] == ["q1"]


async def test_a_commit_is_followed_by_a_nudge(desk: Desk) -> None:
    await desk.agrees()

    await desk.says("/start")

    assert desk.nudges == [None]
