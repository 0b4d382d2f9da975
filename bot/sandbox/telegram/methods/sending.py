"""Methods that put a message into a chat."""

from __future__ import annotations

from typing import Any

from ..calls import Call
from ..files import StoredFile
from ..keyboards import Markup, read_markup
from ..refusals import Json, bad_request
from ..texts import MAX_CAPTION, MAX_TEXT, formatted
from ..world import Chat, Message, World

ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def send_message(world: World, call: Call) -> Json:
    """Send a text."""
    text, entities = message_text(call)
    message = _new_message(world, call, text, entities)
    preview = call.structured("link_preview_options", "link preview options")
    if preview and any(entity["type"] in ("url", "text_link") for entity in entities):
        message.options["link_preview_options"] = preview
    return _put(world, call, message)


def send_photo(world: World, call: Call) -> Json:
    """Send a picture, uploaded or known by its id."""
    photo = file_of(world, call, "photo")
    message = _new_message(world, call, *message_caption(call))
    message.photo = photo
    if call.flag("has_spoiler"):
        message.options["has_media_spoiler"] = True
    if call.flag("show_caption_above_media") and message.text:
        message.options["show_caption_above_media"] = True
    return _put(world, call, message)


def send_document(world: World, call: Call) -> Json:
    """Send a file, uploaded or known by its id."""
    document = file_of(world, call, "document")
    message = _new_message(world, call, *message_caption(call))
    message.document = document
    return _put(world, call, message)


def copy_message(world: World, call: Call) -> Json:
    """Send the content of another message without a trace of its origin and without its keyboard."""
    caption = message_caption(call) if "caption" in call.params else None
    source = world.chat(call.params.get("from_chat_id")).messages.get(call.integer("message_id"))
    if source is None:
        raise bad_request("message to copy not found")
    if source.pinned_message is not None or source.options.get("has_protected_content"):
        raise bad_request("message can't be copied")
    message = _new_message(world, call, source.text, list(source.entities))
    message.photo, message.document = source.photo, source.document
    if caption is not None and source.has_media:
        message.text, message.entities = caption
    return {"message_id": _put(world, call, message)["message_id"]}


def send_chat_action(world: World, call: Call) -> bool:
    """Show that the bot is busy."""
    if call.text("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.writable_chat(call.params.get("chat_id"))
    return True


def message_text(call: Call) -> tuple[str, list[Json]]:
    """Return the parsed text; raises Refusal when it is empty, too long or malformed."""
    entities = call.structured("entities", "entities")
    text, spans = formatted(call.text("text"), call.text("parse_mode"), entities, limit=MAX_TEXT)
    if not text:
        raise bad_request("message text is empty")
    return text, spans


def message_caption(call: Call) -> tuple[str, list[Json]]:
    """Return the parsed caption, which may be empty; raises Refusal."""
    entities = call.structured("caption_entities", "caption entities")
    return formatted(call.text("caption"), call.text("parse_mode"), entities, limit=MAX_CAPTION)


def file_of(world: World, call: Call, kind: str, value: Any = None) -> StoredFile:
    """Return the file of a parameter, stored if it was uploaded; raises Refusal."""
    named = call.text(kind) if value is None else str(value)
    upload = call.uploads.get(named.removeprefix("attach://") if named.startswith("attach://") else kind)
    if upload is not None and (not named or named.startswith("attach://")):
        if kind == "photo":
            return world.files.add_photo(upload.data)
        return world.files.add_document(upload.name, upload.content_type, upload.data)
    if not named:
        raise bad_request(f"there is no {kind} in the request")
    known = world.files.by_id(named)
    if known is None:
        # Addresses are never fetched here: the stand-in works without a network.
        raise bad_request("wrong file identifier/HTTP URL specified")
    if known.is_photo != (kind == "photo"):
        was, wanted = ("Photo", "Document") if known.is_photo else ("Document", "Photo")
        raise bad_request(f"can't use file of type {was} as {wanted}")
    return known


def _new_message(world: World, call: Call, text: str, entities: list[Json]) -> Message:
    chat = world.writable_chat(call.params.get("chat_id"))
    message = Message(
        message_id=0,
        chat_id=chat.id,
        sender_id=world.bot_id,
        date=world.timestamp(),
        text=text,
        entities=entities,
        reply_to=_replied_to(chat, call),
    )
    if call.flag("protect_content"):
        message.options["has_protected_content"] = True
    return message


def _replied_to(chat: Chat, call: Call) -> int | None:
    parameters = call.structured("reply_parameters", "reply parameters")
    if parameters is None:
        return None
    if not isinstance(parameters, dict) or not isinstance(parameters.get("message_id"), int):
        raise bad_request("can't parse reply parameters: Can't find field \"message_id\"")
    if parameters["message_id"] in chat.messages:
        return int(parameters["message_id"])
    if not parameters.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return None


def _put(world: World, call: Call, message: Message) -> Json:
    markup = read_markup(call.structured("reply_markup", "reply keyboard markup"))
    chat = world.chats[message.chat_id]
    message.message_id = world.take_message_id()
    message.inline_keyboard, message.had_input_markup = markup.inline, markup.changes_input
    chat.messages[message.message_id] = message
    _change_input(chat, markup)
    world.touch(chat)
    return world.message_json(message)


def _change_input(chat: Chat, markup: Markup) -> None:
    if markup.remove:
        chat.reply_keyboard, chat.placeholder = None, None
    elif markup.reply is not None:
        chat.reply_keyboard, chat.one_time, chat.placeholder = markup.reply, markup.one_time, markup.placeholder
    elif markup.force_reply:
        chat.placeholder = markup.placeholder
