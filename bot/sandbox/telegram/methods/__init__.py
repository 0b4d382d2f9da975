"""Every Bot API method the stand-in knows: the table of contents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..calls import Call
from ..world import World
from . import answering, editing, profile, receiving, sending

Method = Callable[[World, Call], Any | Awaitable[Any]]


def method_table() -> dict[str, Method]:
    """Return the methods by name; each table has its own long poll."""
    return {
        "getMe": answering.get_me,
        "getUpdates": receiving.Polling().get_updates,
        "setWebhook": receiving.set_webhook,
        "deleteWebhook": receiving.delete_webhook,
        "getWebhookInfo": receiving.get_webhook_info,
        "sendMessage": sending.send_message,
        "sendPhoto": sending.send_photo,
        "sendDocument": sending.send_document,
        "copyMessage": sending.copy_message,
        "sendChatAction": sending.send_chat_action,
        "editMessageText": editing.edit_message_text,
        "editMessageCaption": editing.edit_message_caption,
        "editMessageMedia": editing.edit_message_media,
        "editMessageReplyMarkup": editing.edit_message_reply_markup,
        "deleteMessage": editing.delete_message,
        "deleteMessages": editing.delete_messages,
        "pinChatMessage": editing.pin_chat_message,
        "unpinChatMessage": editing.unpin_chat_message,
        "unpinAllChatMessages": editing.unpin_all_chat_messages,
        "setMessageReaction": editing.set_message_reaction,
        "answerCallbackQuery": answering.answer_callback_query,
        "getFile": answering.get_file,
        "getUserProfilePhotos": answering.get_user_profile_photos,
        "getChat": answering.get_chat,
        "setMyCommands": profile.set_my_commands,
        "getMyCommands": profile.get_my_commands,
        "deleteMyCommands": profile.delete_my_commands,
        "setMyName": profile.text_setter("name"),
        "getMyName": profile.text_getter("name"),
        "setMyDescription": profile.text_setter("description"),
        "getMyDescription": profile.text_getter("description"),
        "setMyShortDescription": profile.text_setter("short_description"),
        "getMyShortDescription": profile.text_getter("short_description"),
        "setChatMenuButton": profile.set_chat_menu_button,
        "getChatMenuButton": profile.get_chat_menu_button,
    }
