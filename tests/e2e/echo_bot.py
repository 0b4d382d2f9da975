"""A tiny bot of the tests' own: it answers with every kind of button, over long polling."""

import asyncio
import contextlib
from typing import Any

import aiohttp

Json = dict[str, Any]


class EchoBot:
    """Answers whoever writes; `may_answer` holds back the answers to taps on "기다리기"."""

    def __init__(self, api: str, *, username: str, page_url: str) -> None:
        self._api = api
        self._invitation = f"https://t.me/{username}?start=p_8fK2xQ"
        self._page_url = page_url
        self._task: asyncio.Task[None] | None = None
        self.may_answer = asyncio.Event()

    async def __aenter__(self) -> "EchoBot":
        self._session = aiohttp.ClientSession()
        await self.call("setMyCommands", commands=[{"command": "newparty", "description": "파티 만들기"}])
        self._task = asyncio.create_task(self._poll())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._session.close()

    async def call(self, method: str, **parameters: Any) -> Any:
        """Call a Bot API method and return its result."""
        async with self._session.post(f"{self._api}/{method}", json=parameters) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]

    async def _poll(self) -> None:
        offset = 0
        async with asyncio.TaskGroup() as answers:
            while True:
                for update in await self.call("getUpdates", offset=offset, timeout=20):
                    offset = update["update_id"] + 1
                    answers.create_task(self._answer(update))

    async def _answer(self, update: Json) -> None:
        if tap := update.get("callback_query"):
            await self._answer_tap(tap)
            return
        if not (message := update.get("message")):
            return
        chat, text = message["chat"]["id"], message.get("text", "")
        if text == "/start":
            await self._greet(chat)
        elif text.startswith("/start "):
            await self.say(chat, f"초대를 받았어요: <code>{text.split()[1]}</code>")
        elif message.get("photo"):
            await self.say(chat, "사진 잘 받았어요")
        elif text:
            keyboard = {"keyboard": [[{"text": "내 파티"}, {"text": "추천 받기"}]], "resize_keyboard": True}
            await self.say(chat, f"<b>{text}</b>라고 했어요. /newparty 도 해 보세요.", reply_markup=keyboard)

    async def say(self, chat: int, html: str, **more: Any) -> Json:
        """Send a message."""
        result: Json = await self.call("sendMessage", chat_id=chat, text=html, parse_mode="HTML", **more)
        return result

    async def _greet(self, chat: int) -> None:
        rows = [
            [{"text": "한 줄 답", "callback_data": "toast"}, {"text": "알림 답", "callback_data": "alert"}],
            [{"text": "고쳐 쓰기", "callback_data": "edit"}, {"text": "기다리기", "callback_data": "wait"}],
            [{"text": "초대하기", "url": self._invitation}],
            [
                {"text": "결제하기", "url": self._page_url},
                {"text": "계좌 복사", "copy_text": {"text": "110-123-456789"}},
            ],
        ]
        greeting = await self.say(
            chat, "안녕하세요! <b>TWO</b>예요.\n무엇을 볼까요?", reply_markup={"inline_keyboard": rows}
        )
        await self.call("pinChatMessage", chat_id=chat, message_id=greeting["message_id"])

    async def _answer_tap(self, tap: Json) -> None:
        data, message = tap["data"], tap["message"]
        if data == "wait":
            await self.may_answer.wait()
        if data == "edit":
            where = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
            await self.call("editMessageText", **where, text="고쳐 쓴 글이에요")
        answer = {"toast": "한 줄로 답했어요", "alert": "꼭 읽어 주세요"}.get(data)
        more = {"text": answer} if answer else {}
        await self.call("answerCallbackQuery", callback_query_id=tap["id"], show_alert=data == "alert", **more)
