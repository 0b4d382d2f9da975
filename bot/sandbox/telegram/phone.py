"""The phone in a person's hand: what they can do with the bot, and what they see."""

from __future__ import annotations

from .files import StoredFile
from .keyboards import MAX_CALLBACK_BYTES
from .methods.profile import commands_for
from .refusals import Json
from .texts import MAX_CAPTION, MAX_TEXT, to_html, units, with_found
from .world import Chat, Message, Tap, Toast, World


class NotPossible(Exception):
    """Something the phone would not let its owner do; `missing` says that the thing meant is not there."""

    def __init__(self, why: str, *, missing: bool = False) -> None:
        super().__init__(why)
        self.missing = missing


def person_chat(world: World, person_id: int) -> Chat:
    """Return the person's chat with the bot; raises NotPossible for a stranger."""
    if person_id not in world.people:
        raise NotPossible("no such person", missing=True)
    return world.chats[person_id]


def press_start(world: World, chat: Chat, payload: str | None) -> Message:
    """Press Start, which also lifts a block; a deep link's payload travels with it."""
    if chat.blocked:
        set_blocked(world, chat, blocked=False)
    return say(world, chat, f"/start {payload}" if payload else "/start")


def say(
    world: World,
    chat: Chat,
    text: str,
    *,
    reply_to: int | None = None,
    photo: StoredFile | None = None,
    document: StoredFile | None = None,
) -> Message:
    """Send a message; a first one opens the chat just as Start does."""
    if chat.blocked:
        raise NotPossible("the bot is blocked: unblock it first")
    text = text.strip()
    has_media = photo is not None or document is not None
    _check_length(text, MAX_CAPTION if has_media else MAX_TEXT, empty_is_fine=has_media)
    if reply_to is not None and reply_to not in chat.messages:
        raise NotPossible("no such message to reply to", missing=True)
    chat.started = True
    message = Message(
        world.take_message_id(),
        chat.id,
        chat.id,
        world.timestamp(),
        text,
        with_found(text, []),
        photo=photo,
        document=document,
        reply_to=reply_to,
    )
    chat.messages[message.message_id] = message
    if chat.one_time and any(button["text"] == text for row in chat.reply_keyboard or [] for button in row):
        chat.reply_keyboard, chat.placeholder = None, None
    world.touch(chat)
    world.updates.add("message", world.message_json(message))
    return message


def edit(world: World, chat: Chat, message_id: int, text: str) -> Message:
    """Change an own message."""
    message = chat.messages.get(message_id)
    if message is None or message.sender_id != chat.id:
        raise NotPossible("no own message of that number", missing=True)
    text = text.strip()
    _check_length(text, MAX_CAPTION if message.has_media else MAX_TEXT, empty_is_fine=message.has_media)
    if text != message.text:
        message.text, message.entities = text, with_found(text, [])
        message.edit_date = world.timestamp()
        world.touch(chat)
        world.updates.add("edited_message", world.message_json(message))
    return message


def _check_length(text: str, limit: int, *, empty_is_fine: bool) -> None:
    if not text and not empty_is_fine:
        raise NotPossible("an empty message cannot be sent")
    if units(text) > limit:
        raise NotPossible(f"a message has at most {limit} characters")


def tap(world: World, chat: Chat, *, message_id: int | None, data: str | None, text: str | None) -> Json:
    """Press an inline button by its data or its label; a link or a text to copy comes back instead of a query."""
    if chat.blocked:
        raise NotPossible("the bot is blocked: unblock it first")
    newest_first = reversed(chat.messages.values())
    messages = (
        newest_first if message_id is None else [chat.messages[message_id]] if message_id in chat.messages else []
    )
    for message in messages:
        for button in (button for row in message.inline_keyboard or [] for button in row):
            if data is not None and button.get("callback_data") != data:
                continue
            if data is None and button["text"] != text:
                continue
            if "callback_data" in button:
                return {"callback_query_id": _press(world, chat, message, button["callback_data"])}
            return {key: value for key, value in button.items() if key != "text"}
    raise NotPossible("no such button is shown", missing=True)


