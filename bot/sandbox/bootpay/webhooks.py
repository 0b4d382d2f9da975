"""Sends notices as Bootpay does: 5 s for an answer, HTTP 200 with {"success": true} or it comes again, ten times."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.sandbox.bootpay.faults import Faults
from bot.sandbox.bootpay.receipts import Receipt

RETRIES = 10
ANSWER_WITHIN_S = 5.0
LONGEST_PAUSE_S = 600.0


@dataclass
class Notice:
    """One webhook: what it says is fixed when it happens; `answers` is what the shop replied, try by try."""

    webhook_type: str
    order_id: str
    body: dict[str, Any]
    url: str | None
    form: bool
    delay_s: float
    state: str = "waiting"
    answers: list[str] = field(default_factory=list)


class WebhookSender:
    """Delivers notices in the background; `retry_scale` stretches every pause (0 means at once)."""

    def __init__(
        self,
        faults: Faults,
        describe: Callable[[Receipt], dict[str, Any]],
        *,
        url: str | None,
        retry_scale: float,
    ) -> None:
        self.url = url
        self.answer_within_s = ANSWER_WITHIN_S
        self.log: list[Notice] = []
        self._faults = faults
        self._describe = describe
        self._retry_scale = retry_scale
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Notice] = []
        self._overtaken: dict[str, list[Notice]] = {}
        self._session: aiohttp.ClientSession | None = None

    def announce(self, receipt: Receipt, webhook_type: str) -> None:
        """Write a notice of this receipt as it is now and see to it that it goes out, faults permitting."""
        order_id = receipt.order_id
        notice = Notice(
            webhook_type,
            order_id,
            {**self._describe(receipt), "webhook_type": webhook_type},
            receipt.feedback_url or self.url,
            receipt.feedback_form or self._faults.take("webhook_form", order_id) is not None,
            receipt.wish.webhook_delay_s * self._retry_scale,
        )
        self.log.append(notice)
        if notice.url is None:
            notice.state = "no address"
        elif self._faults.take("webhook_lost", order_id):
            notice.state = "lost"
        elif self._faults.take("webhook_out_of_order", order_id):
            self._overtaken.setdefault(order_id, []).append(notice)
        elif late := self._faults.take("webhook_delayed", order_id):
            if late.value is None:
                self._held.append(notice)
            else:
                notice.delay_s = late.value * self._retry_scale
                self._launch([notice])
        else:
            copies = self._faults.take("webhook_duplicate", order_id)
            for _ in range(int(copies.value or 2) if copies else 1):
                self._launch([notice, *self._overtaken.pop(order_id, [])])

    def release(self) -> int:
        """Send every notice that was held back or is still waiting to be overtaken; return how many."""
        notices = [*self._held, *(notice for kept in self._overtaken.values() for notice in kept)]
        self._held.clear()
        self._overtaken.clear()
        for notice in notices:
            self._launch([notice])
        return len(notices)

    async def forge(self, body: Mapping[str, Any], *, form: bool = False) -> tuple[int, str]:
        """Send any body to the shop once, as a stranger could; return the shop's answer."""
        if self.url is None:
            raise ValueError("there is no webhook address to forge a notice for")
        return await self._post(self.url, body, form)

    async def idle(self) -> None:
        """Return when every notice under way is delivered or given up."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Stop sending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _launch(self, notices: Sequence[Notice]) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver_in_turn(notices))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_in_turn(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            await asyncio.sleep(notice.delay_s)
            await self._deliver(notice)

    async def _deliver(self, notice: Notice) -> None:
        assert notice.url is not None  # noqa: S101 - announce launches none without
        for attempt in range(1 + RETRIES):
            if attempt:
                await asyncio.sleep(min(2.0**attempt, LONGEST_PAUSE_S) * self._retry_scale)
            try:
                status, text = await self._post(notice.url, notice.body, notice.form)
            except (aiohttp.ClientError, OSError) as error:
                notice.answers.append(type(error).__name__)
                continue
            notice.answers.append(f"{status} {text[:200]}")
            if status == 200 and _says_success(text):
                notice.state = "delivered"
                return
        notice.state = "given up"

    async def _post(self, url: str, body: Mapping[str, Any], form: bool) -> tuple[int, str]:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        data: dict[str, Any] = {"data": dict(as_form(body))} if form else {"json": body}
        timeout = aiohttp.ClientTimeout(total=self.answer_within_s)
        async with self._session.post(url, allow_redirects=False, timeout=timeout, **data) as response:
            return response.status, await response.text(errors="replace")


def as_form(value: object, name: str = "") -> list[tuple[str, str]]:
    """Return a JSON value as form fields, nested names in square brackets."""
    if isinstance(value, Mapping):
        return [pair for key, each in value.items() for pair in as_form(each, f"{name}[{key}]" if name else str(key))]
    if isinstance(value, list):
        return [pair for each in value for pair in as_form(each, f"{name}[]")]
    if value is None:
        return [(name, "")]
    return [(name, str(value).lower() if isinstance(value, bool) else str(value))]


def _says_success(text: str) -> bool:
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("success") is True
