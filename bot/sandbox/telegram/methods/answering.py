"""Methods about taps, files and chats as such."""

from __future__ import annotations

from ..calls import Call
from ..files import MAX_DOWNLOAD_BYTES
from ..refusals import Json, bad_request
from ..texts import units
from ..world import Toast, World

MAX_ANSWER = 200
KEPT_TOASTS = 50


def get_me(world: World, call: Call) -> Json:
    """Return the bot with its abilities."""
    abilities = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")
    more = ("can_connect_to_business", "has_main_web_app", "has_topics_enabled", "allows_users_to_create_topics")
    return world.bot_user() | {name: name == "can_join_groups" for name in (*abilities, *more)}


def answer_callback_query(world: World, call: Call) -> bool:
    """Answer a tap once, in time: the button stops waiting and the person reads a toast or an alert."""
    text, url = call.text("text"), call.text("url")
    if units(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    tap = world.live_tap(call.text("callback_query_id"))
    if tap is None:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if url and not url.startswith(f"https://t.me/{world.username}?start="):
        raise bad_request("URL_INVALID")
    tap.answered = True
    chat = world.chats[tap.chat_id]
    world.touch(chat)
    if text or url:
        chat.toasts.append(Toast(chat.seq, text, call.flag("show_alert"), tap.id, url or None))
        del chat.toasts[:-KEPT_TOASTS]
    return True


def get_file(world: World, call: Call) -> Json:
    """Return where a file can be fetched."""
    file = world.files.by_id(call.text("file_id"))
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(file.data) > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.data),
        "file_path": file.path,
    }


def get_user_profile_photos(world: World, call: Call) -> Json:
    """Return a person's profile photos, newest first."""
    person = world.people.get(call.integer("user_id"))
    if person is None or not world.chats[person.id].started:
        raise bad_request("user not found")
    offset = max(call.integer("offset"), 0)
    limit = min(call.integer("limit", 100) or 100, 100)
    photos = [[photo.photo_size()] for photo in reversed(person.photos)]
    return {"total_count": len(photos), "photos": photos[offset : offset + limit]}


def get_chat(world: World, call: Call) -> Json:
    """Return all there is to know of a chat."""
    chat = world.chat(call.params.get("chat_id"))
    if not chat.started:
        raise bad_request("chat not found")
    body = world.chat_json(chat) | {
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
        ),
    }
    person = world.people[chat.id]
    if person.username:
        body["active_usernames"] = [person.username]
    if person.photos:
        newest = person.photos[-1]
        body["photo"] = {
            f"{size}_{name}": value
            for size in ("small", "big")
            for name, value in (("file_id", newest.file_id), ("file_unique_id", newest.unique_id))
        }
    if chat.pinned:
        body["pinned_message"] = world.message_json(chat.messages[chat.pinned[-1]], with_reply=False)
    return body
