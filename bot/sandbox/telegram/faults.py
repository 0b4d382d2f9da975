"""Faults on order: what the next calls of a method run into."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = frozenset({"429", "500", "502_html", "timeout_before", "timeout_after", "drop_after"})


@dataclass
class Fault:
    """One order: the next `times` calls of `method` (`*` is any but getUpdates) fail in this way."""

    method: str
    kind: str
    times: int = 1
    retry_after: int = 1

    @property
    def lets_it_happen(self) -> bool:
        """Say whether the call takes effect although its answer is lost."""
        return self.kind.endswith("_after")


class Faults:
    """The orders in force, first come first served."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Add an order; raises ValueError for an unknown kind."""
        if fault.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        if fault.times < 1:
            raise ValueError("times must be at least 1")
        self._orders.append(fault)

    def clear(self) -> None:
        self._orders.clear()

    def take(self, method: str) -> Fault | None:
        """Return the fault this call runs into, using up one of its times."""
        name = method.lower()
        for fault in self._orders:
            # A wildcard means what the bot says; a poll that happens to run would use it up at random.
            if fault.method.lower() == name or (fault.method == "*" and name != "getupdates"):
                fault.times -= 1
                if fault.times == 0:
                    self._orders.remove(fault)
                return fault
        return None