def forge_tap(world: World, chat: Chat, data: str) -> Json:
    """Press a button that nobody was shown, as a client of one's own can: old, made up, or somebody else's."""
    message = next((one for one in reversed(chat.messages.values()) if one.sender_id == world.bot_id), None)
    if message is None or not 1 <= len(data.encode()) <= MAX_CALLBACK_BYTES:
        raise NotPossible("a tap needs a message of the bot and 1 to 64 bytes of data")
    return {"callback_query_id": _press(world, chat, message, data)}


def _press(world: World, chat: Chat, message: Message, data: str) -> str:
    one = Tap(world.take_tap_id(), chat.id, chat.id, message.message_id, data, world.now())
    world.taps[one.id] = one
    chat.pending_taps = [*filter(lambda other: world.live_tap(other.id), chat.pending_taps), one]
    world.touch(chat)
    query = {
        "id": one.id,
        "from": world.people[chat.id].user(),
        "message": world.message_json(message),
        "chat_instance": str(-3_000_000_000_000_000_000 - chat.id),
        "data": data,
    }
    world.updates.add("callback_query", query)
    return one.id


def set_blocked(world: World, chat: Chat, *, blocked: bool) -> None:
    """Block or unblock the bot; it hears of it as a change of its own membership."""
    if chat.blocked == blocked:
        return
    chat.blocked = blocked
    world.touch(chat)
    member: Json = {"status": "member", "user": world.bot_user()}
    kicked: Json = {"status": "kicked", "user": world.bot_user(), "until_date": 0}
    change = {
        "chat": world.chat_json(chat),
        "from": world.people[chat.id].user(),
        "date": world.timestamp(),
        "old_chat_member": member if blocked else kicked,
        "new_chat_member": kicked if blocked else member,
    }
    world.updates.add("my_chat_member", change)


def view(world: World, chat: Chat) -> Json:
    """Return everything the phone shows of the chat."""
    person = world.people[chat.id]
    return {
        "seq": chat.seq,
        "messages": [_message(world, chat, one) for one in chat.messages.values() if one.pinned_message is None],
        "reply_keyboard": chat.reply_keyboard,
        "placeholder": chat.placeholder,
        "pinned_message_id": chat.pinned[-1] if chat.pinned else None,
        "toasts": [_toast(toast) for toast in chat.toasts],
        "pending_taps": [
            {"callback_query_id": one.id, "message_id": one.message_id, "data": one.data}
            for one in chat.pending_taps
            if world.live_tap(one.id)
        ],
        "commands": commands_for(world.profile, chat.id, person.language_code),
        "started": chat.started,
        "blocked": chat.blocked,
    }


def _message(world: World, chat: Chat, message: Message) -> Json:
    shown: Json = {
        "message_id": message.message_id,
        "from_bot": message.sender_id == world.bot_id,
        "text": "" if message.has_media else message.text,
        "caption": message.text if message.has_media else "",
        "entities": [world.entity_json(entity) for entity in message.entities],
        "html": to_html(message.text, message.entities),
        "inline_keyboard": message.inline_keyboard or [],
        "date": message.date,
        "edit_date": message.edit_date,
        "pinned": message.message_id in chat.pinned,
        "reply_to": message.reply_to if message.reply_to in chat.messages else None,
        "reactions": [reaction.get("emoji") for reaction in message.reactions],
    }
    if message.photo:
        shown["photo_url"] = file_url(message.photo)
    if message.document:
        shown |= {"document_url": file_url(message.document), "document_name": message.document.name}
    return shown


def _toast(toast: Toast) -> Json:
    shown: Json = {
        "seq": toast.seq,
        "text": toast.text,
        "show_alert": toast.show_alert,
        "callback_query_id": toast.callback_query_id,
    }
    return shown | {"url": toast.url} if toast.url else shown


def file_url(file: StoredFile) -> str:
    """Return the address under which a phone loads a file."""
    return f"/user/files/{file.unique_id}"
