"""Methods about the bot itself: its commands by scope and language, its name and descriptions, its menu button."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..calls import Call
from ..refusals import Json, bad_request
from ..world import BotProfile, World

MAX_COMMANDS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_WHOLE_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_TEXTS = {"name": ("name", 64), "description": ("description", 512), "short_description": ("short_description", 120)}


def set_my_commands(world: World, call: Call) -> bool:
    """Offer commands to a scope, in one language or to everybody else."""
    commands = call.structured("commands", "commands")
    if not isinstance(commands, list) or not all(isinstance(one, dict) for one in commands):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    cleaned = [_command(one) for one in commands]
    if len({one["command"] for one in cleaned}) < len(cleaned):
        raise bad_request("BOT_COMMAND_DUPLICATE")
    place = (_scope(world, call), _language(call))
    world.profile.commands.pop(place, None)
    if cleaned:
        world.profile.commands[place] = cleaned
    _show(world)
    return True


def get_my_commands(world: World, call: Call) -> list[Json]:
    """Return exactly what was set for this scope and language."""
    return world.profile.commands.get((_scope(world, call), _language(call)), [])


def delete_my_commands(world: World, call: Call) -> bool:
    """Forget what was set for this scope and language."""
    world.profile.commands.pop((_scope(world, call), _language(call)), None)
    _show(world)
    return True


def commands_for(profile: BotProfile, chat_id: int, language: str | None) -> list[Json]:
    """Return the menu a person sees: the narrowest scope wins, and in it the person's own language."""
    for scope in (f"chat:{chat_id}", "all_private_chats", "default"):
        for spoken in ((language or "")[:2], ""):
            if found := profile.commands.get((scope, spoken)):
                return found
    return []


def _command(one: Json) -> Json:
    command, description = str(one.get("command", "")).lstrip("/").lower(), str(one.get("description", "")).strip()
    if not _COMMAND.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command, "description": description}


def _scope(world: World, call: Call) -> str:
    scope = call.structured("scope", "bot command scope") or {"type": "default"}
    kind = scope.get("type") if isinstance(scope, dict) else None
    if kind in _WHOLE_SCOPES:
        return str(kind)
    if kind == "chat":
        return f"chat:{world.chat(scope.get('chat_id')).id}"
    if kind in ("chat_administrators", "chat_member"):
        raise bad_request("chat not found")
    raise bad_request("Can't parse BotCommandScope: unsupported type specified")


def _language(call: Call) -> str:
    language = call.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    return language


def _show(world: World) -> None:
    for chat in world.chats.values():
        world.touch(chat)


def text_setter(kind: str) -> Callable[[World, Call], bool]:
    """Make the method that sets the bot's name, description or short description."""
    name, limit = _TEXTS[kind]

    def set_text(world: World, call: Call) -> bool:
        text = call.text(name).strip()
        if len(text) > limit:
            raise bad_request(f"bot {name.replace('_', ' ')} is too long")
        place = (name, _language(call))
        world.profile.texts.pop(place, None)
        if text:
            world.profile.texts[place] = text
        return True

    return set_text


def text_getter(kind: str) -> Callable[[World, Call], Json]:
    """Make the method that returns the bot's name, description or short description."""
    name, _ = _TEXTS[kind]

    def get_text(world: World, call: Call) -> Json:
        texts = world.profile.texts
        fallback = "TWO" if name == "name" else ""
        return {name: texts.get((name, _language(call)), texts.get((name, ""), fallback))}

    return get_text


def set_chat_menu_button(world: World, call: Call) -> bool:
    """Set what the button beside the input line does, in one chat or by default."""
    button = call.structured("menu_button", "menu button") or {"type": "default"}
    kind = button.get("type") if isinstance(button, dict) else None
    if kind not in ("commands", "default", "web_app"):
        raise bad_request("Can't parse menu button: Unsupported type specified")
    if kind == "web_app" and not str((button.get("web_app") or {}).get("url", "")).startswith("https://"):
        raise bad_request("menu button Web App URL is invalid: Only HTTPS links are allowed")
    world.profile.menu_buttons[_menu_chat(world, call)] = button
    return True


def get_chat_menu_button(world: World, call: Call) -> Json:
    """Return the menu button of a chat, or the default one."""
    buttons = world.profile.menu_buttons
    return buttons.get(_menu_chat(world, call)) or buttons.get(None) or {"type": "default"}


def _menu_chat(world: World, call: Call) -> int | None:
    return world.chat(call.params["chat_id"]).id if call.params.get("chat_id") else None
