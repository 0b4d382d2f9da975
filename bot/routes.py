"""Every command, button and awaited answer, in order: the table of contents of the bot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Update
from telegram.ext import Application, CallbackContext, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from bot import dialog
from bot.handlers import (
    bills,
    cards,
    evenings,
    late,
    newparty,
    parties,
    payouts,
    people,
    prices,
    recommend,
    refunds,
    rooms,
    statement,
    titles,
    waiting,
)
from bot.handlers import filters as filter_handlers
from bot.screen import Delete, Replies
from bot.tap import Tap, current_tap
from bot.views import rooms as room_views
from core.errors import ConsentMissing, Outdated

Handle = Callable[[Tap], Awaitable[Replies]]

# name -> handler; the order is the order of the menu, `MENU` says which ones it shows.
COMMANDS: dict[str, Handle] = {
    "start": people.start,
    "newparty": newparty.newparty,
    "my": parties.my,
    "bills": bills.bills,
    "why": bills.why,
    "statement": statement.statement,
    "autopay": cards.autopay,
    "payout": payouts.payout,
    "status": payouts.status,
    "paysupport": bills.paysupport,
    "room": rooms.room,
    "leave_room": rooms.leave,
    "find": titles.find,
    "rate": titles.rate,
    "recommend": evenings.recommend,
    "settings": people.settings,
    "help": people.help_,
}
MENU = (
    "newparty", "my", "bills", "autopay", "payout", "room", "find", "rate", "recommend", "paysupport", "settings",
    "help",
)  # fmt: skip

# verb of the callback data (`verb:argument:argument`) -> handler
BUTTONS: dict[str, Handle] = {
    "agree": people.agree,
    "young": people.too_young,
    "terms": people.terms,
    "nick": people.ask_nickname,
    "pic": people.ask_picture,
    "genres": people.choose_genres,
    "skip": people.skip,
    "acquaint": people.acquaint,
    "lang": people.choose_language,
    "quiet": people.quiet_hours,
    "mute": people.mute,
    "new": newparty.choose_service,
    "newservice": newparty.choose_plan,
    "newplan": newparty.choose_seats,
    "newseats": newparty.choose_start,
    "newstart": newparty.choose_day,
    "newday": newparty.confirm,
    "newopen": newparty.open_party,
    "join": parties.join,
    "unjoin": parties.give_up,
    "line": waiting.queue_up,
    "unline": waiting.leave,
    "take": waiting.take,
    "pass": waiting.pass_on,
    "party": parties.show,
    "share": parties.share,
    "cancel": parties.ask_cancel,
    "cancelok": parties.cancel,
    "leave": parties.ask_leave,
    "leaveok": parties.leave,
    "stay": parties.stay,
    "withdraw": refunds.withdraw,
    "end": refunds.ask_end,
    "endlater": refunds.end_later,
    "endnow": refunds.ask_end_at_once,
    "endnowok": refunds.end_at_once,
    "refunds": refunds.show,
    "autopay": cards.change,
    "autopayok": cards.agree,
    "autostop": cards.ask_stop,
    "autostopok": cards.stop,
    "access": parties.access,
    "tick": parties.tick,
    "paccount": payouts.choose_bank,
    "pbank": payouts.ask_holder,
    "pcode": payouts.ask_code,
    "price": prices.price,
    "priceok": prices.propose,
    "priceyes": prices.agree,
    "priceno": prices.decline,
    "pricestop": prices.take_back,
    "bills": bills.page,
    "bill": bills.bill,
    "why": bills.why,
    "recheck": bills.recheck,
    "month": statement.month,
    "snooze": late.snooze,
    "late": late.show,
    "latewait": late.wait_longer,
    "latenudge": late.nudge,
    "latefree": late.ask_free,
    "latefreeok": late.free,
    "room": rooms.enter,
    "find": titles.find_these,
    "title": titles.show,
    "tcard": titles.card,
    "tstars": titles.stars,
    "trate": titles.give,
    "tdrop": titles.take_back,
    "rate": titles.rate_and_next,
    "rskip": titles.skip,
    "rstop": titles.stop,
    "rec": recommend.page,
    "pick": recommend.pick,
    "pwhy": recommend.why,
    "tsim": recommend.similar,
    "pseen": recommend.seen,
    "pgive": recommend.give,
    "paside": recommend.aside,
    "pback": recommend.back,
    "recme": recommend.recommend,
    "eves": evenings.choose,
    "eve": evenings.begin,
    "eveyes": evenings.agree,
    "eveshow": evenings.show,
    "evein": evenings.watch,
    "evejoin": evenings.join,
    "eveno": evenings.veto,
    "eveundo": evenings.unveto,
    "eveok": evenings.pick,
    "eveoff": evenings.call_off,
    "taste": evenings.visibility,
    "flt": filter_handlers.filters,
    "fltlist": filter_handlers.show,
    "fltoff": filter_handlers.loosen,
    "asides": filter_handlers.asides,
    "unaside": filter_handlers.unaside,
}

# question of a dialog -> handler of the words that answer it
ANSWERS: dict[str, Handle] = {
    "nickname": people.take_nickname,
    "picture": people.take_picture,
    "find": titles.take_find,
    "price": prices.take_price,
    "payout_holder": payouts.take_holder,
    "payout_number": payouts.take_number,
    "payout_code": payouts.take_code,
}
# Questions whose answers do not stay in the chat, even when they come too late.
SECRET = {"payout_number"}

# keys of the keyboard that a room shows: labels in every language -> handler; they win over a pending question
KEYS: tuple[tuple[frozenset[str], Handle], ...] = (
    (room_views.leave_labels(), rooms.leave),
    (room_views.who_labels(), rooms.who),
)


async def go(tap: Tap) -> Replies:
    """A button that stands for a command (`go:<command>`)."""
    handle = COMMANDS.get(tap.arg(0))
    if handle is None:
        raise Outdated(what="button")
    tap.args = []
    return await handle(tap)


BUTTONS["go"] = go

WITHOUT_CONSENT = {"edited", "start", "help", "agree", "young", "terms", "lang"}


async def talk(tap: Tap) -> Replies:
    """Words or a picture: the answer to a question, talk in the room, or something we did not understand."""
    waiting = await dialog.pending(tap.session, tap.person.id)
    if waiting is not None:
        if waiting.expires_at > tap.now:
            return await ANSWERS[waiting.question](tap)
        await dialog.forget(tap.session, tap.person.id)
        late = people.question_expired(tap)
        return [Delete(), late] if waiting.question in SECRET else late
    heard = await rooms.hear(tap)
    return heard if heard is not None else await people.not_understood(tap)


def add_routes(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Teach Telegram's router every route; all of them answer inside the tap's transaction."""
    for name, handle in COMMANDS.items():
        application.add_handler(CommandHandler(name, _inside_tap(name, handle), filters=filters.UpdateType.MESSAGE))
    for verb, handle in BUTTONS.items():
        application.add_handler(CallbackQueryHandler(_inside_tap(verb, handle), pattern=rf"^{verb}(:|$)"))
    application.add_handler(CallbackQueryHandler(_inside_tap("", people.unknown_button)))
    application.add_handler(
        MessageHandler(filters.UpdateType.MESSAGE & filters.COMMAND, _inside_tap("", people.unknown_command))
    )
    for labels, handle in KEYS:
        application.add_handler(
            MessageHandler(filters.UpdateType.MESSAGE & filters.Text(sorted(labels)), _inside_tap("", handle))
        )
    application.add_handler(MessageHandler(filters.UpdateType.MESSAGE, _inside_tap("", talk)))
    application.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, _inside_tap("edited", rooms.edited)))


def _inside_tap(name: str, handle: Handle) -> Callable[[Update, CallbackContext[Any, Any, Any, Any]], Any]:
    async def run(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        tap = current_tap.get()
        query = update.callback_query
        tap.args = (query.data or "").split(":")[1:] if query else list(context.args or [])
        try:
            if tap.person_or_none is None and name not in WITHOUT_CONSENT:
                raise ConsentMissing(payload="")
            tap.replies = await handle(tap)
        except Exception as error:
            tap.error = error

    return run
