"""Every table of the business, gathered for migrations and the audit."""

from core import acts, leases, outbox
from core.billing import tables as billing
from core.catalogue import tables as catalogue
from core.db import Base
from core.parties import tables as parties
from core.people import tables as people
from core.rooms import tables as rooms
from core.titles import tables as titles

METADATA = Base.metadata

__all__ = ["METADATA", "acts", "billing", "catalogue", "leases", "outbox", "parties", "people", "rooms", "titles"]
