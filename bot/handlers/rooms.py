"""The room: entering, leaving, who is here, and words that are passed on."""

from __future__ import annotations

from telegram import Message

from bot import dialog
from bot.screen import Replies, Say
from bot.tap import Tap
from bot.views import rooms as views
from bot.views.relayed import Form, Heard
from core import rooms as core
from core.errors import InvalidInput, Suspended

CAPTIONED = ("photo", "video", "animation", "audio", "document", "voice")
BARE = ("sticker", "video_note")


async def room(tap: Tap) -> Replies:
    """Enter the room when there is only one; otherwise ask which."""
    doors = await core.doors(tap.session, tap.person.id)
    if not doors:
        return Say(views.none_yet(tap.say))
    if len(doors) > 1:
        return Say(views.choose(tap.say, doors))
    return await _enter(tap, doors[0].subject.party_id)


async def enter(tap: Tap) -> Replies:
    """Enter the room of a party (`room:<party>`)."""
    return await _enter(tap, tap.number(0))


async def _enter(tap: Tap, party_id: int) -> Replies:
    door = await core.enter(tap.session, tap.person.id, party_id, tap.now)
    # Whoever enters means to talk: their next words answer no older question.
    await dialog.forget(tap.session, tap.person.id)
    return Say(views.entered(tap.say, door.subject, await core.guests(tap.session, door.room)))


async def leave(tap: Tap) -> Replies:
    """Leave the room that the person is in."""
    return Say(views.left(tap.say, was_inside=await core.leave_room(tap.session, tap.person.id)))


async def who(tap: Tap) -> Replies:
    """Say who is in the room that the person is in."""
    door = next((one for one in await core.doors(tap.session, tap.person.id) if one.inside), None)
    if door is None:
        return Say(views.left(tap.say, was_inside=False))
    return Say(views.who(tap.say, door.subject, await core.guests(tap.session, door.room)))


async def hear(tap: Tap) -> Replies:
    """Pass words on to the room that the person is in; None when they are for no room, () when nothing is to say."""
    message = _message(tap)
    entered = await core.present_room(tap.session, tap.person.id)
    if entered is None:
        silenced = await core.silenced_room(tap.session, tap.person.id)
        if silenced is not None:
            raise Suspended(party=silenced.party_id)
        return await _outside(tap, message)
    heard = _heard(tap, message)
    if heard is None:
        raise InvalidInput(field="room_kind", rule="kind")
    if core.looks_like_credentials(heard.words):
        raise InvalidInput(field="room_secret", rule="credentials")
    if heard.too_long():
        raise InvalidInput(field="room_length", rule="length", most=heard.longest())
    answered = message.reply_to_message
    reached = await core.relay(
        tap.session,
        tap.person,
        entered,
        message.message_id,
        heard.calls,
        tap.now,
        replies_to=answered.message_id if answered else None,
    )
    return () if reached else Say(views.nobody_reached(tap.say))


async def _outside(tap: Tap, message: Message) -> Replies:
    answered = message.reply_to_message
    if answered is None:
        return None
    origin = await core.room_of_copy(tap.session, tap.person.id, answered.message_id)
    doors = await core.doors(tap.session, tap.person.id) if origin else []
    door = next((one for one in doors if origin and one.room.id == origin.id), None)
    return None if door is None else Say(views.outside(tap.say, door.subject))


async def edited(tap: Tap) -> Replies:
    """Change the copies of a passed-on message whose author changed it; other changes mean nothing."""
    if tap.person_or_none is None:
        return None
    message = _message(tap)
    origin = await core.passed_on(tap.session, tap.person.id, message.message_id)
    heard = _heard(tap, message)
    if origin is None or heard is None or heard.form is Form.BARE:
        return None
    if core.looks_like_credentials(heard.words):
        return Say(views.edit_held_back(tap.say))
    if heard.too_long():
        return Say(views.edit_too_long(tap.say, heard.longest()))
    await core.mirror_edit(tap.session, tap.person, origin, heard.change, tap.now)
    return None


def _message(tap: Tap) -> Message:
    message = tap.update.effective_message if tap.update else None
    if message is None:
        raise InvalidInput(field="room_kind", rule="kind")
    return message


def _heard(tap: Tap, message: Message) -> Heard | None:
    if message.text:
        form = Form.TEXT
    elif any(getattr(message, kind) for kind in CAPTIONED):
        form = Form.CAPTIONED
    elif any(getattr(message, kind) for kind in BARE):
        form = Form.BARE
    else:
        return None
    nickname = tap.person.nickname or tap.say.plain("rooms.nameless")
    return Heard(form, nickname, message.text or message.caption or "", tap.chat_id, message.message_id)
