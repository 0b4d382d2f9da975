"""Signed links: for one thing, for a time; each purpose has its own key, and none opens what another one does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar

from itsdangerous import BadData, BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from core.billing import LINK_LIVES

PURPOSE = "pay-link"
LIFETIME = timedelta(days=40)
CARD_PURPOSE = "card-link"


class LinkInvalid(Exception):
    """The token is forged, damaged, for something else, or too old (`expired`)."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__("expired" if expired else "invalid")
        self.expired = expired


class SignedLinks:
    """Makes and reads the links of a purpose; the newest key signs, all are accepted, so that keys can be rotated."""

    purpose: ClassVar[str]
    path: ClassVar[str]
    lifetime: ClassVar[timedelta]

    def __init__(self, public_url: str, keys: Sequence[bytes]) -> None:
        self._public_url = public_url
        # itsdangerous takes the last key to sign
        self._serializer = URLSafeSerializer(
            list(keys), salt=self.purpose, signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
        )

    def token(self, row_id: int, now: datetime) -> str:
        """Return the token of a row, valid for the purpose's lifetime from `now`."""
        token = self._serializer.dumps([row_id, int((now + self.lifetime).timestamp())])
        return token if isinstance(token, str) else token.decode()

    def url(self, row_id: int, now: datetime) -> str:
        """Return the address of the page of a row."""
        return f"{self._public_url}/{self.path}/{self.token(row_id, now)}"

    def read(self, token: str, now: datetime) -> int:
        """Return the row's id; LinkInvalid when the token is not ours or is over."""
        try:
            content = self._serializer.loads(token)
            signature = token.rpartition(".")[2]
            # Base64's last character has spare bits: another spelling of the right signature is not the link we made.
            if base64_encode(base64_decode(signature)).decode() != signature:
                raise BadSignature("not canonical")
        except (BadData, UnicodeError):
            raise LinkInvalid from None
        match content:
            case [int(row_id), int(until)]:
                if now.timestamp() >= until:
                    raise LinkInvalid(expired=True)
                return row_id
        raise LinkInvalid


class PayLinks(SignedLinks):
    """Links with which a bill is seen and paid."""

    purpose, path, lifetime = PURPOSE, "pay", LIFETIME


class CardLinks(SignedLinks):
    """Links with which a person puts a card on file for automatic payment."""

    purpose, path, lifetime = CARD_PURPOSE, "card", LINK_LIVES
