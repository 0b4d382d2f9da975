"""Everything that can go wrong by the rules of the business, one noun each; the edges word them once."""

from __future__ import annotations


class BusinessError(Exception):
    """A rule said no; the person gets a sentence, and the rows of the use case are rolled back."""

    def __init__(self, **facts: object) -> None:
        super().__init__(type(self).__name__, facts)
        self.facts = facts


class ConsentMissing(BusinessError):
    """The person has not agreed to the terms, or is not old enough for this."""


class TooYoung(BusinessError):
    """`needed` is the age that hosting or paying takes."""


class NotFound(BusinessError):
    """`what` (party, bill, title ...) does not exist, or this person may not see it."""


class NotYours(BusinessError):
    """The button or command belongs to somebody else."""


class Outdated(BusinessError):
    """The tap came from a message that shows an old state; the edge draws the present one."""


class InvalidInput(BusinessError):
    """`field` was filled in a way that the `rule` refuses."""


class PlanNotShareable(BusinessError):
    """The service does not allow this plan to be shared."""


class AlreadyOpened(BusinessError):
    """This very button has opened its party already."""


class PartyFull(BusinessError):
    """Every seat of the party is taken or held."""


class PartyClosed(BusinessError):
    """The party takes nobody (any more): cancelled, ending or ended."""


class AlreadyMember(BusinessError):
    """The person sits in this party already."""


class NotMember(BusinessError):
    """The person does not sit in this party."""


class Suspended(BusinessError):
    """The person's stay is suspended until its bill is paid."""


class BillNotOpen(BusinessError):
    """The bill is paid, void or refunded: there is nothing to pay."""


class BillBusy(BusinessError):
    """Another payment of this bill is being approved at this moment."""


class ProviderError(Exception):
    """Something outside answered in a way that we cannot use."""


class ProviderUnclear(ProviderError):
    """No answer, or one that does not tell whether the effect happened: ask again, never assume."""


class ProviderRefused(ProviderError):
    """The provider said no for good; `code` is its own word."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
