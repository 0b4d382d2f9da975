"""People at their phones, for chats that read like one: `await host.says("/newparty")`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

Json = dict[str, Any]
Button = tuple[Json, Json]


class Chats:
    """The people who use the bot, over the person side of the stand-in at `url`."""

    def __init__(self, url: str, *, patience: float = 15.0) -> None:
        self.url = url
        self.patience = patience
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Chats:
        self._session = aiohttp.ClientSession(self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def person(
        self, name: str, language: str = "ko", *, username: str | None = None, photo: bool = False
    ) -> Phone:
        """Give somebody a phone; nothing is pressed yet."""
        body = {"first_name": name, "language_code": language, "username": username, "photo": photo}
        return Phone(self, name, int((await self.request("POST", "/user/people", json=body))["id"]))

    async def request(self, method: str, path: str, **how: Any) -> Any:
        """Ask the stand-in; raises AssertionError with its sentence for a refusal."""
        async with self._connection.request(method, path, **how) as response:
            body = await response.json()
            _require(response.status < 400, f"{method} {path}: {response.status} {body}")
            return body

    @property
    def _connection(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("enter the chats first")
        return self._session


class Phone:
    """One person's phone; what the bot said or edited since the own last action counts as new."""

    def __init__(self, chats: Chats, name: str, person_id: int) -> None:
        self.chats = chats
        self.name = name
        self.id = person_id
        self._known: dict[int, Json] = {}
        self._toasts_seen = 0

    async def starts(self, payload: str | None = None) -> None:
        """Press Start, through a deep link if there is a payload."""
        await self._act("start", json={"payload": payload})

    async def says(self, text: str, *, reply_to: int | None = None) -> int:
        """Send a text, or press a button of the reply keyboard; return the message's id."""
        body = await self._act("messages", json={"text": text, "reply_to": reply_to})
        return int(body["message_id"])

    async def edits(self, message_id: int, text: str) -> None:
        """Change an own message."""
        await self._act("edits", json={"message_id": message_id, "text": text})

    async def sends_photo(self, data: bytes, caption: str = "") -> None:
        """Send a picture."""
        form = aiohttp.FormData()
        form.add_field("photo", data, filename="photo.png", content_type="image/png")
        form.add_field("text", caption)
        await self._act("messages", data=form)

    async def blocks(self) -> None:
        """Block the bot."""
        await self._act("block")

    async def taps(self, label: str, *, anywhere: bool = False) -> str:
        """Press the newest button with that label as soon as it is shown; return the id of the query."""
        message, button = await self._button(label, "callback_data", anywhere)
        tap = {"message_id": message["message_id"], "data": button["callback_data"]}
        return str((await self._act("taps", json=tap))["callback_query_id"])

    async def taps_twice(self, label: str, *, anywhere: bool = False) -> None:
        """Press a button a second time before the bot has answered the first."""
        message, button = await self._button(label, "callback_data", anywhere)
        tap = {"message_id": message["message_id"], "data": button["callback_data"]}
        await self._note()
        await asyncio.gather(*(self.chats.request("POST", f"/user/{self.id}/taps", json=tap) for _ in range(2)))

    async def forges(self, data: str) -> None:
        """Press a button that is not shown: an old one, a made-up one, somebody else's."""
        await self._act("forged-taps", json={"data": data})

    async def sends(self, **content: Any) -> None:
        """Send what these phones have no button for (a sticker, a contact), as the message that it becomes."""
        sender = {"id": self.id, "first_name": self.name}
        message = {"message_id": 2_000_000_000, "date": 1, "from": {**sender, "is_bot": False}, **content}
        await self._note()
        await self.chats.request(
            "POST", "/sandbox/updates", json={"message": {**message, "chat": {**sender, "type": "private"}}}
        )

    async def link(self, label: str, *, anywhere: bool = False) -> str:
        """Return the address behind the newest link button with that label, as soon as it is shown."""
        _, button = await self._button(label, "url", anywhere)
        return str(button["url"])

    async def sees(self, text: str, *, anywhere: bool = False) -> Json:
        """Wait for a message of the bot with these words in its text, caption or buttons; return it."""

        def find(chat: Json) -> Json | None:
            return next((one for one in self._counted(chat, anywhere) if text in _words(one)), None)

        found: Json = await self._wait(find, f"the words {text!r}")
        return found

    async def sees_no(self, text: str, *, anywhere: bool = False) -> None:
        """Check that no message of the bot has these words now."""
        chat = await self._chat()
        shown = [one for one in self._counted(chat, anywhere) if text in _words(one)]
        _require(not shown, f"{self.name} should not read {text!r}\n{_printed(chat)}")

    async def reads(self) -> list[Json]:
        """Return every message of the chat, oldest first."""
        messages: list[Json] = (await self._chat())["messages"]
        return messages

    async def toast(self, text: str = "") -> str:
        """Wait for a toast or alert with these words since the own last action; return all it says."""

        def find(chat: Json) -> str | None:
            return next((t["text"] for t in chat["toasts"] if t["seq"] > self._toasts_seen and text in t["text"]), None)

        found: str = await self._wait(find, f"a toast with {text!r}")
        return found

    async def _button(self, label: str, kind: str, anywhere: bool) -> Button:
        def find(chat: Json) -> Button | None:
            shown = [
                (message, button)
                for message in self._counted(chat, anywhere)
                for row in message["inline_keyboard"]
                for button in row
                if kind in button and label in button["text"]
            ]
            exact = (pair for pair in shown if pair[1]["text"] == label)
            return next(exact, shown[0] if shown else None)

        found: Button = await self._wait(find, f"a button {label!r}")
        return found

    async def _wait(self, find: Callable[[Json], Any], what: str) -> Any:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.chats.patience
        chat = await self._chat()
        while (found := find(chat)) is None:
            left = deadline - loop.time()
            _require(left > 0, f"{self.name} waited in vain for {what}\n{_printed(chat)}")
            chat = await self._chat(after=chat["seq"], wait=min(left, 5.0))
        return found

    async def _act(self, path: str, **how: Any) -> Json:
        await self._note()
        result: Json = await self.chats.request("POST", f"/user/{self.id}/{path}", **how)
        return result

    async def _note(self) -> None:
        """Note what is known before an act: an answer may be there before the act's own reply."""
        before = await self._chat()
        self._known = {message["message_id"]: message for message in before["messages"]}
        self._toasts_seen = before["seq"]

    def _counted(self, chat: Json, anywhere: bool) -> list[Json]:
        """Return the bot's messages that count, newest first; an edited one counts as new."""
        newest_first = [message for message in reversed(chat["messages"]) if message["from_bot"]]
        return [one for one in newest_first if anywhere or not _same(one, self._known.get(one["message_id"]))]

    async def _chat(self, **query: float) -> Json:
        chat: Json = await self.chats.request("GET", f"/user/{self.id}/chat", params=query)
        return chat


def _require(holds: bool, otherwise: str) -> None:
    # Not the statement of that name: the demo's check must fail under every optimisation.
    if not holds:
        raise AssertionError(otherwise)


def _same(message: Json, before: Json | None) -> bool:
    content = ("html", "inline_keyboard", "photo_url", "document_url")
    return before is not None and all(message.get(name) == before.get(name) for name in content)


def _words(message: Json) -> str:
    labels = [button["text"] for row in message["inline_keyboard"] for button in row]
    return "\n".join([message["text"], message["caption"], *labels])


def _printed(chat: Json) -> str:
    lines = []
    for message in chat["messages"]:
        extras = [name for name in ("photo_url", "document_url", "pinned") if message.get(name)]
        lines.append(f"{'<' if message['from_bot'] else '>'} {message['text'] or message['caption']} {extras or ''}")
        lines += ["    " + " ".join(f"[{button['text']}]" for button in row) for row in message["inline_keyboard"]]
    lines += [f"* {toast['text']}" for toast in chat["toasts"]]
    return "\n".join(lines)
