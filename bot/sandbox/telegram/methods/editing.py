"""Methods that change or take away what is already in a chat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..calls import Call
from ..keyboards import Rows, read_markup
from ..refusals import Json, bad_request
from ..texts import MAX_CAPTION, formatted
from ..world import Chat, Message, World
from .sending import file_of, message_caption, message_text

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)
DELETABLE_FOR = timedelta(hours=48)
_EMOJI = """
❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕
😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡
"""
REACTIONS = frozenset(_EMOJI.split())


def edit_message_text(world: World, call: Call) -> Json:
    """Give a message of the bot another text; without reply_markup its buttons go."""
    text, entities = message_text(call)

    def change(message: Message) -> None:
        if message.has_media:
            raise bad_request("there is no text in the message to edit")
        message.text, message.entities = text, entities
        message.options.pop("link_preview_options", None)
        preview = call.structured("link_preview_options", "link preview options")
        if preview and any(entity["type"] in ("url", "text_link") for entity in entities):
            message.options["link_preview_options"] = preview

    return _edit(world, call, change)


def edit_message_caption(world: World, call: Call) -> Json:
    """Give a picture or file of the bot another caption; without reply_markup its buttons go."""
    text, entities = message_caption(call)

    def change(message: Message) -> None:
        if not message.has_media:
            raise bad_request("there is no caption in the message to edit")
        message.text, message.entities = text, entities

    return _edit(world, call, change)


def edit_message_reply_markup(world: World, call: Call) -> Json:
    """Give a message of the bot other buttons, or none."""
    return _edit(world, call, lambda message: None)


def edit_message_media(world: World, call: Call) -> Json:
    """Put another picture or file, with its caption, into a message of the bot."""
    media = call.structured("media", "media")
    if not isinstance(media, dict) or media.get("type") not in ("photo", "document"):
        raise bad_request("can't parse InputMedia: type must be photo or document")
    kind = str(media["type"])
    file = file_of(world, call, kind, media.get("media", ""))
    parse_mode, spans = str(media.get("parse_mode") or ""), media.get("caption_entities")
    text, entities = formatted(str(media.get("caption") or ""), parse_mode, spans, limit=MAX_CAPTION)

    def change(message: Message) -> None:
        message.photo, message.document = (file, None) if kind == "photo" else (None, file)
        message.text, message.entities = text, entities

    return _edit(world, call, change)


def _edit(world: World, call: Call, change: Callable[[Message], None]) -> Json:
    markup = read_markup(call.structured("reply_markup", "reply keyboard markup"))
    chat = world.chat(call.params.get("chat_id"))
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender_id != world.bot_id or message.had_input_markup or message.pinned_message is not None:
        raise bad_request("message can't be edited")
    before = _content(message)
    change(message)
    message.inline_keyboard = markup.inline
    if _content(message) == before:
        raise bad_request(NOT_MODIFIED)
    message.edit_date = world.timestamp()
    world.touch(chat)
    return world.message_json(message)


def _content(message: Message) -> tuple[str, list[Json], str | None, Rows | None, Json | None]:
    file = message.photo or message.document
    preview = message.options.get("link_preview_options")
    return message.text, message.entities, file.file_id if file else None, message.inline_keyboard, preview


def delete_message(world: World, call: Call) -> bool:
    """Delete one message for both sides."""
    chat = world.chat(call.params.get("chat_id"))
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if not _is_deletable(world, message):
        raise bad_request("message can't be deleted for everyone")
    _forget(world, chat, [message.message_id])
    return True


def delete_messages(world: World, call: Call) -> bool:
    """Delete up to a hundred messages; missing ones are passed over."""
    chat = world.chat(call.params.get("chat_id"))
    ids = call.structured("message_ids", "message identifiers")
    if not isinstance(ids, list) or not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > 100:
        raise bad_request("too many message identifiers specified")
    found = [chat.messages[number] for number in ids if number in chat.messages]
    _forget(world, chat, [message.message_id for message in found if _is_deletable(world, message)])
    return True


def _is_deletable(world: World, message: Message) -> bool:
    return world.now() - datetime.fromtimestamp(message.date, UTC) < DELETABLE_FOR


def _forget(world: World, chat: Chat, ids: list[int]) -> None:
    for number in ids:
        del chat.messages[number]
        if number in chat.pinned:
            chat.pinned.remove(number)
    world.touch(chat)


def pin_chat_message(world: World, call: Call) -> bool:
    """Pin a message; the bot, too, hears of the service message this makes."""
    chat = world.writable_chat(call.params.get("chat_id"))
    number = call.integer("message_id")
    if number not in chat.messages or chat.messages[number].pinned_message is not None:
        raise bad_request("message to pin not found")
    if number in chat.pinned:
        # Pinning twice is accepted and changes nothing.
        return True
    chat.pinned.append(number)
    notice = Message(world.take_message_id(), chat.id, world.bot_id, world.timestamp(), pinned_message=number)
    chat.messages[notice.message_id] = notice
    world.updates.add("message", world.message_json(notice))
    world.touch(chat)
    return True


def unpin_chat_message(world: World, call: Call) -> bool:
    """Unpin one message, the newest pinned one unless told."""
    chat = world.chat(call.params.get("chat_id"))
    number = call.integer("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if number not in chat.messages or (number not in chat.pinned and "message_id" not in call.params):
        raise bad_request("message to unpin not found")
    if number in chat.pinned:
        chat.pinned.remove(number)
        world.touch(chat)
    return True


def unpin_all_chat_messages(world: World, call: Call) -> bool:
    """Unpin everything in a chat."""
    chat = world.chat(call.params.get("chat_id"))
    chat.pinned.clear()
    world.touch(chat)
    return True


def set_message_reaction(world: World, call: Call) -> bool:
    """Set the bot's reaction to a message: one emoji, or none."""
    chat = world.chat(call.params.get("chat_id"))
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to react not found")
    reactions = call.structured("reaction", "reaction") or []
    if not isinstance(reactions, list) or any(not isinstance(one, dict) or "type" not in one for one in reactions):
        raise bad_request("can't parse reaction types JSON object")
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    if any(one["type"] != "emoji" or one.get("emoji") not in REACTIONS for one in reactions):
        raise bad_request("REACTION_INVALID")
    message.reactions = reactions
    world.touch(chat)
    return True
