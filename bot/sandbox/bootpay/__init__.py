"""A Bootpay stand-in: it speaks the real HTTP, keeps state, refuses what Bootpay refuses and fails on request."""

from bot.sandbox.bootpay.server import BootpayStandIn

__all__ = ["BootpayStandIn"]
