"""One tap is one transaction: repeat check, savepoint, whole-tap retry, dead letters.

Telegram is the durable queue: an update is answered only after its effect is committed, and comes again otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import BigInteger, String, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from telegram import Message, Update
from telegram.ext import Application, CallbackContext, filters

from bot.screen import TOAST_CHARACTERS, Delete, Edit, Replies, Reply, Say, Screen, Toast
from bot.tap import Surroundings, Tap, current_tap
from bot.texts import SPEECH, language_of
from bot.views import errors as error_views
from core.alerts import alert
from core.clock import Clock
from core.db import Base, Database, UtcDateTime, changed, database_away, may_repeat
from core.errors import BusinessError
from core.outbox import call
from core.people import find_person, mark_reachable, mark_unreachable

log = structlog.get_logger(__name__)
MOST_ATTEMPTS = 5


class Outcome(StrEnum):
    """What became of an update; only AWAY and FAILED want it again."""

    DONE = "done"
    REPEAT = "repeat"
    DEAD = "dead"
    FAILED = "failed"
    AWAY = "away"


class TelegramUpdate(Base):
    """An update that was dealt with (`done_at`), or that failed `attempts` times; never its content."""

    __tablename__ = "telegram_update"

    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(120))


class Edge:
    """Takes updates one by one from the webhook or from polling."""

    def __init__(
        self,
        application: Application[Any, Any, Any, Any, Any, Any],
        db: Database,
        clock: Clock,
        around: Surroundings,
        nudge: Callable[[], None],
    ) -> None:
        self._application = application
        self._db = db
        self._clock = clock
        self._around = around
        self._nudge = nudge
        # What fails in the router itself, before or between handlers, would only be logged there.
        application.add_error_handler(_note_error)

    async def take(self, payload: dict[str, Any]) -> Outcome:
        """Deal with one update; DONE and REPEAT only after the commit."""
        update_id = payload.get("update_id")
        if type(update_id) is not int:
            return Outcome.DEAD
        try:
            outcome = await self._db.transact(self._tap, update_id, payload)
        except Exception as error:
            return await self._failed(update_id, payload, error)
        self._nudge()
        return outcome

    async def _tap(self, session: AsyncSession, update_id: int, payload: dict[str, Any]) -> Outcome:
        now = self._clock.now()
        if not await _first_time(session, update_id, now):
            return Outcome.REPEAT
        update_ = Update.de_json(payload, self._application.bot)
        tap = await self._prepare(session, update_, now)
        if tap is None:
            return Outcome.DONE
        token = current_tap.set(tap)
        try:
            try:
                async with session.begin_nested():
                    await self._application.process_update(update_)
                    if tap.error is not None:
                        raise tap.error
                    await session.flush()
            except BusinessError as error:
                # Read again: the rollback emptied the person, or took away one who has just agreed.
                tap.person_or_none = await find_person(session, tap.user_id)
                replies = error_views.word(tap, error)
            else:
                replies = tap.replies
        finally:
            current_tap.reset(token)
        say(tap, replies)
        return Outcome.DONE

    async def _prepare(self, session: AsyncSession, update_: Update, now: datetime) -> Tap | None:
        user, chat = update_.effective_user, update_.effective_chat
        if update_.my_chat_member is not None and chat is not None and chat.type == "private":
            blocked = update_.my_chat_member.new_chat_member.status in {"kicked", "left"}
            await (mark_unreachable if blocked else mark_reachable)(session, chat.id)
            return None
        if user is None or chat is None or chat.type != "private" or user.is_bot:
            return None
        if filters.StatusUpdate.ALL.check_update(update_):
            return None  # somebody pinned something or changed a setting of the chat: nothing was said to us
        person = await find_person(session, user.id)
        if person is not None and not person.reachable:
            await mark_reachable(session, user.id)
        message = update_.effective_message
        query = update_.callback_query
        shown = message if isinstance(message, Message) else None
        return Tap(
            session=session,
            now=now,
            around=self._around,
            say=SPEECH[person.language if person else language_of(user.language_code)],
            user_id=user.id,
            chat_id=chat.id,
            message_id=message.message_id if message else None,
            person_or_none=person,
            text=(shown.text or shown.caption or "") if shown and query is None else "",
            callback_query_id=query.id if query else None,
            photo_file_id=shown.photo[-1].file_id if shown and shown.photo and query is None else None,
            is_plain_text=bool(shown and shown.text) and query is None,
            update=update_,
        )

    async def _failed(self, update_id: int, payload: dict[str, Any], error: Exception) -> Outcome:
        if database_away(error) or may_repeat(error):
            # Gone, or too busy even for the retries: nobody's bug, and Telegram will ask again.
            log.warning("database_away", update_id=update_id, error=type(error).__name__)
            return Outcome.AWAY
        log.exception("tap_failed", update_id=update_id, exc_info=error)
        try:
            outcome = await self._db.transact(self._count_failure, update_id, payload, error)
        except Exception as second:
            log.warning("failure_not_counted", update_id=update_id, error=type(second).__name__)
            return Outcome.AWAY
        if outcome is Outcome.DEAD:
            self._nudge()
        return outcome

    async def _count_failure(
        self, session: AsyncSession, update_id: int, payload: dict[str, Any], error: Exception
    ) -> Outcome:
        now = self._clock.now()
        row = await session.get(TelegramUpdate, update_id, with_for_update=True)
        if row is None:
            row = TelegramUpdate(update_id=update_id, attempts=0)
            session.add(row)
        if row.done_at is not None:
            return Outcome.REPEAT  # another copy came through meanwhile
        row.attempts += 1
        row.error = type(error).__name__[:120]
        if row.attempts < MOST_ATTEMPTS:
            return Outcome.FAILED
        row.dead_at = now
        await alert(session, now, "dead_update", row.error, update=update_id, error=row.error)
        try:
            async with session.begin_nested():
                tap = await self._prepare(session, Update.de_json(payload, self._application.bot), now)
                if tap is not None:
                    say(tap, error_views.bug(tap))
        except Exception as second:
            if database_away(second) or may_repeat(second):
                raise
            # What cannot even be read cannot be answered, but it must not come back for a day.
            log.warning("dead_letter_unanswered", update_id=update_id, error=type(second).__name__)
        return Outcome.DEAD


async def _note_error(_: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
    tap = current_tap.get(None)
    if tap is not None and tap.error is None:
        tap.error = context.error


async def _first_time(session: AsyncSession, update_id: int, now: datetime) -> bool:
    try:
        async with session.begin_nested():
            session.add(TelegramUpdate(update_id=update_id, attempts=0, done_at=now))
    except IntegrityError:
        known = await session.execute(
            select(TelegramUpdate.done_at, TelegramUpdate.dead_at).where(TelegramUpdate.update_id == update_id)
        )
        # Looked at before it is written to: many copies at once that all ask for the row's lock would deadlock.
        if any(at is not None for row in known for at in row):
            return False
        # A row that is neither done nor dead only counts earlier failures.
        again = update(TelegramUpdate).where(
            TelegramUpdate.update_id == update_id, TelegramUpdate.done_at.is_(None), TelegramUpdate.dead_at.is_(None)
        )
        return await changed(session, again.values(done_at=now)) == 1
    return True


def say(tap: Tap, replies: Replies) -> None:
    """Queue the answer to a tap; a button always gets its answer, so that its spinner stops."""
    listed = [replies] if isinstance(replies, Reply) else list(replies or [])
    toasts = [reply for reply in listed if isinstance(reply, Toast)]
    if tap.callback_query_id is not None:
        answer: dict[str, Any] = {"callback_query_id": tap.callback_query_id}
        if toasts:
            answer |= {"text": toasts[0].text[:TOAST_CHARACTERS], "show_alert": toasts[0].alert}
        call(tap.session, tap.now, tap.chat_id, "answerCallbackQuery", answer, leaves_no_trace=True)
    for reply in listed:
        match reply:
            case Toast(text=text) if tap.callback_query_id is None:
                _show(tap, Screen(text))
            case Edit(screen=screen):
                _show(tap, screen, edits=tap.message_id if tap.callback_query_id is not None else None)
            case Say(screen=screen, on_sent=on_sent):
                _show(tap, screen, on_sent=on_sent)
            case Delete():
                gone = {"chat_id": tap.chat_id, "message_id": tap.message_id}
                call(tap.session, tap.now, tap.chat_id, "deleteMessage", gone)
            case Screen():
                _show(tap, reply)
            case _:
                pass


def _show(tap: Tap, screen: Screen, *, edits: int | None = None, on_sent: Any = None) -> None:
    method, data = screen.method(tap.chat_id, edits)
    person = tap.person_or_none
    call(
        tap.session,
        tap.now,
        tap.chat_id,
        method,
        data,
        person_id=person.id if person else None,
        on_sent=on_sent,
        leaves_no_trace=person is None,
    )
