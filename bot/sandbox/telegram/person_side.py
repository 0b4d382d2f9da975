"""The people's door: JSON over HTTP for the phones of tests and of the demo page."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from . import phone
from .files import draw_portrait
from .phone import NotPossible
from .refusals import Json, Refusal
from .world import Chat, Person, World

MAX_WAIT_SECONDS = 60
HEARTBEAT_SECONDS = 15
_SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PersonSide:
    """Lets people act and look; never says anything to the bot but through updates."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, app: web.Application) -> None:
        """Serve the phones."""
        person = "/user/{uid:[0-9]+}"
        app.router.add_get("/user/people", self.people)
        app.router.add_post("/user/people", _in_words(self.add_person))
        app.router.add_post(f"{person}/start", _in_words(self.start))
        app.router.add_post(f"{person}/messages", _in_words(self.say))
        app.router.add_post(f"{person}/edits", _in_words(self.edit))
        app.router.add_post(f"{person}/taps", _in_words(self.tap))
        app.router.add_post(f"{person}/forged-taps", _in_words(self.forge_tap))
        app.router.add_post(f"{person}/block", _in_words(self.block))
        app.router.add_post(f"{person}/unblock", _in_words(self.unblock))
        app.router.add_get(f"{person}/chat", _in_words(self.chat))
        app.router.add_get("/user/events", self.events)
        app.router.add_get("/user/files/{unique_id}", self.file)

    def _chat(self, request: web.Request) -> Chat:
        return phone.person_chat(self._world, int(request.match_info["uid"]))

    def _user(self, person: Person) -> Json:
        shown = person.user()
        return shown | {"photo_url": phone.file_url(person.photos[-1])} if person.photos else shown

    async def people(self, request: web.Request) -> web.Response:
        return web.json_response([self._user(person) for person in self._world.people.values()])

    async def add_person(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if not str(body.get("first_name") or "").strip():
            raise NotPossible("first_name is needed")
        person = self._world.add_person(
            str(body["first_name"]),
            body.get("language_code"),
            last_name=body.get("last_name"),
            username=body.get("username"),
        )
        if body.get("photo"):
            person.photos.append(self._world.files.add_photo(draw_portrait(person.id)))
        return web.json_response(self._user(person))

    async def start(self, request: web.Request) -> web.Response:
        message = phone.press_start(self._world, self._chat(request), (await _body(request)).get("payload"))
        return web.json_response({"message_id": message.message_id})

    async def say(self, request: web.Request) -> web.Response:
        chat = self._chat(request)
        body = await _body(request)
        photo = document = None
        if isinstance(file := body.get("photo"), web.FileField):
            photo = self._world.files.add_photo(file.file.read())
        if isinstance(file := body.get("document"), web.FileField):
            document = self._world.files.add_document(file.filename, file.content_type, file.file.read())
        text = str(body.get("text") or body.get("caption") or "")
        reply_to = _number(body.get("reply_to"))
        message = phone.say(self._world, chat, text, reply_to=reply_to, photo=photo, document=document)
        return web.json_response({"message_id": message.message_id})

    async def edit(self, request: web.Request) -> web.Response:
        body = await _body(request)
        number = _number(body.get("message_id")) or 0
        message = phone.edit(self._world, self._chat(request), number, str(body.get("text") or ""))
        return web.json_response({"message_id": message.message_id})

    async def tap(self, request: web.Request) -> web.Response:
        body = await _body(request)
        result = phone.tap(
            self._world,
            self._chat(request),
            message_id=_number(body.get("message_id")),
            data=body.get("data"),
            text=body.get("text"),
        )
        return web.json_response(result)

    async def forge_tap(self, request: web.Request) -> web.Response:
        body = await _body(request)
        return web.json_response(phone.forge_tap(self._world, self._chat(request), str(body.get("data") or "")))

    async def block(self, request: web.Request) -> web.Response:
        phone.set_blocked(self._world, self._chat(request), blocked=True)
        return web.json_response({"blocked": True})

    async def unblock(self, request: web.Request) -> web.Response:
        phone.set_blocked(self._world, self._chat(request), blocked=False)
        return web.json_response({"blocked": False})

    async def chat(self, request: web.Request) -> web.Response:
        chat = self._chat(request)
        after = _number(request.query.get("after"))
        wait = min(float(request.query.get("wait") or 0), MAX_WAIT_SECONDS)
        if after is not None and wait > 0:
            await self._world.bell.until(lambda: chat.seq > after, wait)
        return web.json_response(phone.view(self._world, chat))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Tell of every change as server-sent events until the page goes away."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        world, seen = self._world, self._world.seq

        def news() -> bool:
            return world.seq > seen

        try:
            await response.write(b"retry: 1000\n\n")
            while not world.bell.closed:
                changed = await world.bell.until(news, HEARTBEAT_SECONDS)
                if not changed and not world.bell.closed:
                    await response.write(b": still here\n\n")
                chats, seen = [chat for chat in world.chats.values() if chat.seq > seen], world.seq
                for chat in chats:
                    event = json.dumps({"uid": chat.id, "seq": chat.seq})
                    await response.write(f"data: {event}\n\n".encode())
        except ConnectionError:
            pass
        return response

    async def file(self, request: web.Request) -> web.Response:
        file = self._world.files.by_unique_id(request.match_info["unique_id"])
        if file is None:
            raise web.HTTPNotFound
        inline = file.content_type in _SHOWN_INLINE
        return web.Response(
            body=file.data,
            content_type=file.content_type if inline else "application/octet-stream",
            headers={
                "X-Content-Type-Options": "nosniff",
                "Content-Disposition": "inline" if inline else "attachment",
            },
        )


def _in_words(handler: Handler) -> Handler:
    """Turn what the phone would not do into a sentence with a 4xx."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotPossible as error:
            return web.json_response({"error": str(error)}, status=404 if error.missing else 409)
        except Refusal as refusal:
            return web.json_response({"error": refusal.description}, status=400)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return answer


async def _body(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    if request.content_type.startswith(("multipart/", "application/x-www-form-urlencoded")):
        return dict(await request.post())
    body = await request.json()
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


def _number(value: Any) -> int | None:
    return None if value in (None, "") else int(value)
