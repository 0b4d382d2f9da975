"""What operators must see: told once an hour in their chat, or in the log."""

from __future__ import annotations

from sqlalchemy import select
from structlog.testing import capture_logs

from bot.sender import Sender
from core.alerts import alert, purge_alerts
from core.leases import Lease
from core.outbox import SendState
from tests.bot.sender.posting import Post, shown, word


async def test_what_operators_must_see_reaches_their_chat_once_an_hour(post: Post) -> None:
    chat, _ = await post.person("당직")
    sender = Sender(post.sender._bot, post.db, post.clock, word, alert_chat=chat.id)
    told: list[bool] = []
    for minutes in (0, 10, 49, 2):
        await post.passes(60 * minutes)
        async with post.db.write() as session:
            told.append(await alert(session, post.clock.now(), "odd", 7, text=f"고장 {len(told)}"))
    async with post.db.write() as session:
        assert await alert(session, post.clock.now(), "odd", 8, text="다른 고장")

    while await sender.send_waiting():
        pass

    assert told == [True, False, False, True]
    assert await shown(chat) == ["고장 0", "고장 3", "다른 고장"]
    assert await post.states() == [SendState.SENT] * 3


async def test_without_an_alert_chat_the_log_says_it(post: Post) -> None:
    async with post.db.write() as session:
        await alert(session, post.clock.now(), "odd", text="고장")

    with capture_logs() as logged:
        await post.send_all()

    assert [(line["log_level"], line["name"], line["text"]) for line in logged if line["event"] == "alert"] == [
        ("critical", "alerts.odd", "고장")
    ]
    assert await post.states() == [SendState.DROPPED]


async def test_an_alert_that_cannot_be_delivered_is_logged(post: Post) -> None:
    sender = Sender(post.sender._bot, post.db, post.clock, word, alert_chat=-100_999)
    async with post.db.write() as session:
        await alert(session, post.clock.now(), "odd", text="고장")

    with capture_logs() as logged:
        while await sender.send_waiting():
            pass

    (line,) = [line for line in logged if line["event"] == "alert"]
    assert (line["name"], line["text"]) == ("alerts.odd", "고장")
    assert await post.states() == [SendState.DEAD]


async def test_what_may_be_told_again_is_forgotten(post: Post) -> None:
    async with post.db.write() as session:
        await alert(session, post.clock.now(), "odd", text="고장")
    await post.passes(3601)

    await post.db.transact(purge_alerts, post.clock.now())

    async with post.db.read() as session:
        assert await session.scalar(select(Lease.name).where(Lease.name.startswith("alert-"))) is None
