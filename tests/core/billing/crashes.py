"""Ends a use case at any chosen boundary: before, inside and after each transaction, before and after each call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay import BillingKey, Receipt
from core.billing import Provider
from core.db import Database

Answer = TypeVar("Answer")


class Killed(BaseException):
    """The process ends here."""


class Fuse:
    """Lets `boundaries` boundaries pass and kills at the next one."""

    def __init__(self, boundaries: int) -> None:
        self.left = boundaries
        self.passed: list[str] = []

    def burn(self, where: str) -> None:
        """Pass a boundary, or die at it."""
        if self.left == 0:
            raise Killed(where)
        self.left -= 1
        self.passed.append(where)


class MortalDatabase:
    """A database whose user may die around and inside each transaction."""

    def __init__(self, db: Database, fuse: Fuse) -> None:
        self._db = db
        self._fuse = fuse
        self.read = db.read

    async def transact(self, work: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        async def until_killed(session: AsyncSession) -> Any:
            result = await work(session, *args, **kwargs)
            await session.flush()
            self._fuse.burn(f"before the commit of {work.__name__}")
            return result

        result = await self._db.transact(until_killed)
        self._fuse.burn(f"after the commit of {work.__name__}")
        return result


class MortalProvider:
    """A provider whose caller may die before and after each call."""

    def __init__(self, bootpay: Provider, fuse: Fuse) -> None:
        self._bootpay = bootpay
        self._fuse = fuse

    async def receipt(self, receipt_id: str) -> Receipt:
        return await self._call("receipt", self._bootpay.receipt(receipt_id))

    async def receipts_of_order(self, order_id: str) -> list[Receipt]:
        return await self._call("receipts_of_order", self._bootpay.receipts_of_order(order_id))

    async def confirm(self, receipt_id: str) -> Receipt:
        return await self._call("confirm", self._bootpay.confirm(receipt_id))

    async def cancel(self, receipt_id: str, *, cancel_id: str, amount_won: int | None, by: str, reason: str) -> Receipt:
        call = self._bootpay.cancel(receipt_id, cancel_id=cancel_id, amount_won=amount_won, by=by, reason=reason)
        return await self._call("cancel", call)

    async def billing_key(self, receipt_id: str) -> BillingKey:
        return await self._call("billing_key", self._bootpay.billing_key(receipt_id))

    async def pay_with_key(self, key: str, *, order_id: str, order_name: str, amount_won: int) -> Receipt:
        call = self._bootpay.pay_with_key(key, order_id=order_id, order_name=order_name, amount_won=amount_won)
        return await self._call("pay_with_key", call)

    async def delete_key(self, key: str) -> None:
        await self._call("delete_key", self._bootpay.delete_key(key))

    async def _call(self, name: str, call: Awaitable[Answer]) -> Answer:
        try:
            return await call
        finally:
            self._fuse.burn(f"after {name}")


async def killed_at(
    fuse: Fuse, use_case: Callable[[Database, Provider], Awaitable[Any]], db: Database, bootpay: Provider
) -> str:
    """Run a use case until the fuse kills it; return where, or "" when it came to its end."""
    try:
        await use_case(cast(Database, MortalDatabase(db, fuse)), MortalProvider(bootpay, fuse))
    except Killed as killed:
        return str(killed)
    return ""
