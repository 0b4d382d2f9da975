"""The bot's door: `/bot<token>/<method>` and `/file/bot<token>/<path>`, with the faults that were ordered."""

from __future__ import annotations

import inspect

from aiohttp import web

from .calls import Call, read_call
from .faults import Fault, Faults
from .methods import method_table
from .refusals import Json, Refusal, too_many_requests
from .world import World

BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)
LOOK_EVERY_SECONDS = 0.1


class BotSide:
    """Answers the bot's requests and records each one."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._methods = {name.lower(): (name, method) for name, method in method_table().items()}

    def add_routes(self, app: web.Application) -> None:
        """Serve the Bot API and its files."""
        app.router.add_route("*", "/bot{token:[^/]+}/{method}", self.answer)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self.download)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        if request.match_info["token"] != self._world.token:
            return _reply(Refusal(401, "Unauthorized").body())
        method = request.match_info["method"]
        fault = self._faults.take(method)
        try:
            call = await read_call(method, request)
        except Refusal as refusal:
            return _reply(self._record(Call(method), refusal.body()))
        if fault and not fault.lets_it_happen:
            return await self._fail_before(request, call, fault)
        body = await self.execute(call, fault)
        if fault is None:
            return _reply(body)
        if fault.kind == "timeout_after":
            return await self._keep_silent(request)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def execute(self, call: Call, fault: Fault | None = None) -> Json:
        """Carry out a call and record it; a fault swallows the recorded reply but not the effect."""
        name, method = self._methods.get(call.method.lower(), (call.method, None))
        call = Call(name, call.params, call.uploads)
        try:
            if method is None:
                raise Refusal(404, "Not Found: method not found")
            result = method(self._world, call)
            if inspect.isawaitable(result):
                result = await result
            body: Json = {"ok": True, "result": result}
        except Refusal as refusal:
            body = refusal.body()
        return self._record(call, body, fault)

    async def _fail_before(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse:
        if fault.kind == "429":
            return _reply(self._record(call, too_many_requests(fault.retry_after).body(), fault))
        if fault.kind == "500":
            return _reply(self._record(call, Refusal(500, "Internal Server Error").body(), fault))
        self._record(call, {"error_code": 502} if fault.kind == "502_html" else {}, fault)
        if fault.kind == "502_html":
            return web.Response(status=502, text=BAD_GATEWAY, content_type="text/html")
        return await self._keep_silent(request)

    async def _keep_silent(self, request: web.Request) -> web.StreamResponse:
        """Say nothing until the client gives up or the stand-in closes."""
        while request.transport is not None and not self._world.bell.closed:
            await self._world.bell.until(lambda: request.transport is None, LOOK_EVERY_SECONDS)
        return web.Response(status=504)

    def _record(self, call: Call, body: Json, fault: Fault | None = None) -> Json:
        files = {
            name: {"file_name": file.name, "content_type": file.content_type, "size": len(file.data)}
            for name, file in call.uploads.items()
        }
        attached = {name: f"attach://{name}" for name in call.uploads if name not in call.params}
        self._world.log.write(
            "request",
            method=call.method,
            params={**call.params, **_direct(attached)},
            files=files,
            status=200 if body.get("ok") else body.get("error_code"),
            reply=None if fault and fault.kind not in ("429", "500") else body,
            fault=fault.kind if fault else None,
        )
        return body

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Serve a file under the path that getFile gave."""
        if request.match_info["token"] != self._world.token:
            return _reply(Refusal(401, "Unauthorized").body())
        file = self._world.files.by_path(request.match_info["path"])
        if file is None:
            return _reply(Refusal(404, "Not Found").body())
        return web.Response(body=file.data, content_type="application/octet-stream")


def _direct(attached: Json) -> Json:
    """Keep the uploads that are parameters themselves; the others are named by `attach://` inside a parameter."""
    return {
        name: value for name, value in attached.items() if name in ("photo", "document", "thumbnail", "certificate")
    }


def _reply(body: Json) -> web.Response:
    retry_after = body.get("parameters", {}).get("retry_after")
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return web.json_response(body, status=200 if body["ok"] else body["error_code"], headers=headers)
